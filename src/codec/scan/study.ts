import { TOKEN_ROOM } from "../entropy/tokens.js";
import type { PixelFormat, PixelView } from "../types.js";
import { ScanMachine } from "./machine.js";
import { CLASSES, NEIGHBOURS } from "./model.js";
import { type NormalEquations, solveWeights } from "./weights.js";

/** The kernel as training uses it: it looks at samples, first for the weights and then, with these, for the statistics. */
export class ScanStudy {
  private readonly machine: ScanMachine;

  constructor(
    private readonly format: PixelFormat,
    private readonly decorrelated: boolean,
  ) {
    this.machine = new ScanMachine(format);
  }

  /**
   * The weights with which neighbours best correct the median prediction: least squares over the inner pixels of all samples, calm
   * ones counting most. Two groups of planes, three classes, all neighbours; parts of 256.
   */
  weights(samples: readonly PixelView[]): Int16Array {
    const { kernel } = this.machine;
    const weights = new Int16Array(2 * CLASSES * NEIGHBOURS);
    this.machine.configure({ weights, unrestShift: 0, decorrelated: this.decorrelated });
    this.show(samples, 0);
    const length = 2 * CLASSES * EQUATION_NUMBERS;
    const sums = new Float64Array(kernel.memory.buffer, kernel.PRODUCTS.value, length);
    for (let fit = 0; fit < 2 * CLASSES; fit += 1) {
      const own = sums.subarray(fit * EQUATION_NUMBERS, (fit + 1) * EQUATION_NUMBERS);
      weights.set(solveWeights(equationsOf(own)), fit * NEIGHBOURS);
    }
    return weights;
  }

  /** Counts the tokens that weights leave of samples, by plane and by step of unrest. */
  counts(samples: readonly PixelView[], weights: Int16Array): StepCounts {
    const { kernel } = this.machine;
    const steps = kernel.STEPS.value;
    const length = this.format.channels * steps * TOKEN_ROOM;
    this.machine.configure({ weights, unrestShift: 0, decorrelated: this.decorrelated });
    new Uint32Array(kernel.memory.buffer, kernel.COUNTS.value, length).fill(0);
    this.show(samples, 1);
    return {
      steps,
      counts: new Uint32Array(kernel.memory.buffer, kernel.COUNTS.value, length).slice(),
    };
  }

  private show(samples: readonly PixelView[], counts: 0 | 1): void {
    const { machine } = this;
    for (const sample of samples) {
      const rowBytes = sample.width * machine.pixelBytes;
      const memory = machine.memoryFor(sample.width, 1, 0);
      const pixels = machine.kernel.begin(sample.width, 1);
      for (let row = 0; row < sample.height; row += 1) {
        const at = sample.offset + row * sample.stride;
        memory.set(sample.bytes.subarray(at, at + rowBytes), pixels);
        machine.kernel.studyRow(counts);
      }
    }
  }
}

/** How often each token came in each plane at each step of unrest: of token t at (plane * steps + step) * TOKEN_ROOM + t. */
export interface StepCounts {
  readonly steps: number;
  readonly counts: Uint32Array;
}

/** The least unrest that is counted in a step: steps of 1 below 16, then eight to each doubling. */
export function leastUnrest(step: number): number {
  return step < 16 ? step : (8 + (step & 7)) * 2 ** ((step >> 3) - 1);
}

/** The kernel tells the sums on and above the diagonal. */
function equationsOf(sums: Float64Array): NormalEquations {
  const product = (i: number, j: number) =>
    sums[Math.min(i, j) * COLUMNS + Math.max(i, j)] as number;
  return Array.from({ length: NEIGHBOURS }, (_, i) =>
    Float64Array.from({ length: NEIGHBOURS + 1 }, (__, j) => product(i, j)),
  );
}

/** What the kernel keeps of a fit: for each neighbour a row of products with all neighbours and with what is wanted, padded. */
const COLUMNS = NEIGHBOURS + 2;
const EQUATION_NUMBERS = NEIGHBOURS * COLUMNS;

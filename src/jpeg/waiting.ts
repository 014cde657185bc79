import type { JpegCoverage } from "./coverage.js";
import type { Scan } from "./frame.js";
import type { RunPart } from "./piece-head.js";

type Units = Pick<RunPart, "scan" | "first" | "count">;

/**
 * Pieces of scans that refine AC coefficients, come before what they refine. Only their numbers and units are kept; whoever has
 * their bytes brings them again.
 */
export class WaitingPieces {
  private readonly waiting = new Map<number, readonly Units[]>();
  /** Of each scan, those before it of the same coefficients. */
  private readonly foundations: readonly (readonly number[])[];

  constructor(
    scans: readonly Scan[],
    private readonly coverage: JpegCoverage,
  ) {
    this.foundations = foundationsOf(scans);
  }

  /** Whether something of what a run refines has not come. */
  mustWait({ scan, first, count }: Units): boolean {
    const foundations = this.foundations[scan] as readonly number[];
    return foundations.some((number) => this.coverage.held(number, first, count) < count);
  }

  /** Keeps a piece of which these runs wait. */
  keep(number: number, runs: readonly Units[]): void {
    const units = runs.map(({ scan, first, count }) => ({ scan, first, count }));
    this.waiting.set(number, units);
  }

  /** After a run has been added: the numbers of those that need wait no more. They are forgotten here. */
  takeReady({ scan, first, count }: Units): number[] {
    const ready: number[] = [];
    const isReady = (units: Units): boolean =>
      units.first < first + count &&
      first < units.first + units.count &&
      this.foundations[units.scan]?.includes(scan) === true &&
      !this.mustWait(units);
    for (const [number, runs] of this.waiting) {
      if (!runs.some(isReady)) continue;
      ready.push(number);
      this.waiting.delete(number);
    }
    return ready;
  }
}

/** Of each scan, those before it that must have come for it to be read. */
export function foundationsOf(scans: readonly Scan[]): number[][] {
  return scans.map((scan, number) =>
    scans.slice(0, number).flatMap((other, i) => (isRefinedBy(other, scan) ? [i] : [])),
  );
}

/** Bits of a scan that refines are told apart only by who knows which coefficients are not 0 yet. ITU-T T.81 section G.1.2.3. */
function isRefinedBy(earlier: Scan, later: Scan): boolean {
  return (
    later.high > 0 &&
    later.bandStart > 0 &&
    earlier.bandStart <= later.bandEnd &&
    earlier.bandEnd >= later.bandStart &&
    earlier.components[0]?.index === later.components[0]?.index
  );
}

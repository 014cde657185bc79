import type { JpegCoverage } from "./coverage.js";
import type { Scan } from "./frame.js";
import type { RunPiece } from "./piece-head.js";

type Units = Pick<RunPiece, "scan" | "first" | "count">;

/**
 * Pieces of scans that refine AC coefficients, come before what they refine. Only their numbers and units are kept; whoever has
 * their bytes brings them again.
 */
export class WaitingPieces {
  private readonly waiting = new Map<number, Units>();
  /** Of each scan, those before it of the same coefficients. */
  private readonly foundations: readonly (readonly number[])[];

  constructor(
    scans: readonly Scan[],
    private readonly coverage: JpegCoverage,
  ) {
    this.foundations = scans.map((scan, number) =>
      scans.slice(0, number).flatMap((other, i) => (isRefinedBy(other, scan) ? [i] : [])),
    );
  }

  /** Whether something of what a run refines has not come. */
  mustWait({ scan, first, count }: Units): boolean {
    const foundations = this.foundations[scan] as readonly number[];
    return foundations.some((number) => this.coverage.held(number, first, count) < count);
  }

  keep(number: number, { scan, first, count }: Units): void {
    this.waiting.set(number, { scan, first, count });
  }

  /** After a run has been added: the numbers of those that need wait no more. They are forgotten here. */
  takeReady({ scan, first, count }: Units): number[] {
    const ready: number[] = [];
    for (const [number, units] of this.waiting) {
      if (units.first >= first + count || first >= units.first + units.count) continue;
      if (!this.foundations[units.scan]?.includes(scan) || this.mustWait(units)) continue;
      ready.push(number);
      this.waiting.delete(number);
    }
    return ready;
  }
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

import type { Frame, Scan } from "./frame.js";

const BLOCK_COEFFICIENTS = 64;

/** Of a coefficient that no scan has told. */
const UNTOLD = -1;

/**
 * Watches that scans tell each bit of each coefficient once, in the order in which it can be read: then any bit has one place in
 * the file, and pieces know on what they build. ITU-T T.81 section G.1.1.1.
 */
export class ScanScript {
  /** Of each component, the lowest bit of each coefficient that has been told. */
  private readonly told: readonly Int8Array[];

  constructor({ components }: Frame) {
    this.told = components.map(() => new Int8Array(BLOCK_COEFFICIENTS).fill(UNTOLD));
  }

  /** Takes the next scan. False when it does not follow from those before. */
  take(scan: Scan): boolean {
    for (const { index } of scan.components) {
      const told = this.told[index] as Int8Array;
      if (scan.bandStart > 0 && told[0] === UNTOLD) return false;
      for (let place = scan.bandStart; place <= scan.bandEnd; place += 1) {
        if (told[place] !== (scan.high === 0 ? UNTOLD : scan.high)) return false;
        told[place] = scan.low;
      }
    }
    return true;
  }

  /** Whether every component has been told, its first coefficients at least. */
  get complete(): boolean {
    return this.told.every((told) => told[0] !== UNTOLD);
  }
}

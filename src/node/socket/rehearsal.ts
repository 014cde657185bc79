import { rehearse } from "../../fec/rehearsal.js";

/** Short ones, so that no datagram waits for long; after so many the code is compiled. */
const REHEARSALS = 8;
/** Not while the sender still finds its pace, for which every pause is a wrong measure. */
const TICKS_BEFORE = 3;

/** Prepares for parity where it will be wanted: once datagrams are seen to be lost. */
export class Rehearsal {
  private ticks = 0;

  constructor(private readonly play = rehearse) {}

  /**
   * Called some times a second.
   *
   * @param lost datagrams lost so far
   */
  tick(lost: number): void {
    if (lost === 0 || this.ticks === TICKS_BEFORE + REHEARSALS) return;
    this.ticks += 1;
    if (this.ticks > TICKS_BEFORE) this.play();
  }
}

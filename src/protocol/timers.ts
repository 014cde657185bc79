import { type InstantUs, NEVER } from "../base/units.js";

/** The named timers of one machine, in one table. An unarmed timer is at NEVER. */
export class Timers<Name extends string> {
  private readonly table = new Map<Name, InstantUs>();

  arm(name: Name, at: InstantUs): void {
    this.table.set(name, at);
  }

  disarm(name: Name): void {
    this.table.delete(name);
  }

  at(name: Name): InstantUs {
    return this.table.get(name) ?? NEVER;
  }

  isDue(name: Name, nowUs: InstantUs): boolean {
    return this.at(name) <= nowUs;
  }

  /** The earliest of all. */
  get nextUs(): InstantUs {
    let next = NEVER;
    for (const at of this.table.values()) if (at < next) next = at;
    return next;
  }
}

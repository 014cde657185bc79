import { assert } from "./assert.js";

/**
 * Values by whole numbers that only rise, where mostly the oldest leave: packets on the way.
 *
 * Setting, asking and deleting cost O(1); memory goes with the distance from the oldest number to the newest. A `Map`
 * makes itself anew whenever so many entries have come and gone, and what it leaves behind, one table
 * holding the next, keeps values alive that are long deleted.
 */
export class RisingMap<Value> {
  /** The value of `number` lies at `number` modulo the length, a power of two. */
  private ring: (Value | undefined)[] = emptyRing(LENGTH_MIN);
  /** The oldest number that has a value; `end` when none has. */
  private start = 0;
  /** One past the newest number that ever had one. */
  private end = 0;
  private count = 0;

  get size(): number {
    return this.count;
  }

  /** The oldest number that has a value. */
  get first(): number | undefined {
    return this.count === 0 ? undefined : this.start;
  }

  get(number: number): Value | undefined {
    if (number < this.start || number >= this.end) return undefined;
    return this.ring[number & (this.ring.length - 1)];
  }

  /** @param number above all before */
  set(number: number, value: Value): void {
    assert(number >= this.end, "numbers rise");
    if (this.count === 0) this.start = number;
    while (number - this.start >= this.ring.length) this.grow();
    this.ring[number & (this.ring.length - 1)] = value;
    this.end = number + 1;
    this.count += 1;
  }

  /** Takes a value out and returns it. */
  delete(number: number): Value | undefined {
    const value = this.get(number);
    if (value === undefined) return undefined;
    const mask = this.ring.length - 1;
    this.ring[number & mask] = undefined;
    this.count -= 1;
    if (this.count === 0) this.start = this.end;
    else while (this.ring[this.start & mask] === undefined) this.start += 1;
    return value;
  }

  /** From the oldest number to the newest. */
  *values(): IterableIterator<Value> {
    for (let number = this.start; number < this.end; number += 1) {
      const value = this.get(number);
      if (value !== undefined) yield value;
    }
  }

  private grow(): void {
    const larger = emptyRing<Value>(2 * this.ring.length);
    for (let number = this.start; number < this.end; number += 1) {
      larger[number & (larger.length - 1)] = this.get(number);
    }
    this.ring = larger;
  }
}

const emptyRing = <Value>(length: number): (Value | undefined)[] =>
  Array.from({ length }, () => undefined);

const LENGTH_MIN = 64;

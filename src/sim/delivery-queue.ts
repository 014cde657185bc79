import { type InstantUs, NEVER } from "../base/units.js";

interface Delivery {
  readonly dueUs: InstantUs;
  /** Place in order of arrival, so that equal instants leave first in, first out. */
  readonly order: number;
  readonly datagram: Uint8Array;
}

/** Datagrams on their way, soonest first: a binary heap, O(log n) to put and to take. */
export class DeliveryQueue {
  private readonly heap: Delivery[] = [];
  private arrivals = 0;

  get size(): number {
    return this.heap.length;
  }

  /** When the soonest datagram is due; NEVER when there is none. */
  get nextUs(): InstantUs {
    return this.heap[0]?.dueUs ?? NEVER;
  }

  put(datagram: Uint8Array, dueUs: InstantUs): void {
    const delivery = { dueUs, order: this.arrivals, datagram };
    this.arrivals += 1;
    let hole = this.heap.length;
    this.heap.push(delivery);
    while (hole > 0) {
      const parentIndex = (hole - 1) >>> 1;
      const parent = this.heap[parentIndex] as Delivery;
      if (leavesFirst(parent, delivery)) break;
      this.heap[hole] = parent;
      hole = parentIndex;
    }
    this.heap[hole] = delivery;
  }

  /** Takes out the soonest datagram, or nothing when the queue is empty. */
  take(): Uint8Array | undefined {
    const soonest = this.heap[0];
    const last = this.heap.pop();
    if (soonest === undefined || last === undefined) return undefined;
    if (this.heap.length > 0) this.sink(last);
    return soonest.datagram;
  }

  /** Puts `delivery` in place of the root and moves it down to where it belongs. */
  private sink(delivery: Delivery): void {
    let hole = 0;
    for (;;) {
      let childIndex = 2 * hole + 1;
      let child = this.heap[childIndex];
      if (child === undefined) break;
      const right = this.heap[childIndex + 1];
      if (right !== undefined && leavesFirst(right, child)) {
        child = right;
        childIndex += 1;
      }
      if (leavesFirst(delivery, child)) break;
      this.heap[hole] = child;
      hole = childIndex;
    }
    this.heap[hole] = delivery;
  }
}

function leavesFirst(one: Delivery, other: Delivery): boolean {
  return one.dueUs < other.dueUs || (one.dueUs === other.dueUs && one.order < other.order);
}

/** Lists of numbers below 2^32: four to eight bytes for each. */
export class NumberLists {
  private readonly lists: Uint32Array[];
  private readonly lengths: Uint32Array;

  constructor(count: number) {
    this.lists = Array.from({ length: count }, () => new Uint32Array(0));
    this.lengths = new Uint32Array(count);
  }

  add(list: number, value: number): void {
    const length = this.lengths[list] as number;
    let values = this.lists[list] as Uint32Array;
    if (length === values.length) {
      const longer = new Uint32Array(Math.max(16, 2 * length));
      longer.set(values);
      this.lists[list] = values = longer;
    }
    values[length] = value;
    this.lengths[list] = length + 1;
  }

  /** What is in a list, in the order in which it came. */
  take(list: number): Uint32Array {
    return (this.lists[list] as Uint32Array).slice(0, this.lengths[list]);
  }
}

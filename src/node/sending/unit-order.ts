import type { Unit } from "../../codec/picture-coder.js";

/**
 * The places of units in the order in which they are to be sent: those of the even rows first, where the odd rows go by
 * themselves; in each the one from which most is gained first.
 *
 * @param gains of each unit; none: as they come
 */
export function sendingOrder(units: readonly Unit[], gains: readonly number[]): number[] {
  const places = units.map((_, place) => place);
  const field = (place: number): number => Number(isOfOddRows(units[place] as Unit));
  return places.sort(
    (one, other) =>
      field(one) - field(other) || (gains[other] ?? 0) - (gains[one] ?? 0) || one - other,
  );
}

export const isOfOddRows = ({ y, rowStep }: Unit): boolean => rowStep === 2 && y % 2 === 1;

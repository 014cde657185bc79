/** A number with so many decimals, for people and for JSON that people read. */
export const round = (value: number, digits: number): number => Number(value.toFixed(digits));

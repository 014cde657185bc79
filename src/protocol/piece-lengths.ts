/** What is known of the lengths of an image's pieces before they have come. */
export interface PieceLengths {
  /** Bytes of the longest piece that there may be. */
  readonly max: number;
  /** The length of a piece whose length a rule gives. Of another, and of all when absent, any from 1 to `max` may come. */
  readonly lengthOf?: (piece: number) => number | undefined;
}

/** Whether a piece may have so many bytes. */
export function mayHave({ max, lengthOf }: PieceLengths, piece: number, bytes: number): boolean {
  const length = lengthOf?.(piece);
  return length === undefined ? bytes >= 1 && bytes <= max : bytes === length;
}

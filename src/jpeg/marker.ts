/** Markers of a JPEG file, the second byte of each. ITU-T T.81 table B.1. */
export const Marker = { startOfImage: 0xd8, endOfImage: 0xd9 } as const;

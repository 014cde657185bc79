/** Markers of a JPEG file, the second byte of each; the first is 0xFF. ITU-T T.81 table B.1. */
export const Marker = {
  /** For private use in arithmetic coding; like the restarts, it has no length behind it. */
  temporary: 0x01,
  /** Start of frame: baseline sequential, extended sequential, progressive; all Huffman coded. */
  baseline: 0xc0,
  extended: 0xc1,
  progressive: 0xc2,
  /** The last start of frame; those between are lossless, hierarchical or arithmetic coded. */
  lastFrame: 0xcf,
  huffmanTables: 0xc4,
  jpegExtensions: 0xc8,
  arithmeticConditioning: 0xcc,
  restart0: 0xd0,
  restart7: 0xd7,
  startOfImage: 0xd8,
  endOfImage: 0xd9,
  startOfScan: 0xda,
  quantizationTables: 0xdb,
  numberOfLines: 0xdc,
  restartInterval: 0xdd,
  application0: 0xe0,
  application14: 0xee,
} as const;

/** The byte that begins a marker, and that stuffing keeps apart from one. */
export const MARKER_PREFIX = 0xff;

export const isRestart = (marker: number): boolean =>
  marker >= Marker.restart0 && marker <= Marker.restart7;

/** Whether a marker stands alone, with no length and no body behind it. */
export const standsAlone = (marker: number): boolean =>
  isRestart(marker) ||
  marker === Marker.startOfImage ||
  marker === Marker.endOfImage ||
  marker === Marker.temporary;

/**
 * The manifest: everything a receiver must know of one image besides its pieces.
 * docs/protocol.md section 7 gives the bytes.
 */

/** How the bytes of the pieces become the file again. */
export type Content = PixelContent | FileContent;

/** Raw pixels, cut into rectangles. The digest is over the pixels in raster order. */
export interface PixelContent {
  readonly mode: "pixels";
  /** 1..65,535 pixels. */
  readonly width: number;
  readonly height: number;
  /** Samples per pixel, alpha included. */
  readonly channels: 1 | 2 | 3 | 4;
  /** Bits per sample; 16-bit samples are little-endian. */
  readonly bits: 8 | 16;
  readonly colour: "gray" | "rgb" | "cmyk";
  /** Size of a full piece, in pixels of its field. */
  readonly tileWidth: number;
  readonly tileHeight: number;
  /** 1: rows in order. 2: even rows first, then odd rows, as in interlaced video. */
  readonly fields: 1 | 2;
  /** How the tiles of a field are numbered; see `PIECE_ORDERS`. */
  readonly order: (typeof PIECE_ORDERS)[number];
  /** What the picture was stored as, so that it can be stored so again. */
  readonly format: ImageFormat;
  readonly metadata: readonly Metadata[];
}

/** A file's own bytes, cut into equal byte ranges. The digest is over the file. */
export interface FileContent {
  readonly mode: "file";
  /** Length of the file. */
  readonly bytes: number;
}

/**
 * raster: left to right, top to bottom. dispersed: so that any beginning is spread over the picture.
 * docs/protocol.md section 7 gives the rule.
 */
export const PIECE_ORDERS = ["raster", "dispersed"] as const;

export const IMAGE_FORMATS = [
  "png",
  "jpeg",
  "tiff",
  "webp",
  "webp-lossless",
  "gif",
  "avif",
  "other",
] as const;
export type ImageFormat = (typeof IMAGE_FORMATS)[number];

export const METADATA_KINDS = ["icc", "exif", "xmp", "density"] as const;
/** A block that travels with the picture untouched. `density` is two IEEE doubles, pixels per inch across and down. */
export interface Metadata {
  readonly kind: (typeof METADATA_KINDS)[number];
  readonly bytes: Uint8Array;
}

export interface Manifest {
  /** The file's own name, without folders. */
  readonly name: string;
  /** SHA-256 of the content, 32 bytes. */
  readonly digest: Uint8Array;
  readonly pieceCount: number;
  /** Length of the longest piece. */
  readonly pieceBytes: number;
  readonly content: Content;
}

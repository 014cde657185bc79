/**
 * The manifest: everything a receiver must know of one image besides its pieces.
 * docs/protocol.md section 7 gives the bytes.
 */

/** How the bytes of the pieces become the file again. */
export type Content = PixelContent | CodedContent | JpegContent | FileContent;

/** Raw pixels, cut into rectangles by rule. The digest is over the pixels in raster order. */
export interface PixelContent extends PictureFacts {
  readonly mode: "pixels";
  /** Size of a full piece, in pixels of its field. */
  readonly tileWidth: number;
  readonly tileHeight: number;
  /** How the tiles of a field are numbered; see `PIECE_ORDERS`. */
  readonly order: (typeof PIECE_ORDERS)[number];
}

/**
 * Coded pixels: each piece says which rectangle it is of, and decodes alone. The digest is over the pixels in raster
 * order. docs/codec.md tells the pieces and the tables.
 */
export interface CodedContent extends PictureFacts {
  readonly mode: "coded";
  /** What all pieces are decoded by; bytes that only src/codec reads. */
  readonly tables: Uint8Array;
  readonly preview?: PreviewContent;
}

/** A JPEG file's own bytes, cut where decoding can begin. The digest is over the file. docs/codec.md. */
export interface JpegContent {
  readonly mode: "jpeg";
  /** Length of the file. */
  readonly bytes: number;
  readonly width: number;
  readonly height: number;
  /** Components. */
  readonly channels: 1 | 2 | 3 | 4;
  readonly bits: 8;
  /** What pieces are decoded by; bytes that only src/jpeg reads. */
  readonly tables: Uint8Array;
  readonly preview?: PreviewContent;
}

/** A file's own bytes, cut into equal byte ranges behind the preview. The digest is over the file. */
export interface FileContent {
  readonly mode: "file";
  /** Length of the file. */
  readonly bytes: number;
  /** Size of the picture that the file holds, if it is known to hold one. */
  readonly picture?: Size;
  /** Only beside `picture`. */
  readonly preview?: PreviewContent;
}

/**
 * A small JPEG of the picture, to be shown until the exact pieces come, and not part of the content. Its pieces, cut like
 * those of a JPEG file, are the first of the image; they decode alone too.
 */
export interface PreviewContent extends Size {
  /** Pieces [0, pieces) of the image are of the preview. */
  readonly pieces: number;
  /** What they are decoded by; bytes that only src/jpeg reads. */
  readonly tables: Uint8Array;
}

/** 1..65,535 pixels each. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** What is known of a picture of which pixels travel. */
export interface PictureFacts extends Size {
  /** Samples per pixel, alpha included. */
  readonly channels: 1 | 2 | 3 | 4;
  /** Bits per sample; 16-bit samples are little-endian. */
  readonly bits: 8 | 16;
  readonly colour: "gray" | "rgb" | "cmyk";
  /** 1: rows in order. 2: even rows go apart from odd rows, as in interlaced video. */
  readonly fields: 1 | 2;
  /** What the picture was stored as, so that it can be stored so again. */
  readonly format: ImageFormat;
  readonly metadata: readonly Metadata[];
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
  /** Undefined while the sender does not know it: the picture is coded while it is sent. Only where pieces are not cut by rule. */
  readonly pieceCount: number | undefined;
  /** About how many there will be, while nobody knows: what people are told, and nothing to rely on. */
  readonly pieceEstimate?: number;
  /** Length of the longest piece that there may be. */
  readonly pieceBytes: number;
  readonly content: Content;
}

/** What people are told of the number of pieces. */
export const toldPieces = ({ pieceCount, pieceEstimate }: Manifest): number =>
  pieceCount ?? pieceEstimate ?? 0;

/** The preview that an image has. */
export const previewOf = (content: Content): PreviewContent | undefined =>
  content.mode === "pixels" ? undefined : content.preview;

/** How many of an image's pieces, the first ones, are of its preview. */
export const previewPiecesOf = (content: Content): number => previewOf(content)?.pieces ?? 0;

/** An image without a preview whose pieces are all cut by rule: number, places and lengths follow from its manifest. */
export interface RuledManifest extends Manifest {
  readonly pieceCount: number;
  readonly content: PixelContent | FileContent;
}

import { type Field, readFields, readVarints, varints, writeFields } from "./fields.js";
import { DIGEST_BYTES } from "./frames/end.js";
import { MANIFEST_BYTES_MAX, PICTURE_PIECES_MAX, PIECES_MAX, UNCOUNTED } from "./frames/image.js";
import { type JpegContent, type Manifest, type PixelContent, previewPiecesOf } from "./manifest.js";
import { decodeContent, encodeContent } from "./manifest-content.js";
import { fromUtf8, utf8 } from "./utf8.js";

/** The fields that every manifest has; `ContentField` has the others. docs/protocol.md section 7. */
export const CommonField = { name: 1, digest: 2, pieces: 3 } as const;

/** Bytes of a name in UTF-8, as file systems bound it. */
export const NAME_BYTES_MAX = 255;

export function encodeManifest(manifest: Manifest): Uint8Array {
  const fields: Field[] = [
    [CommonField.name, utf8(manifest.name)],
    [CommonField.digest, manifest.digest],
    [CommonField.pieces, encodePieces(manifest)],
    ...encodeContent(manifest.content),
  ];
  return writeFields(fields);
}

function encodePieces({ pieceCount, pieceEstimate = 0, pieceBytes }: Manifest): Uint8Array {
  if (pieceCount !== undefined) return varints(pieceCount, pieceBytes);
  return varints(UNCOUNTED, pieceBytes, pieceEstimate);
}

/** Reads a manifest from a peer. Undefined when it is not one, or says what cannot be. Never throws. */
export function decodeManifest(bytes: Uint8Array): Manifest | undefined {
  const fields = bytes.length > MANIFEST_BYTES_MAX ? undefined : readFields(bytes);
  if (fields === undefined) return undefined;
  const found = new Map(fields);
  const name = decodeName(found.get(CommonField.name));
  const digest = found.get(CommonField.digest)?.slice();
  const pieces = decodePieces(found.get(CommonField.pieces));
  const content = decodeContent(fields);
  if (name === undefined || digest?.length !== DIGEST_BYTES) return undefined;
  if (pieces === undefined || content === undefined) return undefined;
  const manifest = { name, digest, ...pieces, content };
  return fits(manifest, pieces.pieceCount) ? manifest : undefined;
}

function decodePieces(
  value: Uint8Array | undefined,
): Pick<Manifest, "pieceCount" | "pieceEstimate" | "pieceBytes"> | undefined {
  const [count, pieceBytes = 0] = readVarints(value, 2) ?? [];
  if (count === undefined || pieceBytes < 1 || pieceBytes > 0xffff) return undefined;
  if (count !== UNCOUNTED)
    return count > PIECES_MAX ? undefined : { pieceCount: count, pieceBytes };
  const pieceEstimate = readVarints(value, 3)?.[2] ?? 0;
  if (pieceEstimate < 1 || pieceEstimate > PICTURE_PIECES_MAX) return undefined;
  return { pieceCount: undefined, pieceEstimate, pieceBytes };
}

/** Whether the numbers of a manifest agree with each other and with a piece count, which may have been told later. */
export function fits({ content, pieceBytes }: Manifest, pieceCount: number | undefined): boolean {
  const preview = previewPiecesOf(content);
  switch (content.mode) {
    case "file":
      return pieceCount === preview + Math.ceil(content.bytes / pieceBytes);
    case "pixels":
      if (pieceCount === undefined || pieceBytes !== tileBytes(content)) return false;
      return pieceCount === tilesOf(content);
    case "coded":
      // A piece has a pixel at least.
      return isWithin(pieceCount, preview + 1, preview + content.width * content.height);
    case "jpeg":
      return (
        content.bytes <= PICTURE_PIECES_MAX * pieceBytes &&
        isWithin(pieceCount, preview + leastPieces(content, pieceBytes), preview + content.bytes)
      );
  }
}

/** A piece has a byte of the file at least, and all of them have all of it that the tables do not. */
function leastPieces({ bytes, tables }: JpegContent, pieceBytes: number): number {
  return Math.max(1, Math.ceil((bytes - tables.length) / pieceBytes));
}

/** A count that is not known yet may become any. */
function isWithin(pieceCount: number | undefined, least: number, most: number): boolean {
  if (pieceCount === undefined) return true;
  return pieceCount >= least && pieceCount <= Math.min(most, PICTURE_PIECES_MAX);
}

/** Length of a full piece: a tile is cut to the picture's width and to the rows of the first field. */
function tileBytes(content: PixelContent): number {
  const fieldRows = Math.ceil(content.height / content.fields);
  const across = Math.min(content.tileWidth, content.width);
  const down = Math.min(content.tileHeight, fieldRows);
  return (across * down * content.channels * content.bits) / 8;
}

/** Pieces of a picture cut into tiles; undefined when they are too many. */
function tilesOf(content: PixelContent): number | undefined {
  const across = Math.ceil(content.width / content.tileWidth);
  let down = 0;
  for (let field = 0; field < content.fields; field += 1) {
    const rows = Math.ceil((content.height - field) / content.fields);
    down += Math.ceil(rows / content.tileHeight);
  }
  return across * down > PICTURE_PIECES_MAX ? undefined : across * down;
}

function decodeName(value: Uint8Array | undefined): string | undefined {
  if (value === undefined || value.length === 0 || value.length > NAME_BYTES_MAX) return undefined;
  return fromUtf8(value);
}

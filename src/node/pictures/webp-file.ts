import type { Metadata } from "../../wire/manifest.js";
import type { PixelLayout } from "./image-file.js";
import { blockOf } from "./metadata-blocks.js";

/**
 * Puts a picture's metadata around its lossless WebP bitstream: VP8X, ICCP,
 * VP8L, EXIF, XMP in this order. WebP Container Specification, "Extended File Format".
 *
 * `encoded` is a WebP file as the image library writes it; its own metadata,
 * if any, is left out. WebP has no place for a density of its own.
 */
export function webpWithMetadata(
  encoded: Uint8Array,
  { layout, metadata }: { readonly layout: PixelLayout; readonly metadata: readonly Metadata[] },
): Uint8Array {
  const bitstream = chunkIn(Buffer.from(encoded.buffer, encoded.byteOffset, encoded.length));
  const icc = blockOf(metadata, "icc");
  const exif = blockOf(metadata, "exif");
  const xmp = blockOf(metadata, "xmp");
  const extended = Buffer.alloc(EXTENDED_BYTES);
  extended[0] =
    (icc === undefined ? 0 : FLAG_ICC) |
    (layout.channels === 4 ? FLAG_ALPHA : 0) |
    (exif === undefined ? 0 : FLAG_EXIF) |
    (xmp === undefined ? 0 : FLAG_XMP);
  extended.writeUIntLE(layout.width - 1, 4, 3);
  extended.writeUIntLE(layout.height - 1, 7, 3);
  const chunks = [chunk("VP8X", extended)];
  if (icc !== undefined) chunks.push(chunk("ICCP", icc));
  chunks.push(bitstream);
  if (exif !== undefined) chunks.push(chunk("EXIF", exif));
  if (xmp !== undefined) chunks.push(chunk("XMP ", xmp));
  return chunk("RIFF", Buffer.concat([Buffer.from("WEBP", "latin1"), ...chunks]));
}

/** The VP8L chunk of a file, name and padding included. */
function chunkIn(file: Buffer): Buffer {
  for (let at = 12; at + 8 <= file.length; ) {
    const length = file.readUInt32LE(at + 4);
    const end = at + 8 + length + (length % 2);
    if (file.toString("latin1", at, at + 4) === "VP8L") return file.subarray(at, end);
    at = end;
  }
  throw new Error("the encoder gave no lossless bitstream");
}

function chunk(name: string, data: Uint8Array): Buffer {
  const out = Buffer.alloc(8 + data.length + (data.length % 2));
  out.write(name, 0, "latin1");
  out.writeUInt32LE(data.length, 4);
  out.set(data, 8);
  return out;
}

const EXTENDED_BYTES = 10;
const FLAG_ICC = 0x20;
const FLAG_ALPHA = 0x10;
const FLAG_EXIF = 0x08;
const FLAG_XMP = 0x04;

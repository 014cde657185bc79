import type { FileHandle } from "node:fs/promises";
import { deflateSync } from "node:zlib";
import { crc32 } from "@node-rs/crc32";
import type { Metadata } from "../../wire/manifest.js";
import { blockOf, type Density, densityOf } from "./metadata-blocks.js";

/**
 * The head of a PNG file with the metadata right behind IHDR: iCCP, pHYs, eXIf, iTXt. PNG
 * specification (third edition) sections 11.3.2.3, 11.3.3.4, 11.3.4.3 and
 * 11.3.5.1. `encoded` begins like a PNG without metadata (its first `PNG_START_BYTES` are enough). What comes behind
 * the head is the encoded file's from `rest` on: the density that the image library makes up is left out.
 */
export function pngHead(
  encoded: Uint8Array,
  metadata: readonly Metadata[],
): { readonly head: readonly Uint8Array[]; readonly rest: number } {
  const file = Buffer.from(encoded.buffer, encoded.byteOffset, encoded.length);
  const rest =
    file.toString("latin1", PNG_HEAD_BYTES + 4, PNG_HEAD_BYTES + 8) === "pHYs"
      ? PNG_HEAD_BYTES + 12 + PHYS_BYTES
      : PNG_HEAD_BYTES;
  return { head: [file.subarray(0, PNG_HEAD_BYTES), pngMetadataChunks(metadata)], rest };
}

function pngMetadataChunks(metadata: readonly Metadata[]): Uint8Array {
  const chunks: Uint8Array[] = [];
  const icc = blockOf(metadata, "icc");
  if (icc !== undefined) {
    const name = Buffer.from("ICC profile\0\0", "latin1");
    chunks.push(pngChunk("iCCP", Buffer.concat([name, deflateSync(icc)])));
  }
  const density = densityOf(metadata);
  if (density !== undefined) chunks.push(pngChunk("pHYs", physBytes(density)));
  const exif = blockOf(metadata, "exif");
  if (exif !== undefined) chunks.push(pngChunk("eXIf", exif));
  const xmp = blockOf(metadata, "xmp");
  if (xmp !== undefined) {
    // Keyword, not compressed, no language, no translated keyword. XMP specification part 3 section 1.1.5.
    const head = Buffer.from("XML:com.adobe.xmp\0\0\0\0\0", "latin1");
    chunks.push(pngChunk("iTXt", Buffer.concat([head, xmp])));
  }
  return Buffer.concat(chunks);
}

/** Pixels per inch by the file's pHYs chunk, which counts pixels per metre. */
export async function readPngDensity(file: FileHandle): Promise<Density | undefined> {
  const head = Buffer.alloc(8 + PHYS_BYTES);
  let position = SIGNATURE_BYTES;
  for (let chunk = 0; chunk < CHUNKS_MAX; chunk += 1) {
    const { bytesRead } = await file.read(head, 0, head.length, position);
    const name = head.toString("latin1", 4, 8);
    if (bytesRead < 8 || name === "IDAT" || name === "IEND") return undefined;
    const length = head.readUInt32BE(0);
    if (name === "pHYs") {
      const isPerMetre = length === PHYS_BYTES && bytesRead === head.length && head[16] === 1;
      if (!isPerMetre) return undefined;
      const across = head.readUInt32BE(8);
      const down = head.readUInt32BE(12);
      if (across === 0 || down === 0) return undefined;
      return { across: across * METRES_PER_INCH, down: down * METRES_PER_INCH };
    }
    position += 12 + length;
  }
  return undefined;
}

function physBytes({ across, down }: Density): Uint8Array {
  const bytes = Buffer.alloc(PHYS_BYTES);
  bytes.writeUInt32BE(Math.round(across / METRES_PER_INCH), 0);
  bytes.writeUInt32BE(Math.round(down / METRES_PER_INCH), 4);
  bytes[8] = 1;
  return bytes;
}

function pngChunk(name: string, data: Uint8Array): Uint8Array {
  const chunk = Buffer.alloc(12 + data.length);
  chunk.writeUInt32BE(data.length, 0);
  chunk.write(name, 4, "latin1");
  chunk.set(data, 8);
  chunk.writeUInt32BE(crc32(chunk.subarray(4, 8 + data.length)), 8 + data.length);
  return chunk;
}

const SIGNATURE_BYTES = 8;
/** The signature and IHDR. */
const PNG_HEAD_BYTES = 33;
const PHYS_BYTES = 9;
/** What `pngHead` looks at. */
export const PNG_START_BYTES = PNG_HEAD_BYTES + 8;
/** Ours: what stands before the pixels of a PNG is a handful of chunks. */
const CHUNKS_MAX = 1_000;
const METRES_PER_INCH = 0.0254;

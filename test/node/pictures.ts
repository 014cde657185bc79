import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateSync, inflateSync } from "node:zlib";
import { crc32 } from "@node-rs/crc32";
import sharp, { type Sharp } from "sharp";
import { expect, onTestFinished } from "vitest";
import { Random } from "../../src/base/random.js";
import type { PieceStore } from "../../src/node/receiving/piece-store.js";
import { openSource, type Source, type SourceOptions } from "../../src/node/sending/source.js";

/** A folder of its own for one test, removed when that ends. */
export function testFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "lacuna-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** As `toEqual`, but a difference in a million bytes is told at once, not searched for the prettiest words. */
export function expectSame(actual: Uint8Array, wanted: Uint8Array): void {
  expect(actual.length).toBe(wanted.length);
  const firstDifference = actual.findIndex((byte, index) => byte !== wanted[index]);
  expect(firstDifference, "index of the first byte that differs").toBe(-1);
}

export interface Samples {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 2 | 3 | 4;
  readonly bits: 8 | 16;
  readonly raster: Uint8Array;
}

/** Noise, so that no two pixels agree by chance; every fourth pixel is fully transparent over hidden colour. */
export function noise(shape: Omit<Samples, "raster">, seed = 1): Samples {
  const { width, height, channels, bits } = shape;
  const raster = new Random(seed).bytes((width * height * channels * bits) / 8);
  if (channels === 2 || channels === 4) {
    const sample = bits / 8;
    for (let pixel = 0; pixel < width * height; pixel += 4) {
      const alpha = (pixel * channels + channels - 1) * sample;
      raster.fill(0, alpha, alpha + sample);
    }
  }
  return { ...shape, raster };
}

/** The samples as the library's image, in the colour space that keeps them as they are. */
export function imageOf({ width, height, channels, bits, raster }: Samples): Sharp {
  const copy = raster.slice();
  const data = bits === 16 ? new Uint16Array(copy.buffer) : copy;
  const gray = channels < 3;
  const space = bits === 16 ? (gray ? "grey16" : "rgb16") : gray ? "b-w" : "srgb";
  return sharp(data, { raw: { width, height, channels } }).toColourspace(space);
}

/** A PNG written by hand, for kinds that the library does not write. `rows` are packed, without filter bytes. */
export function pngByHand(options: {
  readonly width: number;
  readonly height: number;
  readonly bitDepth: number;
  readonly colourType: number;
  readonly rows: readonly (readonly number[])[];
  /** Chunks between IHDR and IDAT. */
  readonly chunks?: readonly (readonly [name: string, data: readonly number[]])[];
}): Buffer {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(options.width, 0);
  head.writeUInt32BE(options.height, 4);
  head[8] = options.bitDepth;
  head[9] = options.colourType;
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk("IHDR", head),
    ...(options.chunks ?? []).map(([name, data]) => chunk(name, Buffer.from(data))),
    chunk("IDAT", deflateSync(Buffer.from(options.rows.flatMap((row) => [0, ...row])))),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

function chunk(name: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(name, "latin1"), data]);
  const out = Buffer.alloc(body.length + 8);
  out.writeUInt32BE(data.length, 0);
  body.copy(out, 4);
  out.writeUInt32BE(crc32(body), body.length + 4);
  return out;
}

/** Every piece of the source, written to a store in a shuffled order. */
export function fillStore(
  store: PieceStore,
  source: Source,
  lacks: (piece: number) => boolean,
): void {
  const random = new Random(7);
  const order = Array.from({ length: source.manifest.pieceCount }, (_, piece) => piece);
  for (let i = order.length - 1; i > 0; i -= 1) {
    const other = random.between(0, i);
    [order[i], order[other]] = [order[other] as number, order[i] as number];
  }
  const buffer = new Uint8Array(source.manifest.pieceBytes);
  for (const piece of order) {
    if (lacks(piece)) continue;
    const length = source.readPiece(piece, buffer, 0);
    store.write(piece, buffer.subarray(0, length));
    // The store keeps a copy: what happens to the caller's buffer is none of its business.
    buffer.fill(0xee);
  }
}

/** Writes the bytes as NAME into a folder of their own and opens them to be sent. */
export async function sourceOf(
  bytes: Uint8Array,
  name: string,
  options: SourceOptions,
): Promise<Source> {
  const path = join(testFolder(), name);
  writeFileSync(path, bytes);
  const source = await openSource(path, options);
  onTestFinished(() => source.close());
  return source;
}

/**
 * Reads a PNG without the image library, so that its ways are not judged by
 * themselves: 8 or 16 bit samples, no palette, no interlacing; 16-bit samples
 * come out little-endian. PNG specification (third edition) section 9.
 */
export function samplesOfPng(file: Buffer): Uint8Array {
  const width = file.readUInt32BE(16);
  const height = file.readUInt32BE(20);
  const sampleBytes = (file[24] as number) / 8;
  const channels =
    new Map([
      [0, 1],
      [2, 3],
      [4, 2],
      [6, 4],
    ]).get(file[25] as number) ?? 0;
  if (sampleBytes < 1 || channels === 0 || file[28] !== 0) throw new Error("not a plain PNG");
  const data: Buffer[] = [];
  for (let at = 8; at < file.length; at += 12 + file.readUInt32BE(at)) {
    const end = at + 8 + file.readUInt32BE(at);
    if (crc32(file.subarray(at + 4, end)) !== file.readUInt32BE(end)) throw new Error("bad CRC");
    if (file.toString("latin1", at + 4, at + 8) === "IDAT") data.push(file.subarray(at + 8, end));
  }
  const lines = inflateSync(Buffer.concat(data));
  const step = channels * sampleBytes;
  const lineBytes = width * step;
  const out = new Uint8Array(height * lineBytes);
  for (let y = 0; y < height; y += 1) {
    const filter = lines[y * (lineBytes + 1)] as number;
    for (let x = 0; x < lineBytes; x += 1) {
      const to = y * lineBytes + x;
      const left = x < step ? 0 : (out[to - step] as number);
      const up = y === 0 ? 0 : (out[to - lineBytes] as number);
      const corner = x < step || y === 0 ? 0 : (out[to - lineBytes - step] as number);
      const guess = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter] as number;
      out[to] = (lines[y * (lineBytes + 1) + 1 + x] as number) + guess;
    }
  }
  if (sampleBytes === 2) Buffer.from(out.buffer).swap16();
  return out;
}

function paeth(left: number, up: number, corner: number): number {
  const byLeft = Math.abs(up - corner);
  const byUp = Math.abs(left - corner);
  const byCorner = Math.abs(left + up - 2 * corner);
  if (byLeft <= byUp && byLeft <= byCorner) return left;
  return byUp <= byCorner ? up : corner;
}

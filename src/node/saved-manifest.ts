import { createHash } from "node:crypto";
import { Partition } from "../picture/partition.js";
import {
  type Content,
  IMAGE_FORMATS,
  type Manifest,
  METADATA_KINDS,
  type Metadata,
} from "../wire/manifest.js";
import { bytesPerPixel } from "./image-file.js";

/** The same manifest always gives the same text, so texts can be compared and hashed. */
export function manifestToText(manifest: Manifest): string {
  const { name, digest, pieceCount, pieceBytes, content } = manifest;
  return JSON.stringify({
    version: VERSION,
    name,
    digest: base64(digest),
    pieceCount,
    pieceBytes,
    content: contentToJson(content),
  });
}

/** The reverse of `manifestToText`; `undefined` for any other text. */
export function manifestFromText(text: string): Manifest | undefined {
  try {
    const json: unknown = JSON.parse(text);
    if (!isObject(json) || typeof json.name !== "string") return undefined;
    const content = contentFromJson(json.content);
    if (content === undefined) return undefined;
    const manifest: Manifest = {
      name: json.name,
      digest: Buffer.from(String(json.digest), "base64"),
      pieceCount: Number(json.pieceCount),
      pieceBytes: Number(json.pieceBytes),
      content,
    };
    // Whatever was missing, of another kind or left over, the text would not come out the same.
    return manifestToText(manifest) === text && isConsistent(manifest) ? manifest : undefined;
  } catch {
    return undefined;
  }
}

/** Names the folder in which an image's pieces are kept: 32 hex digits. */
export function storeKey(manifest: Manifest): string {
  return createHash("sha256").update(manifestToText(manifest)).digest("hex").slice(0, 32);
}

/** Gives the length of each piece, in bytes. */
export function pieceLengths(manifest: Manifest): (piece: number) => number {
  const { content, pieceBytes } = manifest;
  if (content.mode === "file") {
    return (piece) => Math.min(pieceBytes, content.bytes - piece * pieceBytes);
  }
  const partition = new Partition(content);
  const pixelBytes = bytesPerPixel(content);
  return (piece) => partition.pixelsOf(piece) * pixelBytes;
}

function isConsistent({ content, pieceCount, pieceBytes }: Manifest): boolean {
  if (content.mode === "file") {
    return (
      content.bytes >= 1 && pieceBytes >= 1 && pieceCount === Math.ceil(content.bytes / pieceBytes)
    );
  }
  const partition = new Partition(content);
  const longest = partition.piecePixelsMax * bytesPerPixel(content);
  return partition.pieceCount === pieceCount && longest === pieceBytes;
}

function contentToJson(content: Content): object {
  if (content.mode === "file") return { mode: content.mode, bytes: content.bytes };
  const { mode, width, height, channels, bits, colour, tileWidth, tileHeight, fields, format } =
    content;
  const metadata = content.metadata.map(({ kind, bytes }) => ({ kind, bytes: base64(bytes) }));
  return {
    mode,
    width,
    height,
    channels,
    bits,
    colour,
    tileWidth,
    tileHeight,
    fields,
    format,
    metadata,
  };
}

function contentFromJson(json: unknown): Content | undefined {
  if (!isObject(json)) return undefined;
  if (json.mode === "file") return { mode: "file", bytes: Number(json.bytes) };
  const channels = oneOf([1, 2, 3, 4] as const, json.channels);
  const bits = oneOf([8, 16] as const, json.bits);
  const colour = oneOf(["gray", "rgb", "cmyk"] as const, json.colour);
  const fields = oneOf([1, 2] as const, json.fields);
  const format = oneOf(IMAGE_FORMATS, json.format);
  const metadata = metadataFromJson(json.metadata);
  if (!channels || !bits || !colour || !fields || !format || !metadata) return undefined;
  return {
    mode: "pixels",
    width: Number(json.width),
    height: Number(json.height),
    channels,
    bits,
    colour,
    tileWidth: Number(json.tileWidth),
    tileHeight: Number(json.tileHeight),
    fields,
    format,
    metadata,
  };
}

function metadataFromJson(json: unknown): Metadata[] | undefined {
  if (!Array.isArray(json)) return undefined;
  const blocks: Metadata[] = [];
  for (const block of json as unknown[]) {
    if (!isObject(block)) return undefined;
    const kind = oneOf(METADATA_KINDS, block.kind);
    if (kind === undefined) return undefined;
    blocks.push({ kind, bytes: Buffer.from(String(block.bytes), "base64") });
  }
  return blocks;
}

function oneOf<Choice>(choices: readonly Choice[], value: unknown): Choice | undefined {
  return choices.find((choice) => choice === value);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64");
}

/** Of the text; another version is another image, so an old folder is simply not used. */
const VERSION = 1;

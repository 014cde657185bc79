import { ByteReader, ByteWriter, varintBytes } from "./bytes.js";
import { DIGEST_BYTES } from "./frames/end.js";
import { MANIFEST_BYTES_MAX, PICTURE_PIECES_MAX, PIECES_MAX } from "./frames/image.js";
import {
  type Content,
  IMAGE_FORMATS,
  type Manifest,
  METADATA_KINDS,
  type Metadata,
  PIECE_ORDERS,
  type PixelContent,
} from "./manifest.js";

/*
 * A manifest is a list of fields, each tag, length, value, like frames: a
 * receiver steps over the tags that it does not know. docs/protocol.md section 7.
 */
const Field = { name: 1, digest: 2, pieces: 3, file: 4, pixels: 5, metadata: 6 } as const;

const COLOURS = ["gray", "rgb", "cmyk"] as const;

/** Bytes of a name in UTF-8, as file systems bound it. */
export const NAME_BYTES_MAX = 255;

/** The longest side of a picture, in pixels. */
export const SIDE_MAX = 65_535;

export function encodeManifest(manifest: Manifest): Uint8Array {
  const content = manifest.content;
  const fields: [number, Uint8Array][] = [
    [Field.name, utf8(manifest.name)],
    [Field.digest, manifest.digest],
    [Field.pieces, varints(manifest.pieceCount, manifest.pieceBytes)],
  ];
  if (content.mode === "file") fields.push([Field.file, varints(content.bytes)]);
  else {
    fields.push([Field.pixels, encodePixels(content)]);
    for (const block of content.metadata) {
      const kind = varints(METADATA_KINDS.indexOf(block.kind));
      fields.push([Field.metadata, concat([kind, block.bytes])]);
    }
  }
  return concat(fields.flatMap(([tag, value]) => [varints(tag, value.length), value]));
}

function encodePixels(content: PixelContent): Uint8Array {
  return varints(
    content.width,
    content.height,
    content.channels,
    content.bits,
    COLOURS.indexOf(content.colour),
    content.tileWidth,
    content.tileHeight,
    content.fields,
    IMAGE_FORMATS.indexOf(content.format),
    PIECE_ORDERS.indexOf(content.order),
  );
}

/** Reads a manifest from a peer. Undefined when it is not one, or says what cannot be. Never throws. */
export function decodeManifest(bytes: Uint8Array): Manifest | undefined {
  if (bytes.length > MANIFEST_BYTES_MAX) return undefined;
  const reader = new ByteReader(bytes);
  const found: Partial<Record<number, Uint8Array>> = {};
  const metadata: Metadata[] = [];
  while (reader.remaining > 0) {
    const tag = reader.varint();
    const value = reader.view(reader.varint());
    if (reader.failed) return undefined;
    if (tag !== Field.metadata) found[tag] = value;
    else {
      const block = decodeMetadata(value);
      if (block !== undefined) metadata.push(block);
    }
  }
  const name = decodeName(found[Field.name]);
  const digest = found[Field.digest]?.slice();
  const [pieceCount, pieceBytes] = readVarints(found[Field.pieces], 2) ?? [];
  const content = decodeContent(found[Field.file], found[Field.pixels], metadata);
  if (name === undefined || digest?.length !== DIGEST_BYTES || content === undefined) {
    return undefined;
  }
  if (pieceCount === undefined || pieceCount < 1 || pieceCount > PIECES_MAX) return undefined;
  if (pieceBytes === undefined || pieceBytes < 1 || pieceBytes > 0xffff) return undefined;
  return fits({ name, digest, pieceCount, pieceBytes, content });
}

/** Drops a manifest whose numbers contradict each other. */
function fits(manifest: Manifest): Manifest | undefined {
  const { content, pieceBytes, pieceCount } = manifest;
  if (content.mode === "file") {
    return pieceCount === Math.ceil(content.bytes / pieceBytes) ? manifest : undefined;
  }
  const bytesPerPixel = (content.channels * content.bits) / 8;
  const fieldRows = Math.ceil(content.height / content.fields);
  const pieceWidth = Math.min(content.tileWidth, content.width);
  const pieceHeight = Math.min(content.tileHeight, fieldRows);
  if (pieceWidth * pieceHeight * bytesPerPixel !== pieceBytes) return undefined;
  if (pieceCount > PICTURE_PIECES_MAX) return undefined;
  const across = Math.ceil(content.width / content.tileWidth);
  let down = 0;
  for (let field = 0; field < content.fields; field += 1) {
    const rows = Math.ceil((content.height - field) / content.fields);
    down += Math.ceil(rows / content.tileHeight);
  }
  return pieceCount === across * down ? manifest : undefined;
}

function decodeContent(
  file: Uint8Array | undefined,
  pixels: Uint8Array | undefined,
  metadata: Metadata[],
): Content | undefined {
  if ((file === undefined) === (pixels === undefined)) return undefined;
  if (file !== undefined) {
    const [bytes] = readVarints(file, 1) ?? [];
    return bytes === undefined || bytes < 1 ? undefined : { mode: "file", bytes };
  }
  const numbers = readVarints(pixels, 10);
  if (numbers === undefined) return undefined;
  const [width, height, channels, bits, colourNumber, tileWidth, tileHeight, fields] = numbers as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const sides = [width, height, tileWidth, tileHeight];
  if (sides.some((side) => side < 1 || side > SIDE_MAX)) return undefined;
  const colour = COLOURS[colourNumber];
  if (channels !== 1 && channels !== 2 && channels !== 3 && channels !== 4) return undefined;
  if (colour === undefined || !colourFits(colour, channels)) return undefined;
  if (bits !== 8 && bits !== 16) return undefined;
  if (fields !== 1 && fields !== 2) return undefined;
  const format = IMAGE_FORMATS[numbers[8] as number] ?? "other";
  const order = PIECE_ORDERS[numbers[9] as number];
  if (order === undefined) return undefined;
  const shape = { width, height, channels, bits, tileWidth, tileHeight, fields, order } as const;
  return { mode: "pixels", ...shape, colour, format, metadata };
}

/** Gray has one sample and RGB three, each with or without alpha; CMYK has four. */
function colourFits(colour: PixelContent["colour"], channels: number): boolean {
  if (colour === "gray") return channels <= 2;
  return colour === "cmyk" ? channels === 4 : channels >= 3;
}

function decodeMetadata(value: Uint8Array): Metadata | undefined {
  const reader = new ByteReader(value);
  const kind = METADATA_KINDS[reader.varint()];
  const bytes = reader.view(reader.remaining).slice();
  return kind === undefined || reader.failed ? undefined : { kind, bytes };
}

function decodeName(value: Uint8Array | undefined): string | undefined {
  if (value === undefined || value.length === 0 || value.length > NAME_BYTES_MAX) return undefined;
  return fromUtf8(value);
}

function readVarints(value: Uint8Array | undefined, count: number): number[] | undefined {
  if (value === undefined) return undefined;
  const reader = new ByteReader(value);
  const numbers = Array.from({ length: count }, () => reader.varint());
  return reader.failed ? undefined : numbers;
}

function varints(...values: number[]): Uint8Array {
  let length = 0;
  for (const value of values) length += varintBytes(value);
  const writer = new ByteWriter(new Uint8Array(length));
  for (const value of values) writer.varint(value);
  return writer.target;
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const out = new ByteWriter(new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0)));
  for (const part of parts) out.bytes(part);
  return out.target;
}

/** UTF-8 by way of URI escapes: the pure rooms have no TextEncoder. RFC 3629. */
function utf8(text: string): Uint8Array {
  const escaped = encodeURIComponent(text.replaceAll(/\p{Surrogate}/gu, "\ufffd"));
  const bytes: number[] = [];
  for (let i = 0; i < escaped.length; i += 1) {
    if (escaped[i] !== "%") bytes.push(escaped.charCodeAt(i));
    else {
      bytes.push(Number.parseInt(escaped.slice(i + 1, i + 3), 16));
      i += 2;
    }
  }
  return Uint8Array.from(bytes);
}

/** Undefined when the bytes are not UTF-8. */
function fromUtf8(bytes: Uint8Array): string | undefined {
  let escaped = "";
  for (const byte of bytes) escaped += `%${byte.toString(16).padStart(2, "0")}`;
  try {
    return decodeURIComponent(escaped);
  } catch {
    return undefined;
  }
}

import { ByteReader } from "./bytes.js";
import { concat, type Field, readVarints, varints } from "./fields.js";
import {
  type CodedContent,
  type Content,
  type FileContent,
  IMAGE_FORMATS,
  type JpegContent,
  METADATA_KINDS,
  type Metadata,
  PIECE_ORDERS,
  type PictureFacts,
  type PixelContent,
  type PreviewContent,
  type Size,
} from "./manifest.js";

/** The fields of a manifest that tell its content. docs/protocol.md section 7. */
export const ContentField = {
  file: 4,
  pixels: 5,
  metadata: 6,
  coded: 7,
  jpeg: 8,
  tables: 9,
  picture: 10,
  preview: 11,
  previewTables: 12,
} as const;

/** The longest side of a picture, in pixels. */
export const SIDE_MAX = 65_535;

/** Bytes of the tables that the pieces of an image, or of its preview, are decoded by. */
export const TABLES_BYTES_MAX = 65_536;

/** Pieces of a preview: at 1,150 bytes each, 19 MB. */
export const PREVIEW_PIECES_MAX = 16_384;

const COLOURS = ["gray", "rgb", "cmyk"] as const;

export function encodeContent(content: Content): Field[] {
  switch (content.mode) {
    case "file": {
      const { picture } = content;
      const shown: Field[] =
        picture === undefined
          ? []
          : [[ContentField.picture, varints(picture.width, picture.height)]];
      return [[ContentField.file, varints(content.bytes)], ...shown, ...previewFields(content)];
    }
    case "pixels":
      return [[ContentField.pixels, encodePixels(content)], ...metadataFields(content)];
    case "coded":
      return [
        [ContentField.coded, encodeCoded(content)],
        [ContentField.tables, content.tables],
        ...previewFields(content),
        ...metadataFields(content),
      ];
    case "jpeg": {
      const { bytes, width, height, channels } = content;
      return [
        [ContentField.jpeg, varints(bytes, width, height, channels)],
        [ContentField.tables, content.tables],
        ...previewFields(content),
      ];
    }
  }
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

function encodeCoded(content: CodedContent): Uint8Array {
  return varints(
    content.width,
    content.height,
    content.channels,
    content.bits,
    COLOURS.indexOf(content.colour),
    content.fields,
    IMAGE_FORMATS.indexOf(content.format),
  );
}

function previewFields({ preview }: { readonly preview?: PreviewContent }): Field[] {
  if (preview === undefined) return [];
  const { pieces, width, height, tables } = preview;
  return [
    [ContentField.preview, varints(pieces, width, height)],
    [ContentField.previewTables, tables],
  ];
}

function metadataFields({ metadata }: PictureFacts): Field[] {
  return metadata.map(({ kind, bytes }) => [
    ContentField.metadata,
    concat([varints(METADATA_KINDS.indexOf(kind)), bytes]),
  ]);
}

/** Reads the content that a manifest's fields tell. Undefined when they tell none, several, or what cannot be. */
export function decodeContent(fields: readonly Field[]): Content | undefined {
  const found = new Map(fields);
  const modes = [ContentField.file, ContentField.pixels, ContentField.coded, ContentField.jpeg];
  const [mode, other] = modes.filter((tag) => found.has(tag));
  if (mode === undefined || other !== undefined) return undefined;
  const value = found.get(mode);
  if (mode === ContentField.pixels) return decodePixels(value, decodeMetadata(fields));
  const tables = decodeTables(found.get(ContentField.tables));
  const preview = decodePreview(
    found.get(ContentField.preview),
    found.get(ContentField.previewTables),
  );
  if (preview === "bad") return undefined;
  const ahead = preview === undefined ? {} : { preview };
  if (mode === ContentField.file) {
    return decodeFile(value, found.get(ContentField.picture), ahead);
  }
  if (tables === undefined) return undefined;
  if (mode === ContentField.jpeg) return decodeJpeg(value, tables, ahead);
  return decodeCoded(value, tables, decodeMetadata(fields), ahead);
}

/** The preview, for an object that has one only if there is one. */
type Ahead = { readonly preview?: PreviewContent };

function decodeFile(
  value: Uint8Array | undefined,
  size: Uint8Array | undefined,
  ahead: Ahead,
): FileContent | undefined {
  const [bytes] = readVarints(value, 1) ?? [];
  if (bytes === undefined || bytes < 1) return undefined;
  if (size === undefined) {
    return ahead.preview === undefined ? { mode: "file", bytes } : undefined;
  }
  const [width = 0, height = 0] = readVarints(size, 2) ?? [];
  const picture = { width, height };
  if (!isSize(picture) || !isWithin(ahead, picture)) return undefined;
  return { mode: "file", bytes, picture, ...ahead };
}

function decodeJpeg(
  value: Uint8Array | undefined,
  tables: Uint8Array,
  ahead: Ahead,
): JpegContent | undefined {
  const [bytes = 0, width = 0, height = 0, channels] = readVarints(value, 4) ?? [];
  if (bytes < 1 || !isSize({ width, height }) || !isWithin(ahead, { width, height })) {
    return undefined;
  }
  if (channels !== 1 && channels !== 2 && channels !== 3 && channels !== 4) return undefined;
  return { mode: "jpeg", bytes, width, height, channels, bits: 8, tables, ...ahead };
}

function decodeCoded(
  value: Uint8Array | undefined,
  tables: Uint8Array,
  metadata: Metadata[],
  ahead: Ahead,
): CodedContent | undefined {
  const numbers = readVarints(value, 7);
  if (numbers === undefined) return undefined;
  const [width, height, channels, bits, colour, fields, format] = numbers as Seven;
  const facts = decodeFacts({ width, height, channels, bits, colour, fields, format });
  if (facts === undefined || !isWithin(ahead, facts)) return undefined;
  return { mode: "coded", ...facts, metadata, tables, ...ahead };
}

function decodePixels(
  value: Uint8Array | undefined,
  metadata: Metadata[],
): PixelContent | undefined {
  const numbers = readVarints(value, 10);
  if (numbers === undefined) return undefined;
  const [width, height, channels, bits, colour, ...more] = numbers as [...Five, ...Five];
  const [tileWidth, tileHeight, fields, format, orderNumber] = more;
  const facts = decodeFacts({ width, height, channels, bits, colour, fields, format });
  const order = PIECE_ORDERS[orderNumber];
  if (facts === undefined || order === undefined) return undefined;
  if (!isSize({ width: tileWidth, height: tileHeight })) return undefined;
  return { mode: "pixels", ...facts, tileWidth, tileHeight, order, metadata };
}

type Five = [number, number, number, number, number];
type Seven = [...Five, number, number];

type FactNumbers = Record<
  "width" | "height" | "channels" | "bits" | "colour" | "fields" | "format",
  number
>;

function decodeFacts(numbers: FactNumbers): Omit<PictureFacts, "metadata"> | undefined {
  const { width, height, channels, bits, fields } = numbers;
  const colour = COLOURS[numbers.colour];
  if (!isSize({ width, height })) return undefined;
  if (channels !== 1 && channels !== 2 && channels !== 3 && channels !== 4) return undefined;
  if (colour === undefined || !colourFits(colour, channels)) return undefined;
  if (bits !== 8 && bits !== 16) return undefined;
  if (fields !== 1 && fields !== 2) return undefined;
  const format = IMAGE_FORMATS[numbers.format] ?? "other";
  return { width, height, channels, bits, colour, fields, format };
}

/** Gray has one sample and RGB three, each with or without alpha; CMYK has four. */
function colourFits(colour: PictureFacts["colour"], channels: number): boolean {
  if (colour === "gray") return channels <= 2;
  return colour === "cmyk" ? channels === 4 : channels >= 3;
}

function isSize({ width, height }: Size): boolean {
  return width >= 1 && width <= SIDE_MAX && height >= 1 && height <= SIDE_MAX;
}

/** A preview has no more pixels across or down than its picture. */
function isWithin({ preview }: Ahead, { width, height }: Size): boolean {
  return preview === undefined || (preview.width <= width && preview.height <= height);
}

function decodePreview(
  numbers: Uint8Array | undefined,
  tableBytes: Uint8Array | undefined,
): PreviewContent | "bad" | undefined {
  if (numbers === undefined) return undefined;
  const [pieces = 0, width = 0, height = 0] = readVarints(numbers, 3) ?? [];
  const tables = decodeTables(tableBytes);
  if (tables === undefined || !isSize({ width, height })) return "bad";
  if (pieces < 1 || pieces > PREVIEW_PIECES_MAX) return "bad";
  return { pieces, width, height, tables };
}

/** A copy, for what was read is a view of datagrams. */
function decodeTables(value: Uint8Array | undefined): Uint8Array | undefined {
  return value === undefined || value.length > TABLES_BYTES_MAX ? undefined : value.slice();
}

function decodeMetadata(fields: readonly Field[]): Metadata[] {
  const blocks: Metadata[] = [];
  for (const [tag, value] of fields) {
    if (tag !== ContentField.metadata) continue;
    const reader = new ByteReader(value);
    const kind = METADATA_KINDS[reader.varint()];
    const bytes = reader.view(reader.remaining).slice();
    if (kind !== undefined && !reader.failed) blocks.push({ kind, bytes });
  }
  return blocks;
}

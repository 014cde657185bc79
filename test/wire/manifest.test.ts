import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ByteWriter, varintBytes } from "../../src/wire/bytes.js";
import { FIELDS_MAX } from "../../src/wire/fields.js";
import { MANIFEST_BYTES_MAX, PICTURE_PIECES_MAX, PIECES_MAX } from "../../src/wire/frames/image.js";
import {
  IMAGE_FORMATS,
  type Manifest,
  METADATA_KINDS,
  PIECE_ORDERS,
  type PixelContent,
} from "../../src/wire/manifest.js";
import { decodeManifest, encodeManifest, NAME_BYTES_MAX } from "../../src/wire/manifest-bytes.js";
import { PREVIEW_PIECES_MAX, SIDE_MAX, TABLES_BYTES_MAX } from "../../src/wire/manifest-content.js";
import { MANIFESTS_OF_ALL_MODES } from "./golden.js";

const digest = Uint8Array.from({ length: 32 }, (_, i) => i);

/** Pieces of a picture, counted one field and one row of pieces at a time. */
function countPieces(content: PixelContent): number {
  let count = 0;
  for (let field = 0; field < content.fields; field += 1) {
    let rows = 0;
    for (let y = field; y < content.height; y += content.fields) rows += 1;
    for (let y = 0; y < rows; y += content.tileHeight) {
      for (let x = 0; x < content.width; x += content.tileWidth) count += 1;
    }
  }
  return count;
}

function picture(content: PixelContent, name = "picture.png"): Manifest {
  // A tile that is larger than the picture, or than one of its fields, is cut to it.
  const across = Math.min(content.tileWidth, content.width);
  const down = Math.min(content.tileHeight, Math.ceil(content.height / content.fields));
  const pieceBytes = (across * down * content.channels * content.bits) / 8;
  return { name, digest, pieceCount: countPieces(content), pieceBytes, content };
}

const small: PixelContent = {
  mode: "pixels",
  width: 9,
  height: 5,
  channels: 3,
  bits: 8,
  colour: "rgb",
  tileWidth: 4,
  tileHeight: 2,
  fields: 1,
  order: "raster",
  format: "png",
  metadata: [],
};

const colours = fc.constantFrom(
  ["gray", 1] as const,
  ["gray", 2] as const,
  ["rgb", 3] as const,
  ["rgb", 4] as const,
  ["cmyk", 4] as const,
);
const metadata = fc.array(
  fc.record({
    kind: fc.constantFrom(...METADATA_KINDS),
    bytes: fc.uint8Array({ maxLength: 300 }),
  }),
  { maxLength: 4 },
);
const name = fc
  .string({ unit: "grapheme", minLength: 1, maxLength: 30 })
  .filter((text) => Buffer.byteLength(text) <= NAME_BYTES_MAX);

const pictures: fc.Arbitrary<Manifest> = fc
  .record({
    size: fc.tuple(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 300 })),
    tile: fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 40 })),
    colour: colours,
    bits: fc.constantFrom(8 as const, 16 as const),
    fields: fc.constantFrom(1 as const, 2 as const),
    format: fc.constantFrom(...IMAGE_FORMATS),
    order: fc.constantFrom(...PIECE_ORDERS),
    metadata,
    name,
  })
  .map(({ size, tile, colour, bits, fields, format, order, metadata: blocks, name: text }) => {
    const content: PixelContent = {
      ...{ mode: "pixels", width: size[0], height: size[1], channels: colour[1], bits },
      ...{ colour: colour[0], tileWidth: tile[0], tileHeight: tile[1], fields, format, order },
      metadata: blocks,
    };
    return picture(content, text);
  });

const files: fc.Arbitrary<Manifest> = fc
  .tuple(name, fc.integer({ min: 1, max: 0xffff }), fc.integer({ min: 1, max: PIECES_MAX }))
  .chain(([text, pieceBytes, pieceCount]) => {
    const longest = pieceCount * pieceBytes;
    return fc.integer({ min: longest - pieceBytes + 1, max: longest }).map((bytes) => ({
      ...{ name: text, digest, pieceCount, pieceBytes },
      content: { mode: "file", bytes } as const,
    }));
  });

test("the manifest of any picture comes back as it was written", () => {
  fc.assert(
    fc.property(pictures, (manifest) => {
      expect(decodeManifest(encodeManifest(manifest))).toEqual(manifest);
    }),
  );
});

test("the manifest of any file comes back as it was written", () => {
  fc.assert(
    fc.property(files, (manifest) => {
      expect(decodeManifest(encodeManifest(manifest))).toEqual(manifest);
    }),
  );
});

test("the manifest of every mode, with and without a preview or a count, comes back", () => {
  for (const manifest of MANIFESTS_OF_ALL_MODES) {
    expect(decodeManifest(encodeManifest(manifest))).toEqual(manifest);
    const { content } = manifest;
    if (content.mode !== "coded" && content.mode !== "jpeg") continue;
    const { preview, ...alone } = content;
    for (const pieceCount of [undefined, 500, 1_000]) {
      for (const one of [content, alone]) {
        const changed = { ...manifest, pieceCount, content: one };
        const written = decodeManifest(encodeManifest({ ...changed, pieceEstimate: 7 }));
        expect(written).toEqual(
          pieceCount === undefined ? { ...changed, pieceEstimate: 7 } : withoutEstimate(changed),
        );
      }
    }
    expect(preview).toBeDefined();
  }
});

test("nothing of a manifest read is a view of the datagrams that brought it", () => {
  const block = { kind: "icc", bytes: Uint8Array.of(1, 2, 3) } as const;
  const bytes = encodeManifest(picture({ ...small, metadata: [block] }));
  const manifest = decodeManifest(bytes);
  bytes.fill(0);
  expect(manifest?.digest).toEqual(digest);
  expect(manifest?.content).toMatchObject({ metadata: [block] });
  for (const one of MANIFESTS_OF_ALL_MODES) {
    const encoded = encodeManifest(one);
    const decoded = decodeManifest(encoded);
    encoded.fill(0);
    expect(decoded).toEqual(one);
  }
});

test("half a surrogate pair in a name becomes the replacement character", () => {
  const manifest = decodeManifest(encodeManifest(picture(small, "a\ud83db\u{1f33b}\udc00")));
  expect(manifest?.name).toBe("a\ufffdb\u{1f33b}\ufffd");
});

function withoutEstimate({ pieceEstimate, ...manifest }: Manifest): Manifest {
  return manifest;
}

type Field = readonly [tag: number, value: Uint8Array];

const numbers = (...values: number[]): Uint8Array => {
  const writer = new ByteWriter(new Uint8Array(8 * values.length));
  for (const value of values) writer.varint(value);
  return writer.target.subarray(0, writer.offset);
};

/** A manifest of whatever fields. */
function assemble(fields: readonly Field[]): Uint8Array {
  const size = fields.reduce(
    (sum, [tag, value]) => sum + varintBytes(tag) + varintBytes(value.length) + value.length,
    0,
  );
  const writer = new ByteWriter(new Uint8Array(size));
  for (const [tag, value] of fields) {
    writer.varint(tag);
    writer.varint(value.length);
    writer.bytes(value);
  }
  return writer.target;
}

const NAME: Field = [1, new TextEncoder().encode("a.bin")];
const DIGEST: Field = [2, digest];
const PIECES: Field = [3, numbers(3, 100)];
const FILE: Field = [4, numbers(250)];
const whole = [NAME, DIGEST, PIECES, FILE];
/** Width, height, channels, bits, colour, tile width and height, fields, format, order: 9 x 5 rgb in tiles of 4 x 2. */
const PIXELS = [9, 5, 3, 8, 1, 4, 2, 1, 0, 0];

const readsAs = (fields: readonly Field[]) => decodeManifest(assemble(fields));

test("fields come in any order, unknown ones are stepped over, and of two the last counts", () => {
  const expected = readsAs(whole);
  expect(expected).toMatchObject({ name: "a.bin", pieceCount: 3, content: { bytes: 250 } });
  expect(readsAs(whole.toReversed())).toEqual(expected);
  const unknown: Field[] = [
    [13, digest],
    [2 ** 40, NAME[1]],
  ];
  expect(readsAs([...unknown, ...whole])).toEqual(expected);
  expect(readsAs([[1, Uint8Array.of(0x62)], ...whole])).toEqual(expected);
});

test("numbers added behind those of a field are stepped over", () => {
  const longer: Field[] = [NAME, DIGEST, [3, numbers(3, 100, 9)], [4, numbers(250, 9)]];
  expect(readsAs(longer)).toEqual(readsAs(whole));
});

test("a manifest without one of its fields is none", () => {
  for (const absent of whole) expect(readsAs(whole.filter((f) => f !== absent))).toBeUndefined();
  expect(decodeManifest(new Uint8Array(0))).toBeUndefined();
});

test("a manifest cut short anywhere is none", () => {
  const bytes = assemble(whole);
  for (let length = 0; length < bytes.length; length += 1) {
    expect(decodeManifest(bytes.subarray(0, length))).toBeUndefined();
  }
});

describe("a manifest is none when", () => {
  const pixels = (changes: Record<number, number>, pieces: [number, number] = [9, 24]): Field[] => {
    const values = PIXELS.map((value, i) => changes[i] ?? value);
    return [NAME, DIGEST, [3, numbers(...pieces)], [5, numbers(...values)]];
  };
  const fileOf = (bytes: number, pieces: [number, number]): Field[] => [
    ...[NAME, DIGEST],
    [3, numbers(...pieces)],
    [4, numbers(bytes)],
  ];

  test("its name is empty, longer than 255 bytes, or not UTF-8", () => {
    const named = (value: Uint8Array) => readsAs([[1, value], DIGEST, PIECES, FILE]);
    expect(named(new Uint8Array(255).fill(0x61))?.name).toHaveLength(255);
    expect(named(new Uint8Array(256).fill(0x61))).toBeUndefined();
    expect(named(new Uint8Array(0))).toBeUndefined();
    for (const bad of [[0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xe2, 0x82]]) {
      expect(named(Uint8Array.from(bad))).toBeUndefined();
    }
  });

  test("its digest is not of 32 bytes", () => {
    for (const length of [0, 31, 33]) {
      expect(readsAs([NAME, [2, new Uint8Array(length)], PIECES, FILE])).toBeUndefined();
    }
  });

  test("its pieces are none, too many, empty or too long", () => {
    expect(readsAs(fileOf(PIECES_MAX, [PIECES_MAX, 1]))?.pieceCount).toBe(PIECES_MAX);
    expect(readsAs(fileOf(PIECES_MAX + 1, [PIECES_MAX + 1, 1]))).toBeUndefined();
    expect(readsAs(fileOf(65_535, [1, 65_535]))?.pieceBytes).toBe(65_535);
    expect(readsAs(fileOf(65_536, [1, 65_536]))).toBeUndefined();
    expect(readsAs(fileOf(250, [0, 100]))).toBeUndefined();
    expect(readsAs(fileOf(250, [3, 0]))).toBeUndefined();
  });

  test("its pieces are not those of its bytes", () => {
    expect(readsAs(fileOf(201, [3, 100]))).toBeDefined();
    expect(readsAs(fileOf(300, [3, 100]))).toBeDefined();
    expect(readsAs(fileOf(200, [3, 100]))).toBeUndefined();
    expect(readsAs(fileOf(301, [3, 100]))).toBeUndefined();
    expect(readsAs(fileOf(0, [1, 100]))).toBeUndefined();
  });

  test("its pieces are not those of its pixels", () => {
    expect(readsAs(pixels({}))).toMatchObject({ pieceCount: 9, content: { width: 9 } });
    expect(readsAs(pixels({}, [8, 24]))).toBeUndefined();
    expect(readsAs(pixels({}, [10, 24]))).toBeUndefined();
    expect(readsAs(pixels({}, [9, 23]))).toBeUndefined();
    // The longest piece is as large as a tile, but for a tile larger than a field of the picture.
    expect(readsAs(pixels({ 1: 1 }, [3, 12]))).toBeDefined();
    expect(readsAs(pixels({ 1: 1 }, [3, 24]))).toBeUndefined();
    expect(readsAs(pixels({ 0: 3 }, [3, 18]))).toBeDefined();
    expect(readsAs(pixels({ 0: 3 }, [3, 24]))).toBeUndefined();
    // Even rows 0, 2, 4 and odd rows 1, 3: two rows of pieces and one.
    expect(readsAs(pixels({ 7: 2 }, [9, 24]))).toBeDefined();
    expect(readsAs(pixels({ 1: 6, 7: 2 }, [9, 24]))).toBeUndefined();
    expect(readsAs(pixels({ 1: 6, 7: 2 }, [12, 24]))).toBeDefined();
  });

  test("a side is none or longer than 65,535", () => {
    const strip = (width: number) => pixels({ 0: width, 1: 8, 5: 1, 6: 8 }, [width, 24]);
    expect(readsAs(strip(SIDE_MAX))).toBeDefined();
    expect(readsAs(strip(SIDE_MAX + 1))).toBeUndefined();
    for (const side of [0, 1, 5, 6]) expect(readsAs(pixels({ [side]: 0 }))).toBeUndefined();
  });

  test("its samples are of a depth, colour or number that there is not", () => {
    expect(readsAs(pixels({ 3: 16 }, [9, 48]))).toBeDefined();
    expect(readsAs(pixels({ 3: 12 }, [9, 36]))).toBeUndefined();
    expect(readsAs(pixels({ 7: 3 }))).toBeUndefined();
    expect(readsAs(pixels({ 7: 0 }))).toBeUndefined();
    // An order of a later version cannot be guessed: the pieces would land in wrong places.
    expect(readsAs(pixels({ 9: PIECE_ORDERS.length }))).toBeUndefined();
    const taken: string[] = [];
    for (let colour = 0; colour <= 3; colour += 1) {
      for (let channels = 0; channels <= 5; channels += 1) {
        const found = readsAs(pixels({ 2: channels, 4: colour }, [9, 8 * channels]));
        if (found !== undefined) taken.push(`${colour}:${channels}`);
      }
    }
    expect(taken).toEqual(["0:1", "0:2", "1:3", "1:4", "2:4"]);
  });

  test("it is both a picture and a file, or numbers are missing", () => {
    expect(readsAs([...pixels({}), FILE])).toBeUndefined();
    expect(readsAs([NAME, DIGEST, [3, numbers(3)], FILE])).toBeUndefined();
    const nine = numbers(...PIXELS.slice(0, 9));
    expect(readsAs([NAME, DIGEST, [3, numbers(9, 24)], [5, nine]])).toBeUndefined();
  });

  test("it is longer than 2 MiB", () => {
    const filled = (length: number) => {
      const rest = length - assemble([...whole, [13, new Uint8Array(2 ** 20)]]).length;
      return assemble([...whole, [13, new Uint8Array(2 ** 20 + rest)]]);
    };
    expect(filled(MANIFEST_BYTES_MAX)).toHaveLength(MANIFEST_BYTES_MAX);
    expect(decodeManifest(filled(MANIFEST_BYTES_MAX))).toEqual(readsAs(whole));
    expect(decodeManifest(filled(MANIFEST_BYTES_MAX + 1))).toBeUndefined();
  });
});

/** 90 x 50 rgb, one field, png. */
const CODED = [90, 50, 3, 8, 1, 1, 0];
const JPEG = [10_000, 90, 50, 3];
const TABLES: Field = [9, Uint8Array.of(1)];
const PREVIEW: Field[] = [
  [11, numbers(6, 9, 5)],
  [12, Uint8Array.of(2)],
];

describe("an image whose pieces are not cut by rule", () => {
  const pictureOf = (changes: { pieces?: number[]; coded?: number[]; more?: Field[] } = {}) => {
    const { pieces = [0, 1_150, 8], coded = CODED, more = [TABLES, ...PREVIEW] } = changes;
    return readsAs([NAME, DIGEST, [3, numbers(...pieces)], [7, numbers(...coded)], ...more]);
  };
  const jpegOf = (pieces: number[], jpeg = JPEG, more: Field[] = [TABLES]) =>
    readsAs([NAME, DIGEST, [3, numbers(...pieces)], [8, numbers(...jpeg)], ...more]);
  const changed = (list: number[], at: number, value: number) => list.with(at, value);

  test("is read with its tables and its preview", () => {
    const preview = { pieces: 6, width: 9, height: 5, tables: Uint8Array.of(2) };
    expect(pictureOf()?.content).toMatchObject({ mode: "coded", tables: TABLES[1], preview });
    expect(jpegOf([9, 1_150])?.content).toEqual({
      ...{ mode: "jpeg", bytes: 10_000, width: 90, height: 50, channels: 3, bits: 8 },
      tables: TABLES[1],
    });
  });

  test("needs tables, of 64 KiB at most", () => {
    expect(pictureOf({ more: PREVIEW })).toBeUndefined();
    expect(jpegOf([9, 1_150], JPEG, [])).toBeUndefined();
    expect(pictureOf({ more: [TABLES, PREVIEW[0] as Field] })).toBeUndefined();
    for (const tag of [9, 12]) {
      const more = (length: number) => [TABLES, ...PREVIEW, [tag, new Uint8Array(length)] as Field];
      expect(pictureOf({ more: more(TABLES_BYTES_MAX) })).toBeDefined();
      expect(pictureOf({ more: more(TABLES_BYTES_MAX + 1) })).toBeUndefined();
    }
  });

  test("may be uncounted, with an estimate; others may not", () => {
    expect(pictureOf()).toMatchObject({ pieceCount: undefined, pieceEstimate: 8 });
    expect(pictureOf({ pieces: [0, 1_150] })).toBeUndefined();
    expect(pictureOf({ pieces: [0, 1_150, 0] })).toBeUndefined();
    expect(pictureOf({ pieces: [0, 1_150, PICTURE_PIECES_MAX] })).toBeDefined();
    expect(pictureOf({ pieces: [0, 1_150, PICTURE_PIECES_MAX + 1] })).toBeUndefined();
    expect(readsAs([NAME, DIGEST, [3, numbers(0, 100, 3)], FILE])).toBeUndefined();
    expect(
      readsAs([NAME, DIGEST, [3, numbers(0, 24, 9)], [5, numbers(...PIXELS)]]),
    ).toBeUndefined();
  });

  test("has as many pieces as can be", () => {
    // One beside the preview at least, and no more than there are pixels.
    for (const [count, isRight] of [
      [6, false],
      [7, true],
      [4_506, true],
      [4_507, false],
    ] as const) {
      expect(pictureOf({ pieces: [count, 1_150] }) !== undefined).toBe(isRight);
    }
    for (const [count, isRight] of [
      [8, false],
      [9, true],
      [10_000, true],
      [10_001, false],
    ] as const) {
      expect(jpegOf([count, 1_150]) !== undefined).toBe(isRight);
    }
    const wide = changed(changed(CODED, 0, SIDE_MAX), 1, SIDE_MAX);
    expect(pictureOf({ coded: wide, pieces: [PICTURE_PIECES_MAX, 1_150] })).toBeDefined();
    expect(pictureOf({ coded: wide, pieces: [PICTURE_PIECES_MAX + 1, 1_150] })).toBeUndefined();
    // More bytes than all pieces that there may be can hold.
    expect(jpegOf([0, 1, 8], changed(JPEG, 0, PICTURE_PIECES_MAX))).toBeDefined();
    expect(jpegOf([0, 1, 8], changed(JPEG, 0, PICTURE_PIECES_MAX + 1))).toBeUndefined();
  });

  test("has sides, samples and a preview that there can be", () => {
    for (const at of [0, 1]) {
      expect(pictureOf({ coded: changed(CODED, at, 0) })).toBeUndefined();
      expect(pictureOf({ coded: changed(CODED, at, SIDE_MAX + 1) })).toBeUndefined();
      expect(jpegOf([9, 1_150], changed(JPEG, at + 1, 0))).toBeUndefined();
    }
    for (const [at, value] of [
      [2, 5],
      [3, 12],
      [4, 0],
      [5, 3],
    ] as const) {
      expect(pictureOf({ coded: changed(CODED, at, value) })).toBeUndefined();
    }
    expect(jpegOf([9, 1_150], changed(JPEG, 3, 5))).toBeUndefined();
    expect(jpegOf([9, 1_150], changed(JPEG, 0, 0))).toBeUndefined();
    const shown = (pieces: number, width: number, height: number) =>
      pictureOf({ more: [TABLES, ...PREVIEW, [11, numbers(pieces, width, height)]] });
    expect(shown(PREVIEW_PIECES_MAX, 90, 50)).toBeDefined();
    const wrong = [
      [PREVIEW_PIECES_MAX + 1, 90, 50],
      [0, 9, 5],
      [6, 91, 50],
      [6, 90, 51],
      [6, 0, 5],
    ];
    for (const [pieces = 0, width = 0, height = 0] of wrong) {
      expect(shown(pieces, width, height)).toBeUndefined();
    }
  });

  test("is of one mode", () => {
    expect(pictureOf({ more: [TABLES, FILE] })).toBeUndefined();
    expect(pictureOf({ more: [TABLES, [8, numbers(...JPEG)]] })).toBeUndefined();
  });
});

test("a file with a preview tells the size of its picture", () => {
  const picture: Field = [10, numbers(90, 50)];
  const nine: Field = [3, numbers(9, 100)];
  expect(readsAs([...whole, picture])?.content).toMatchObject({
    picture: { width: 90, height: 50 },
  });
  expect(readsAs([...whole, nine, picture, ...PREVIEW])?.content).toMatchObject({
    preview: { pieces: 6, width: 9, height: 5 },
  });
  expect(readsAs([...whole, picture, ...PREVIEW])).toBeUndefined();
  expect(readsAs([...whole, nine, ...PREVIEW])).toBeUndefined();
  expect(readsAs([...whole, [10, numbers(0, 50)]])).toBeUndefined();
  expect(readsAs([...whole, nine, [10, numbers(8, 50)], ...PREVIEW])).toBeUndefined();
});

test("a manifest of more than 1,024 fields is none", () => {
  const padded = (count: number) =>
    readsAs([...whole, ...Array.from({ length: count - 4 }, (): Field => [99, new Uint8Array(0)])]);
  expect(padded(FIELDS_MAX)).toEqual(readsAs(whole));
  expect(padded(FIELDS_MAX + 1)).toBeUndefined();
});

test("a format of a later version is another format; its metadata of unknown kind is left out", () => {
  const later: Field[] = [
    ...[NAME, DIGEST],
    [3, numbers(9, 24)],
    [5, numbers(...PIXELS.slice(0, 8), IMAGE_FORMATS.length, 0)],
    [6, Uint8Array.of(METADATA_KINDS.length, 1, 2)],
    [6, Uint8Array.of(0, 1, 2)],
  ];
  const { content } = readsAs(later) ?? {};
  const icc = { kind: "icc", bytes: Uint8Array.of(1, 2) };
  expect(content).toMatchObject({ format: "other", metadata: [icc] });
});

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Range } from "../../src/base/range-set.js";
import { ByteWriter } from "../../src/wire/bytes.js";
import { BASE_DATAGRAM_BYTES, headerBytes } from "../../src/wire/datagram.js";
import {
  ACK_RANGES_MAX,
  type AckFrame,
  ackFrameBytes,
  writeAck,
} from "../../src/wire/frames/ack.js";
import {
  OUTCOMES,
  REASONS,
  type ResultFrame,
  writeClose,
  writeResult,
} from "../../src/wire/frames/end.js";
import { writePing } from "../../src/wire/frames/frame.js";
import { writeHello, writeWelcome } from "../../src/wire/frames/handshake.js";
import {
  IMAGES_MAX,
  MANIFEST_BYTES_MAX,
  manifestFrameOverhead,
  PICTURE_PIECES_MAX,
  PIECES_MAX,
  pieceFrameBytes,
  writeDone,
  writeManifestFrame,
  writePieceHead,
} from "../../src/wire/frames/image.js";
import {
  GROUP_SYMBOLS_MAX,
  lastOf,
  parityFrameBytes,
  SYMBOL_HEAD_BYTES,
  writeParityHead,
} from "../../src/wire/frames/parity.js";
import { writePathChallenge, writePathResponse } from "../../src/wire/frames/path.js";
import { FrameType } from "../../src/wire/frames/type.js";
import { raw, read } from "./reading.js";

const number = fc.oneof(fc.nat(70), fc.nat(20_000), fc.nat(), fc.maxSafeNat());
const image = fc.nat(IMAGES_MAX - 1);
const bytes = (lengthMin: number, lengthMax: number) =>
  fc.uint8Array({ minLength: lengthMin, maxLength: lengthMax });

/** Newest first, disjoint, not touching. */
const ackRanges = fc
  .array(fc.tuple(fc.nat(300), fc.nat(300)), { minLength: 1, maxLength: ACK_RANGES_MAX })
  .map((steps) => {
    const ranges: Range[] = [];
    let above = 0;
    for (const [gap, length] of steps) {
      ranges.unshift({ start: above + gap, end: above + gap + length + 1 });
      above += gap + length + 2;
    }
    return ranges;
  });

const pieceWriter =
  (imageNumber: number, piece: number, pieceCount: number | undefined, content: Uint8Array) =>
  (writer: ByteWriter): void => {
    const start = writer.offset;
    const at = writePieceHead(writer, imageNumber, piece, pieceCount, content.length);
    writer.target.set(content, at);
    const size = pieceFrameBytes(imageNumber, piece, pieceCount, content.length);
    expect(writer.offset - start).toBe(size);
  };

describe("a frame comes back as it was written:", () => {
  test("PING", () => expect(read(writePing)).toEqual([{ kind: "ping" }]));

  test("ACK", () => {
    fc.assert(
      fc.property(number, number, number, ackRanges, (delayUs, arrivedUs, windowBytes, ranges) => {
        const frame: AckFrame = { kind: "ack", delayUs, arrivedUs, windowBytes, ranges };
        const writer = new ByteWriter(new Uint8Array(20_000));
        writeAck(writer, frame);
        expect(writer.offset).toBe(ackFrameBytes(frame));
        expect(read((w) => writeAck(w, frame))).toEqual([frame]);
      }),
    );
  });

  test("HELLO", () => {
    fc.assert(
      fc.property(fc.integer({ min: BASE_DATAGRAM_BYTES }), (maxDatagramBytes) => {
        const frame = { kind: "hello", maxDatagramBytes } as const;
        expect(read((w) => writeHello(w, frame))).toEqual([frame]);
      }),
    );
  });

  test("WELCOME", () => {
    fc.assert(
      fc.property(
        number,
        fc.boolean(),
        number,
        bytes(16, 16),
        (more, repair, windowBytes, resetToken) => {
          const maxDatagramBytes = Math.min(BASE_DATAGRAM_BYTES + more, Number.MAX_SAFE_INTEGER);
          const frame = {
            kind: "welcome",
            maxDatagramBytes,
            repair,
            windowBytes,
            resetToken,
          } as const;
          expect(read((w) => writeWelcome(w, frame))).toEqual([frame]);
        },
      ),
    );
  });

  test("MANIFEST", () => {
    const parts = fc.tuple(image, fc.nat(MANIFEST_BYTES_MAX - 1), bytes(1, 1_200));
    fc.assert(
      fc.property(parts, fc.nat(5_000), ([number_, offset, content], more) => {
        const part = content.subarray(0, MANIFEST_BYTES_MAX - offset);
        const totalBytes = Math.min(offset + part.length + more, MANIFEST_BYTES_MAX);
        const frame = {
          kind: "manifest",
          image: number_,
          totalBytes,
          offset,
          bytes: part,
        } as const;
        const writer = new ByteWriter(new Uint8Array(2_000));
        writeManifestFrame(writer, frame);
        const head = manifestFrameOverhead(number_, totalBytes, offset);
        // One byte less when the length field is short.
        expect(head + part.length - writer.offset).toBe(writer.offset < 66 ? 1 : 0);
        expect(read((w) => writeManifestFrame(w, frame))).toEqual([frame]);
      }),
    );
  });

  test("PIECE", () => {
    const place = fc
      .nat(PIECES_MAX - 1)
      .chain((piece) =>
        fc.tuple(fc.constant(piece), fc.integer({ min: piece + 1, max: PIECES_MAX })),
      );
    fc.assert(
      fc.property(image, place, bytes(1, 1_200), (number_, [piece, pieceCount], content) => {
        for (const count of piece < PICTURE_PIECES_MAX ? [pieceCount, undefined] : [pieceCount]) {
          const frame = { kind: "piece", image: number_, piece, pieceCount: count, bytes: content };
          expect(read(pieceWriter(number_, piece, count, content))).toEqual([frame]);
        }
      }),
    );
  });

  test("PATH_CHALLENGE and PATH_RESPONSE", () => {
    fc.assert(
      fc.property(bytes(8, 8), fc.boolean(), (data, sameHost) => {
        const challenge = { kind: "pathChallenge", data, sameHost } as const;
        const response = { kind: "pathResponse", data } as const;
        const write = (writer: ByteWriter): void => {
          writePathChallenge(writer, challenge);
          writePathResponse(writer, response);
        };
        expect(read(write)).toEqual([challenge, response]);
      }),
    );
  });

  test("PARITY", () => {
    const group = fc
      .record({
        first: fc.nat(PIECES_MAX - 1),
        stride: fc.integer({ min: 1, max: 300_000 }),
        sources: fc.integer({ min: 1, max: GROUP_SYMBOLS_MAX - 1 }),
      })
      .filter((drawn) => lastOf(drawn) < PIECES_MAX);
    const symbol = bytes(SYMBOL_HEAD_BYTES + 1, 1_200);
    fc.assert(
      fc.property(image, group, fc.nat(9_999), symbol, (i, g, luck, content) => {
        const index = luck % (GROUP_SYMBOLS_MAX - g.sources);
        const write = (writer: ByteWriter): void => {
          const start = writer.offset;
          const at = writeParityHead(writer, i, g, index, content.length);
          writer.target.set(content, at);
          expect(writer.offset - start).toBe(parityFrameBytes(i, g, index, content.length));
        };
        expect(read(write)).toEqual([{ kind: "parity", image: i, ...g, index, bytes: content }]);
      }),
    );
  });

  test("PARITY of the longest pieces fits a datagram of 1,200 bytes, with a tag of 16", () => {
    const group = { first: PIECES_MAX - 1 - 253 * 10_000, stride: 10_000, sources: 254 };
    const frame = parityFrameBytes(63, group, 0, SYMBOL_HEAD_BYTES + 1_150);
    expect(headerBytes(2 ** 30 - 1) + frame + 16).toBeLessThanOrEqual(BASE_DATAGRAM_BYTES);
  });

  test("DONE", () => {
    fc.assert(
      fc.property(image, fc.integer({ min: 1, max: PIECES_MAX }), (number_, pieceCount) => {
        const frame = { kind: "done", image: number_, pieceCount } as const;
        expect(read((w) => writeDone(w, frame))).toEqual([frame]);
      }),
    );
  });

  test("RESULT", () => {
    const words = fc.tuple(fc.constantFrom(...OUTCOMES), fc.constantFrom(...REASONS));
    fc.assert(
      fc.property(
        image,
        words,
        fc.tuple(number, number, number, number),
        bytes(32, 32),
        (i, w, n, d) => {
          const [outcome, reason] = w;
          const [missingPieces, missingPixels, elapsedUs, lossPpm] = n;
          const counts = { missingPieces, missingPixels, elapsedUs, lossPpm };
          const digest = outcome === "verified" ? d : new Uint8Array(0);
          const frame: ResultFrame = {
            kind: "result",
            image: i,
            outcome,
            reason,
            ...counts,
            digest,
          };
          expect(read((writer) => writeResult(writer, frame))).toEqual([frame]);
        },
      ),
    );
  });

  test("CLOSE, for every reason", () => {
    for (const reason of REASONS) {
      expect(read((w) => writeClose(w, { reason }))).toEqual([{ kind: "close", reason }]);
    }
  });
});

const zeros = (count: number): number[] => Array.from({ length: count }, () => 0);
/** Gap 1, one piece, as often as told. */
const alternating = (count: number): number[] =>
  Array.from({ length: 2 * count }, (_, i) => (i % 2 === 0 ? 1 : 0));

/** Type, numbers of the body, bytes behind them, and whether it is a frame. */
type Edge = readonly [type: number, numbers: readonly number[], rest: number, taken: boolean];

describe("at the edge of each limit a frame is taken, and one past it the datagram is malformed:", () => {
  const { ack, hello, welcome, manifest, piece, done, result, close, parity } = FrameType;
  const { pathChallenge, pathResponse } = FrameType;
  const edges: Record<string, readonly Edge[]> = {
    HELLO: [
      [hello, [1_200], 0, true],
      [hello, [1_199], 0, false],
      [hello, [], 0, false],
    ],
    WELCOME: [
      [welcome, [1_200, 1, 0], 16, true],
      [welcome, [1_199, 1, 0], 16, false],
      [welcome, [1_200, 1, 0], 15, false],
    ],
    MANIFEST: [
      [manifest, [IMAGES_MAX - 1, 1, 0], 1, true],
      [manifest, [IMAGES_MAX, 1, 0], 1, false],
      [manifest, [0, MANIFEST_BYTES_MAX, MANIFEST_BYTES_MAX - 1], 1, true],
      [manifest, [0, MANIFEST_BYTES_MAX + 1, 0], 1, false],
      [manifest, [0, 5, 4], 2, false],
      [manifest, [0, 5, 5], 1, false],
      [manifest, [0, 5, 2], 0, false],
      [manifest, [0, 5, Number.MAX_SAFE_INTEGER], 1, false],
    ],
    PIECE: [
      [piece, [IMAGES_MAX - 1, PIECES_MAX - 1, PIECES_MAX], 1, true],
      [piece, [IMAGES_MAX, 0, 1], 1, false],
      [piece, [0, 0, PIECES_MAX + 1], 1, false],
      [piece, [0, 1, 1], 1, false],
      [piece, [0, PICTURE_PIECES_MAX - 1, 0], 1, true],
      [piece, [0, PICTURE_PIECES_MAX, 0], 1, false],
      [piece, [0, 0, 1], 0, false],
    ],
    PARITY: [
      [parity, [IMAGES_MAX - 1, 0, 1, 1, 0], 3, true],
      [parity, [IMAGES_MAX, 0, 1, 1, 0], 3, false],
      [parity, [0, 0, 0, 1, 0], 3, false],
      [parity, [0, 0, 1, 0, 0], 3, false],
      [parity, [0, 0, 1, 1, 0], 2, false],
      [parity, [0, 0, 1, 200, 54], 3, true],
      [parity, [0, 0, 1, 200, 55], 3, false],
      [parity, [0, 0, 1, Number.MAX_SAFE_INTEGER, 0], 3, false],
      [parity, [0, PIECES_MAX - 3, 2, 2, 0], 3, true],
      [parity, [0, PIECES_MAX - 2, 2, 2, 0], 3, false],
      [parity, [0, 0, Number.MAX_SAFE_INTEGER, 254, 0], 3, false],
      [parity, [0, 0, 1, 1], 0, false],
    ],
    DONE: [
      [done, [IMAGES_MAX - 1, PIECES_MAX], 0, true],
      [done, [IMAGES_MAX, 1], 0, false],
      [done, [0, PIECES_MAX + 1], 0, false],
      [done, [0, 0], 0, false],
      [done, [0], 0, false],
    ],
    RESULT: [
      [result, [IMAGES_MAX - 1, 0, 0, 0, 0, 0, 0], 32, true],
      [result, [IMAGES_MAX, 0, 0, 0, 0, 0, 0], 32, false],
      [result, [0, 0, 0, 0, 0, 0, 0], 31, false],
      [result, [0, 0, 0, 0, 0, 0, 0], 33, false],
      [result, [0, 1, 0, 0, 0, 0, 0], 0, true],
      [result, [0, 1, 0, 0, 0, 0, 0], 32, false],
      [result, [0, OUTCOMES.length, 0, 0, 0, 0, 0], 0, false],
      [result, [0, 1, 0, 0, 0, 0], 0, false],
    ],
    CLOSE: [
      [close, [0], 0, true],
      [close, [], 0, false],
    ],
    PATH_CHALLENGE: [
      [pathChallenge, [], 9, true],
      [pathChallenge, [], 8, false],
    ],
    PATH_RESPONSE: [
      [pathResponse, [], 8, true],
      [pathResponse, [], 7, false],
    ],
    ACK: [
      [ack, [0, 0, 0, 0, 0, 0], 0, true],
      [ack, [0, 0, 0, 0, 0, 1], 0, false],
      [ack, [9, 0, 0, 0, 1, 3, 4, 0], 0, true],
      [ack, [9, 0, 0, 0, 1, 3, 4, 1], 0, false],
      [ack, [9, 0, 0, 0, 1, 3, 5, 0], 0, false],
      [ack, [9, 0, 0, 0, 2, 3, 0, 0], 0, false],
      [ack, [9, 0, 0, 0, 0], 0, false],
      [ack, [1_000, 0, 0, 0, ACK_RANGES_MAX - 1, 0, ...zeros(510)], 0, true],
      [ack, [1_000, 0, 0, 0, ACK_RANGES_MAX, 0, ...zeros(512)], 0, false],
      [ack, [1_000, 0, 0, 0, Number.MAX_SAFE_INTEGER, 0], 0, false],
    ],
  };
  for (const [name, cases] of Object.entries(edges)) {
    test(name, () => {
      for (const [type, numbers, rest, taken] of cases) {
        const frames = read(raw(type, numbers, new Uint8Array(rest)));
        expect([numbers, rest, frames !== undefined]).toEqual([numbers, rest, taken]);
      }
    });
  }

  test("GAPS", () => {
    const { gaps } = FrameType;
    const cases: [number[], boolean][] = [
      [[0, 0, 0, 0], true],
      [[0, 5, 3, 1, 0, 2], true],
      [[0, 5, 3, 1, 0, 3], false],
      [[0, 5, 3, 1, 3, 0], false],
      // Two ranges that touch are one.
      [[0, 5, 3, 2, 0, 0, 0, 0], false],
      [[0, 5, 3, 2, 0, 0, 1, 0], true],
      [[0, 5, 3, 2, 0, 0], false],
      [[0, Number.MAX_SAFE_INTEGER - 1, 1, 0], true],
      [[0, Number.MAX_SAFE_INTEGER, 1, 0], false],
      [[0, 0, 2_000, 512, ...alternating(512)], true],
      [[0, 0, 2_000, 513, ...alternating(513)], false],
      [[0, 0, 2_000, Number.MAX_SAFE_INTEGER], false],
    ];
    for (const [numbers, taken] of cases) {
      expect([numbers, read(raw(gaps, numbers)) !== undefined]).toEqual([numbers, taken]);
    }
  });
});

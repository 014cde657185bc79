import { describe, expect, test } from "vitest";
import { ByteReader, ByteWriter } from "../../src/wire/bytes.js";
import { writeAck } from "../../src/wire/frames/ack.js";
import { REASONS, writeClose } from "../../src/wire/frames/end.js";
import {
  FRAMES_MAX,
  isAckEliciting,
  padTo,
  readFrames,
  writePing,
} from "../../src/wire/frames/frame.js";
import { writeDone } from "../../src/wire/frames/image.js";
import { FrameType, writeFrameHead } from "../../src/wire/frames/type.js";
import { raw, read } from "./reading.js";

describe("a later version may", () => {
  test("send frames of types not known here: they are skipped, whatever is in them", () => {
    const unknown = [0x0e, 0x3f, 0x40, 0x7777, 2 ** 40];
    const frames = read((writer) => {
      writePing(writer);
      for (const type of unknown) {
        writer.varint(type);
        writer.varint(3);
        writer.bytes(Uint8Array.of(0xff, 0xff, 0xff));
      }
      writeDone(writer, { image: 0, pieceCount: 1 });
    });
    expect(frames).toEqual([{ kind: "ping" }, { kind: "done", image: 0, pieceCount: 1 }]);
  });

  test("write a type or length in more bytes than it needs", () => {
    const longWay = Uint8Array.of(0x40, FrameType.done, 0x40, 0x02, 0x00, 0x01);
    expect(readFrames(new ByteReader(longWay), longWay)).toEqual([
      { kind: "done", image: 0, pieceCount: 1 },
    ]);
  });

  test("add fields behind those known here, where no bytes of open length end the body", () => {
    const { ping, ack, hello, welcome, done, gaps, close, pathChallenge } = FrameType;
    const bodies: [number, number[]][] = [
      [ping, []],
      [ack, [5, 0, 0, 0, 0, 0]],
      [hello, [1_200]],
      [welcome, [1_200, 1, 9, ...token]],
      [done, [0, 1]],
      [gaps, [0, 0, 4, 1, 1, 1]],
      [close, [3]],
      [pathChallenge, [1, 2, 3, 4, 5, 6, 7, 8, 1]],
    ];
    for (const [type, numbers] of bodies) {
      const plain = read(raw(type, numbers));
      expect(plain).toHaveLength(1);
      expect(read(raw(type, [...numbers, 77, 2 ** 40]))).toEqual(plain);
    }
  });

  test("set flags of WELCOME that mean nothing here", () => {
    const repair = [0, 1, 2, 3, 254, 255].map((flags) => {
      const [frame] = read(raw(FrameType.welcome, [1_200, flags, 0, ...token])) ?? [];
      return frame?.kind === "welcome" && frame.repair;
    });
    expect(repair).toEqual([false, true, false, true, false, true]);
  });

  test("give a reason not known here: the outcome still counts", () => {
    const later = REASONS.length;
    expect(read(raw(FrameType.close, [later]))).toEqual([{ kind: "close", reason: "none" }]);
    const [result] = read(raw(FrameType.result, [0, 3, later, 1, 2, 3, 4])) ?? [];
    expect(result).toMatchObject({ kind: "result", outcome: "failed", reason: "none" });
  });
});

/** RESET_TOKEN_BYTES, as numbers of one byte. */
const token = Array.from({ length: 16 }, (_, i) => i);

describe("a datagram's frames", () => {
  test("may be none, and 64 at most, padding and unknown ones counted", () => {
    expect(read(() => undefined)).toEqual([]);
    const many = (count: number) => (writer: ByteWriter) => {
      for (let i = 0; i < count; i += 1) writeFrameHead(writer, i % 2 === 0 ? 0x00 : 0x3e, 0);
    };
    expect(FRAMES_MAX).toBe(64);
    expect(read(many(FRAMES_MAX))).toEqual([]);
    expect(read(many(FRAMES_MAX + 1))).toBeUndefined();
  });

  test("are dropped together when one of them is malformed, or runs over the end", () => {
    expect(read((w) => [writePing(w), raw(FrameType.hello, [3])(w)])).toBeUndefined();
    expect(read((w) => [writePing(w), writeFrameHead(w, 0x3e, 1)])).toBeUndefined();
    expect(read((w) => [writePing(w), w.u8(FrameType.ping)])).toBeUndefined();
    expect(read((w) => [writePing(w), w.u8(0x3e), w.varint(2 ** 40)])).toBeUndefined();
  });

  test("do not read into each other: a body cut short is malformed even when more follows", () => {
    const cut = read((w) => {
      writeFrameHead(w, FrameType.done, 1);
      w.varint(0);
      writePing(w);
    });
    expect(cut).toBeUndefined();
  });

  test("ask for an acknowledgement, but for ACK; padding and unknown ones do not", () => {
    const frames = read((w) => {
      writePing(w);
      writeAck(w, {
        kind: "ack",
        delayUs: 0,
        arrivedUs: 0,
        windowBytes: 0,
        ranges: [{ start: 0, end: 1 }],
      });
      writeClose(w, { reason: "none" });
    });
    expect(frames?.map(isAckEliciting)).toEqual([true, false, true]);
    expect(read((w) => padTo(w, 40))).toEqual([]);
  });
});

test("padding fills to the byte, but for a single byte, and is read as nothing", () => {
  const sizes = [...Array(300).keys(), ...Array.from({ length: 12 }, (_, i) => 16_380 + i)];
  for (const size of sizes) {
    const writer = new ByteWriter(new Uint8Array(17_000).fill(0xee));
    padTo(writer, size);
    expect([size, writer.offset]).toEqual([size, size === 1 ? 0 : size]);
    expect(
      readFrames(new ByteReader(writer.target, 0, size === 1 ? 0 : size), writer.target),
    ).toEqual([]);
    expect(writer.target[writer.offset]).toBe(0xee);
  }
});

test("padding keeps within the writer's room and leaves a longer datagram as it is", () => {
  const writer = new ByteWriter(new Uint8Array(100), 0, 90);
  padTo(writer, 1_200);
  expect(writer.offset).toBe(90);
  padTo(writer, 20);
  expect(writer.offset).toBe(90);
});

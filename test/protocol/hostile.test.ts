import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type InstantUs, instantUs, NEVER } from "../../src/base/units.js";
import type { ReadPiece } from "../../src/protocol/held-parity.js";
import { NewReno } from "../../src/protocol/new-reno.js";
import { Receiver } from "../../src/protocol/receiver.js";
import type { ReceiverConnection, ReceiverEvent } from "../../src/protocol/receiver-connection.js";
import { Sender } from "../../src/protocol/sender.js";
import type { ByteWriter } from "../../src/wire/bytes.js";
import { ackFrameBytes, writeAck } from "../../src/wire/frames/ack.js";
import { OUTCOMES, REASONS, writeClose, writeResult } from "../../src/wire/frames/end.js";
import { padTo, writePing } from "../../src/wire/frames/frame.js";
import { writeGaps } from "../../src/wire/frames/gaps.js";
import { writeHello, writeWelcome } from "../../src/wire/frames/handshake.js";
import { writeDone, writeManifestFrame, writePieceHead } from "../../src/wire/frames/image.js";
import { SYMBOL_HEAD_BYTES, writeParityHead } from "../../src/wire/frames/parity.js";
import { encodeManifest } from "../../src/wire/manifest-bytes.js";
import { datagramOf, sealing } from "../wire/plain.js";

const resetToken = new Uint8Array(16);

/*
 * A peer that keeps to the wire format and to nothing else: it acknowledges what
 * was never sent, contradicts itself, ends what never began.
 */
const connectionId = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);

const small = fc.oneof(
  { weight: 5, arbitrary: fc.nat(5) },
  { weight: 2, arbitrary: fc.nat(70) },
  { weight: 1, arbitrary: fc.constantFrom(2 ** 16 - 1, 2 ** 26, 2 ** 31, 2 ** 53 - 1) },
);
const image = fc.oneof(
  { weight: 6, arbitrary: fc.nat(2) },
  { weight: 1, arbitrary: fc.nat(65_535) },
);

type Write = (writer: ByteWriter) => void;
const when = (fits: boolean, write: Write): Write => (fits ? write : () => undefined);

const ack = fc
  .record({
    ...{ largest: small, delayUs: small, arrivedUs: small, windowBytes: small },
    lengths: fc.array(fc.nat(9)),
  })
  .map(({ largest, delayUs, arrivedUs, windowBytes, lengths }): Write => {
    const ranges: { start: number; end: number }[] = [];
    let end = Math.min(largest, 2 ** 53 - 2) + 1;
    for (const length of [0, ...lengths]) {
      const start = end - 1 - length;
      if (start < 0) break;
      ranges.push({ start, end });
      end = start - 2;
    }
    const frame = { kind: "ack", delayUs, arrivedUs, windowBytes, ranges } as const;
    return when(ranges.length > 0 && ackFrameBytes(frame) < 500, (writer) =>
      writeAck(writer, frame),
    );
  });

const gaps = fc
  .record({ image, from: small, lengths: fc.array(fc.nat(9), { maxLength: 20 }) })
  .map((plan): Write => {
    const from = Math.min(plan.from, 2 ** 40);
    let to = from;
    const missing = plan.lengths.map((length) => {
      const start = to + 1;
      to = start + length + 1;
      return { start, end: to };
    });
    return (writer) => writeGaps(writer, { kind: "gaps", image: plan.image, from, to, missing });
  });

const piece = fc
  .record({ image, piece: small, pieceCount: small, length: fc.oneof(fc.nat(10), fc.nat(99)) })
  .map((plan): Write => {
    return (writer) => {
      writePieceHead(writer, plan.image, plan.piece, plan.pieceCount, plan.length + 1);
    };
  });

const parity = fc
  .record({
    ...{ image, first: fc.nat(6), stride: fc.constantFrom(1, 1, 2, 2 ** 20) },
    ...{ sources: fc.integer({ min: 1, max: 9 }), index: fc.nat(3), length: fc.nat(10) },
  })
  .map((plan): Write => {
    return (writer) => {
      writeParityHead(writer, plan.image, plan, plan.index, SYMBOL_HEAD_BYTES + plan.length + 1);
    };
  });

const head = { name: "x", digest: new Uint8Array(32), pieceBytes: 10 };
const honest = encodeManifest({ ...head, pieceCount: 5, content: { mode: "file", bytes: 45 } });
/** Of a picture with a preview whose pieces nobody has counted. */
const open = encodeManifest({
  ...{ ...head, pieceCount: undefined, pieceEstimate: 6 },
  content: {
    ...{ mode: "coded", width: 4, height: 4, channels: 1, bits: 8, colour: "gray" },
    ...{ fields: 1, format: "png", metadata: [], tables: new Uint8Array(0) },
    preview: { pieces: 2, width: 1, height: 1, tables: new Uint8Array(0) },
  },
});
const manifest = fc
  .record({
    ...{ image, offset: fc.nat(90), length: fc.nat(90), extra: fc.nat(2), noise: fc.boolean() },
    whole: fc.constantFrom(honest, open),
  })
  .map((plan): Write => {
    const { whole } = plan;
    const totalBytes = whole.length + (plan.extra === 0 ? 0 : plan.extra);
    const start = plan.extra === 0 ? 0 : Math.min(plan.offset, whole.length - 1);
    const bytes = plan.noise ? whole.map((b) => b ^ 0x55) : whole;
    const part = plan.extra === 0 ? bytes : bytes.subarray(start, start + plan.length + 1);
    return (writer) =>
      writeManifestFrame(writer, { image: plan.image, totalBytes, offset: start, bytes: part });
  });

const result = fc
  .record({ image, outcome: fc.constantFrom(...OUTCOMES), reason: fc.constantFrom(...REASONS) })
  .map((plan): Write => {
    const digest = new Uint8Array(plan.outcome === "verified" ? 32 : 0);
    const numbers = { missingPieces: 1, missingPixels: 1, elapsedUs: 1, lossPpm: 1 };
    return (writer) => writeResult(writer, { ...plan, ...numbers, digest });
  });

const frame: fc.Arbitrary<Write> = fc.oneof(
  { weight: 6, arbitrary: ack },
  { weight: 4, arbitrary: gaps },
  { weight: 6, arbitrary: piece },
  { weight: 3, arbitrary: manifest },
  { weight: 3, arbitrary: parity },
  { weight: 1, arbitrary: result },
  fc.record({ image, pieceCount: small }).map(
    (plan): Write =>
      (writer) =>
        writeDone(writer, plan),
  ),
  fc.constant<Write>(writePing),
  fc.record({ windowBytes: small, repair: fc.boolean() }).map(
    (plan): Write =>
      (writer) =>
        writeWelcome(writer, { kind: "welcome", maxDatagramBytes: 1_200, resetToken, ...plan }),
  ),
  fc.constant<Write>((writer) => {
    writeHello(writer, { kind: "hello", maxDatagramBytes: 1_200 });
    padTo(writer, 1_200);
  }),
);
const closing = fc.constantFrom(...REASONS).map(
  (reason): Write =>
    (writer) =>
      writeClose(writer, { reason }),
);

interface Step {
  readonly afterUs: number;
  readonly packetNumber: number | undefined;
  readonly frames: readonly Write[];
}

const steps = fc.array(
  fc.record({
    afterUs: fc.oneof(fc.nat(100_000), fc.nat(30_000_000)),
    packetNumber: fc.option(small, { nil: undefined, freq: 10 }),
    frames: fc.array(
      fc.oneof({ weight: 30, arbitrary: frame }, { weight: 1, arbitrary: closing }),
      {
        minLength: 1,
        maxLength: 4,
      },
    ),
  }),
  { minLength: 1, maxLength: 40 },
);

function stepDatagram(step: Step, from: "sender" | "receiver", number: number): Uint8Array {
  const header = { from, connectionId, packetNumber: step.packetNumber ?? number } as const;
  const write = (writer: ByteWriter): void => {
    for (const writeFrame of step.frames) writeFrame(writer);
  };
  return datagramOf(header, write, { size: 4_000 });
}

interface Machine {
  poll(nowUs: InstantUs): { readonly deadlineUs: InstantUs; readonly datagrams: number };
  handleTimeout(nowUs: InstantUs): void;
}

/** Lets a machine live up to `untilUs`; tells how many datagrams it sent. */
function live(machine: Machine, fromUs: InstantUs, untilUs: InstantUs): number {
  let nowUs = fromUs;
  let datagrams = 0;
  for (let turns = 0; ; turns += 1) {
    const drained = machine.poll(nowUs);
    datagrams += drained.datagrams;
    if (drained.deadlineUs > untilUs) return datagrams;
    if (turns > 20_000) throw new Error(`time stands still at ${nowUs}`);
    nowUs = instantUs(Math.max(nowUs, drained.deadlineUs));
    machine.handleTimeout(nowUs);
  }
}

function senderOfTwo(): Sender {
  const sender = new Sender({
    connectionId,
    security: sealing.sender(),
    congestion: new NewReno(),
    nowUs: instantUs(0),
  });
  for (const pieceCount of [60, undefined]) {
    sender.addImage({
      manifest: honest,
      digest: new Uint8Array(32),
      pieceCount,
      pieceBytes: 1_000,
      pieceLength: (piece) => 1_000 - piece,
      readPiece: () => undefined,
    });
  }
  return sender;
}

const ruledLength = (piece: number): number => (piece < 4 ? 10 : 5);

interface DiskImage {
  readonly kept: Map<number, Uint8Array>;
  readonly isRuled: boolean;
}

/** A host that takes every image and writes at once; it checks what it is given. */
function hostOf(receiver: Receiver): Machine {
  const disk = new Map<string, DiskImage>();
  const take = (connection: ReceiverConnection, event: ReceiverEvent, nowUs: InstantUs): void => {
    const key = (number: number): string => `${connection.key} ${number}`;
    if (event.kind === "offer") {
      const isRuled = event.manifest.pieceCount !== undefined;
      const lengthOf = (piece: number) => (isRuled ? ruledLength(piece) : undefined);
      const kept = new Map<number, Uint8Array>();
      disk.set(key(event.image), { kept, isRuled });
      const read: ReadPiece = (piece, target, offset) => {
        const bytes = kept.get(piece);
        if (bytes !== undefined) target.set(bytes, offset);
        return bytes?.length;
      };
      connection.accept(event.image, { max: 10, lengthOf }, [], nowUs, read);
    } else if (event.kind === "piece") {
      const { kept, isRuled } = disk.get(key(event.image)) as DiskImage;
      const { length } = event.bytes;
      if (isRuled) expect(length).toBe(ruledLength(event.piece));
      expect(length >= 1 && length <= 10).toBe(true);
      kept.set(event.piece, event.bytes.slice());
      connection.pieceWritten(length);
    } else if (event.kind === "complete") connection.verified(event.image, new Uint8Array(32));
  };
  return {
    handleTimeout: (nowUs) => receiver.handleTimeout(nowUs),
    poll(nowUs) {
      for (let datagrams = 0; datagrams < 20_000; ) {
        const out = receiver.pollOutput(nowUs);
        if (out.kind === "waitUntil") return { deadlineUs: out.deadlineUs, datagrams };
        if (out.kind === "transmit") datagrams += 1;
        else take(out.connection, out.event, nowUs);
      }
      throw new Error("a receiver sends without end");
    },
  };
}

function driverOf(sender: Sender): Machine {
  return {
    handleTimeout: (nowUs) => sender.handleTimeout(nowUs),
    poll(nowUs) {
      for (let datagrams = 0; datagrams < 20_000; ) {
        const out = sender.pollOutput(nowUs);
        if (out.kind === "waitUntil") return { deadlineUs: out.deadlineUs, datagrams };
        if (out.kind === "transmit") datagrams += 1;
      }
      throw new Error("a sender sends without end");
    },
  };
}

describe("a peer that keeps to the wire format only", () => {
  test("never stops a sender's program, nor makes its time stand still", () => {
    fc.assert(
      fc.property(steps, (plan) => {
        const sender = senderOfTwo();
        const machine = driverOf(sender);
        let nowUs = instantUs(0);
        plan.forEach((step, number) => {
          const next = instantUs(nowUs + step.afterUs);
          live(machine, nowUs, next);
          nowUs = next;
          sender.handleDatagram(stepDatagram(step, "receiver", number), nowUs);
          const isLast = number === plan.length - 1;
          sender.supply(1, { available: number + 1, pieceCount: isLast ? number + 1 : undefined });
        });
        live(machine, nowUs, instantUs(nowUs + 200e6));
        // It has given up, a minute after the last word.
        expect(sender.pollOutput(instantUs(nowUs + 200e6))).toMatchObject({ deadlineUs: NEVER });
      }),
      { numRuns: 1_500 },
    );
  });

  test("never stops a receiver's program, nor makes it answer more than it was sent", () => {
    fc.assert(
      fc.property(steps, fc.boolean(), (plan, repair) => {
        const receiver = new Receiver({
          security: sealing.receiver(),
          repair,
          windowBytesMax: 4_000,
        });
        const machine = hostOf(receiver);
        let nowUs = instantUs(0);
        let sent = 0;
        receiver.handleDatagram(openingHello(), "peer", nowUs);
        plan.forEach((step, i) => {
          const next = instantUs(nowUs + step.afterUs);
          sent += live(machine, nowUs, next);
          nowUs = next;
          receiver.handleDatagram(stepDatagram(step, "sender", i + 1), "peer", nowUs);
        });
        sent += live(machine, nowUs, instantUs(nowUs + 200e6));
        // After each datagram questions and probes of 1, 2 and 4 at a time, to one who has shown that it is there and
        // acknowledges nothing; then one of each every three seconds while it waits.
        expect(sent).toBeLessThan(14 * (plan.length + 1) + 20 + (nowUs / 1e6 + 60) / 2);
        expect([...receiver.open]).toHaveLength(0);
      }),
      { numRuns: 1_500 },
    );
  });
});

function openingHello(): Uint8Array {
  const header = { from: "sender", connectionId, packetNumber: 0 } as const;
  const write = (writer: ByteWriter): void => {
    writeHello(writer, { kind: "hello", maxDatagramBytes: 1_200 });
    padTo(writer, 1_200);
  };
  return datagramOf(header, write, { opening: true });
}

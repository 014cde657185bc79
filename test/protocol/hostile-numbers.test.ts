import { describe, expect, test } from "vitest";
import { type InstantUs, instantUs } from "../../src/base/units.js";
import { Bbr } from "../../src/protocol/bbr.js";
import { Receiver } from "../../src/protocol/receiver.js";
import { Sender } from "../../src/protocol/sender.js";
import type { ByteWriter } from "../../src/wire/bytes.js";
import { statelessDatagram } from "../../src/wire/datagram.js";
import { writeAck } from "../../src/wire/frames/ack.js";
import { writeClose } from "../../src/wire/frames/end.js";
import { padTo, writePing } from "../../src/wire/frames/frame.js";
import { writeHello, writeWelcome } from "../../src/wire/frames/handshake.js";
import { writeManifestFrame, writePieceHead } from "../../src/wire/frames/image.js";
import { encodeManifest } from "../../src/wire/manifest-bytes.js";
import { datagramOf, framesOf, sealing } from "../wire/plain.js";

const connectionId = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
const at = (us: number): InstantUs => instantUs(us);

function datagram(
  packetNumber: number,
  write: (writer: ByteWriter) => void,
  from: "sender" | "receiver" = "sender",
): Uint8Array {
  const header = { from, connectionId, packetNumber } as const;
  const opening = from === "receiver" || write === hello;
  return datagramOf(header, write, { opening });
}

const hello = (writer: ByteWriter): void => {
  writeHello(writer, { kind: "hello", maxDatagramBytes: 1_200 });
  padTo(writer, 1_200 - sealing.seal.tagBytes);
};

const PIECES = 200;
const manifest = encodeManifest({
  name: "a",
  digest: new Uint8Array(32),
  pieceCount: PIECES,
  pieceBytes: 1_000,
  content: { mode: "file", bytes: PIECES * 1_000 },
});
const wholeManifest = (writer: ByteWriter): void =>
  writeManifestFrame(writer, {
    image: 0,
    totalBytes: manifest.length,
    offset: 0,
    bytes: manifest,
  });

interface Drained {
  readonly bytes: number;
  readonly events: readonly string[];
  readonly kinds: readonly string[];
}

/** Takes all that a receiver has to say at an instant; more than a hundred outputs are an endless loop. */
function drain(receiver: Receiver, nowUs: InstantUs): Drained {
  const events: string[] = [];
  const kinds: string[] = [];
  let bytes = 0;
  for (let outputs = 0; outputs < 100; outputs += 1) {
    const out = receiver.pollOutput(nowUs);
    if (out.kind === "waitUntil") return { bytes, events, kinds };
    if (out.kind === "transmit") {
      bytes += out.datagram.length;
      kinds.push(...framesOf(out.datagram).map(({ kind }) => kind));
    } else {
      events.push(out.event.kind);
      if (out.event.kind === "offer") {
        const { pieceBytes } = out.event.manifest;
        out.connection.accept(0, { max: pieceBytes, lengthOf: () => pieceBytes }, [], nowUs);
      }
      if (out.event.kind === "piece") out.connection.pieceWritten(out.event.bytes.length);
    }
  }
  throw new Error("a receiver sends without end");
}

function opened(): Receiver {
  const receiver = new Receiver({ security: sealing.receiver(), repair: true });
  receiver.handleDatagram(datagram(0, hello), "there", at(0));
  drain(receiver, at(0));
  return receiver;
}

/** Numbers so far apart that each range of an ACK takes as many bytes as it can. */
const STRIDE = 2 ** 30 + 200;

describe("packet numbers 2^30 apart", () => {
  test.each([
    ["RESULT", 1, "result", (w: ByteWriter) => writeManifestFrame(w, BAD_MANIFEST)],
    ["ACK alone", 70, "ack", (w: ByteWriter) => writeClose(w, { reason: "none" })],
    ["WELCOME", 2, "welcome", hello],
  ] as const)("leave room for %s, and never make a receiver send without end", (...row) => {
    const [, run, kind, last] = row;
    const receiver = opened();
    let nowUs = 0;
    // Heard, so that it may answer as much as it likes; but who is heard knows of WELCOME.
    if (kind !== "welcome") receiver.handleDatagram(datagram(1, acknowledgeFirst), "there", at(0));
    for (let i = 1; i <= 128; i += 1) {
      for (let k = 0; k < run; k += 1) {
        receiver.handleDatagram(datagram(i * STRIDE + k, writePing), "there", at(nowUs));
      }
      nowUs += 30_000;
      drain(receiver, at(nowUs));
    }
    receiver.handleDatagram(datagram(128 * STRIDE + 80, last), "there", at(nowUs));
    expect(drain(receiver, at(nowUs + 30_000)).kinds).toContain(kind);
  });

  test("do so at each length of a range's two numbers, without any pause to answer in", () => {
    for (let long = 0; long <= 30; long += 1) {
      const receiver = opened();
      for (let i = 1; i <= 128; i += 1) {
        for (let k = 0; k < (i <= long ? 70 : 1); k += 1) {
          receiver.handleDatagram(datagram(i * STRIDE + k, writePing), "there", at(i * 30_000));
        }
      }
      const { kinds } = drain(receiver, at(4e6));
      expect(kinds).toContain("ack");
      expect(kinds).toContain("welcome");
    }
  });
});

const acknowledgeFirst = (writer: ByteWriter): void => {
  writeAck(writer, {
    kind: "ack",
    delayUs: 0,
    arrivedUs: 0,
    windowBytes: 0,
    ranges: [{ start: 0, end: 1 }],
  });
};

const BAD_MANIFEST = { image: 0, totalBytes: 3, offset: 0, bytes: new Uint8Array(3) };

describe("a connection that the sender has closed", () => {
  test("takes no piece, no offer and no repeated CLOSE any more", () => {
    const receiver = opened();
    const events: string[] = [];
    const put = (number: number, write: (writer: ByteWriter) => void): void => {
      receiver.handleDatagram(datagram(number, write), "there", at(1_000));
      events.push(...drain(receiver, at(1_000)).events);
    };
    const piece = (number: number) => (w: ByteWriter) => {
      writePieceHead(w, 0, number, PIECES, 1_000);
    };
    put(1, wholeManifest);
    put(2, piece(0));
    put(5, (w) => writeClose(w, { reason: "interrupted" }));
    // Late ones, from before the CLOSE.
    put(3, piece(1));
    put(4, (w) => writeManifestFrame(w, { ...BAD_MANIFEST, image: 1 }));
    put(6, (w) => writeClose(w, { reason: "none" }));
    expect(events).toEqual(["offer", "piece", "closed"]);
  });
});

/** Lets a receiver live on its timers to an instant; the bytes that it sent. */
function live(receiver: Receiver, fromUs: number, untilUs: number): number {
  let bytes = 0;
  for (let nowUs = fromUs; ; ) {
    bytes += drain(receiver, at(nowUs)).bytes;
    const out = receiver.pollOutput(at(nowUs));
    if (out.kind !== "waitUntil" || out.deadlineUs > untilUs) return bytes;
    nowUs = Math.max(nowUs, out.deadlineUs);
    receiver.handleTimeout(at(nowUs));
  }
}

describe("a forged address", () => {
  /** Six hundred pieces of a byte each: what is drawn for each byte sent is most then. */
  const tiny = encodeManifest({
    name: "a",
    digest: new Uint8Array(32),
    pieceCount: 600,
    pieceBytes: 1,
    content: { mode: "file", bytes: 600 },
  });

  test.each([
    ["nothing", 0, 1],
    ["one piece", 1, 1],
    ["pieces with holes", 300, 2],
  ])("draws at most three times what was sent: HELLO, manifest and %s", (_, pieces, step) => {
    const receiver = new Receiver({ security: sealing.receiver(), repair: true });
    let sent = 0;
    let drawn = 0;
    const put = (number: number, nowUs: number, write: (writer: ByteWriter) => void): void => {
      const name = { from: "sender", connectionId, packetNumber: number } as const;
      // It has not got the answer: it can seal no more than what comes before that.
      const bytes = datagramOf(name, write, { opening: number === 0, early: true });
      sent += bytes.length;
      receiver.handleDatagram(bytes, "victim", at(nowUs));
      drawn += live(receiver, nowUs, nowUs + 99_999);
      expect(drawn).toBeLessThanOrEqual(3 * sent);
    };
    put(0, 0, hello);
    put(1, 100_000, (w) =>
      writeManifestFrame(w, { image: 0, totalBytes: tiny.length, offset: 0, bytes: tiny }),
    );
    for (let i = 0; i < pieces; i += 1) {
      put(2 + i, 200_000 + i * 100_000, (w) => {
        writePieceHead(w, 0, i * step, 600, 1);
      });
    }
    drawn += live(receiver, 40e6, 200e6);
    expect(drawn).toBeGreaterThan(0);
    expect(drawn).toBeLessThanOrEqual(3 * sent);
    expect([...receiver.open]).toEqual([]);
  });
});

function senderOfPieces(): Sender {
  const congestion = new Bbr();
  const sender = new Sender({ connectionId, security: sealing.sender(), congestion, nowUs: at(0) });
  sender.addImage({
    manifest,
    digest: new Uint8Array(32),
    pieceCount: 5_000,
    pieceBytes: 1_000,
    pieceLength: () => 1_000,
    readPiece: () => undefined,
  });
  sender.finish(at(0));
  return sender;
}

function endOf(sender: Sender, nowUs: InstantUs, carry: (d: Uint8Array) => void) {
  for (;;) {
    const out = sender.pollOutput(nowUs);
    if (out.kind === "waitUntil") return { deadlineUs: out.deadlineUs, end: undefined };
    if (out.kind === "transmit") carry(out.datagram);
    else if (out.event.kind === "closed") return { deadlineUs: nowUs, end: out.event.end };
  }
}

describe("a word that the connection is no more", () => {
  const resetToken = new Uint8Array(16).fill(7);

  function openSender(): Sender {
    const sender = senderOfPieces();
    const terms = { maxDatagramBytes: 1_200, repair: true, windowBytes: 1e6, resetToken };
    const welcome = (writer: ByteWriter): void =>
      writeWelcome(writer, { kind: "welcome", ...terms });
    endOf(sender, at(0), () => undefined);
    sender.handleDatagram(datagram(0, welcome, "receiver"), at(1_000));
    expect(endOf(sender, at(1_000), () => undefined).end).toBeUndefined();
    return sender;
  }

  test("ends a sender that was told its token", () => {
    const sender = openSender();
    sender.handleDatagram(statelessDatagram(connectionId, resetToken), at(2_000));
    const { end } = endOf(sender, at(2_000), () => undefined);
    expect(end).toEqual({ how: "closedByPeer", reason: "unknownConnection" });
  });

  test("does nothing with another token, or for another connection, or before one was told", () => {
    const sender = openSender();
    const other = resetToken.slice();
    other[15] = 8;
    sender.handleDatagram(statelessDatagram(connectionId, other), at(2_000));
    sender.handleDatagram(statelessDatagram(connectionId, resetToken.subarray(1)), at(2_000));
    sender.handleDatagram(statelessDatagram(new Uint8Array(8), resetToken), at(2_000));
    expect(endOf(sender, at(2_000), () => undefined).end).toBeUndefined();
    expect(sender.malformed).toBe(3);
    const connecting = senderOfPieces();
    connecting.handleDatagram(statelessDatagram(connectionId, resetToken), at(2_000));
    expect(endOf(connecting, at(2_000), () => undefined).end).toBeUndefined();
  });
});

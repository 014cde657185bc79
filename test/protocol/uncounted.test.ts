import { describe, expect, test } from "vitest";
import { instantUs } from "../../src/base/units.js";
import { Receiver } from "../../src/protocol/receiver.js";
import type { ReceiverConnection, ReceiverEvent } from "../../src/protocol/receiver-connection.js";
import type { ByteWriter } from "../../src/wire/bytes.js";
import { padTo } from "../../src/wire/frames/frame.js";
import { writeHello } from "../../src/wire/frames/handshake.js";
import { writeDone, writeManifestFrame, writePieceHead } from "../../src/wire/frames/image.js";
import { encodeManifest } from "../../src/wire/manifest-bytes.js";
import { datagramOf, sealing } from "../wire/plain.js";

const NOW = instantUs(0);

/** 16 x 4 pixels behind a preview of three pieces: 4 to 67 pieces in all. */
const uncounted = encodeManifest({
  ...{ name: "sea.png", digest: new Uint8Array(32), pieceBytes: 10 },
  ...{ pieceCount: undefined, pieceEstimate: 30 },
  content: {
    ...{ mode: "coded", width: 16, height: 4, channels: 1, bits: 8, colour: "gray", fields: 1 },
    ...{ format: "png", metadata: [], tables: new Uint8Array(0) },
    preview: { pieces: 3, width: 4, height: 1, tables: new Uint8Array(0) },
  },
});

/** A receiver that one sender speaks to, frame by frame, and what its host hears of that. */
class Listener {
  readonly receiver = new Receiver({ security: sealing.receiver(), repair: true });
  readonly heard: string[] = [];
  readonly connection: ReceiverConnection;
  private packets = 0;

  constructor() {
    this.say((writer) => {
      writeHello(writer, { kind: "hello", maxDatagramBytes: 1_200 });
      padTo(writer, 1_200);
    });
    this.connection = [...this.receiver.open][0] as ReceiverConnection;
  }

  say(write: (writer: ByteWriter) => void): void {
    const connectionId = new Uint8Array(8);
    const header = { from: "sender", connectionId, packetNumber: this.packets } as const;
    this.packets += 1;
    const datagram = datagramOf(header, write, { opening: header.packetNumber === 0 });
    this.receiver.handleDatagram(datagram, "there", NOW);
    this.drain();
  }

  manifest(): void {
    const whole = { image: 0, totalBytes: uncounted.length, offset: 0, bytes: uncounted };
    this.say((writer) => writeManifestFrame(writer, whole));
  }

  piece(piece: number, pieceCount: number | undefined, bytes = 5): void {
    this.say((writer) => {
      writePieceHead(writer, 0, piece, pieceCount, bytes);
    });
  }

  done(pieceCount: number): void {
    this.say((writer) => writeDone(writer, { image: 0, pieceCount }));
  }

  accept(held: { start: number; end: number }[] = []): void {
    this.connection.accept(0, { max: 10 }, held, NOW);
    this.receiver.touch(this.connection);
    this.drain();
  }

  get malformed(): number {
    return this.connection.malformed;
  }

  private drain(): void {
    for (;;) {
      const out = this.receiver.pollOutput(NOW);
      if (out.kind === "waitUntil") return;
      if (out.kind === "event") this.heard.push(wordsOf(out.event));
    }
  }
}

function wordsOf(event: ReceiverEvent): string {
  if (event.kind === "counted") return `counted ${event.pieceCount}`;
  return event.kind === "piece" ? `piece ${event.piece}` : event.kind;
}

describe("the count of an uncounted image", () => {
  test("is told to the host once, whichever frame tells it", () => {
    const byPiece = new Listener();
    byPiece.manifest();
    byPiece.accept();
    byPiece.piece(1, undefined);
    byPiece.piece(3, 4);
    byPiece.piece(1, 4);
    byPiece.done(4);
    expect(byPiece.heard).toEqual(["offer", "piece 1", "counted 4", "piece 3"]);
    const byDone = new Listener();
    byDone.manifest();
    byDone.accept();
    for (let piece = 0; piece < 4; piece += 1) byDone.piece(piece, undefined);
    byDone.done(4);
    expect(byDone.heard.slice(-2)).toEqual(["counted 4", "complete"]);
    expect(byPiece.malformed + byDone.malformed).toBe(0);
  });

  test("may be known before the manifest is, and is told behind its offer", () => {
    const listener = new Listener();
    listener.done(4);
    for (let piece = 0; piece < 4; piece += 1) listener.piece(piece, 4);
    expect(listener.heard).toEqual([]);
    listener.manifest();
    expect(listener.heard).toEqual(["offer", "counted 4"]);
    listener.accept();
    expect(listener.heard.at(-1)).toBe("complete");
  });

  test("is malformed when it is another than before, or too small for what has come", () => {
    const listener = new Listener();
    listener.manifest();
    listener.accept();
    listener.piece(9, undefined);
    listener.piece(5, 9);
    listener.done(9);
    expect(listener.malformed).toBe(2);
    listener.done(10);
    expect(listener.malformed).toBe(2);
    listener.done(11);
    listener.piece(5, 11);
    listener.piece(10, undefined);
    expect(listener.malformed).toBe(5);
    expect(listener.heard).toEqual(["offer", "piece 9", "counted 10"]);
  });

  test("is malformed when the manifest excludes it: no exact piece, or more than pixels", () => {
    const listener = new Listener();
    listener.manifest();
    listener.done(3);
    listener.done(68);
    expect(listener.malformed).toBe(2);
    listener.done(67);
    expect(listener.malformed).toBe(2);
  });

  test("told before a manifest that excludes it has the image refused", () => {
    const listener = new Listener();
    listener.piece(0, 70);
    listener.manifest();
    expect(listener.heard).toEqual([]);
    expect(listener.malformed).toBe(1);
    const state = listener.connection.images.get(0)?.state;
    expect(state).toMatchObject({ name: "ended", result: { reason: "badManifest" } });
  });

  test("takes pieces of any length up to the longest, and lets go of those held from before beyond it", () => {
    const listener = new Listener();
    listener.manifest();
    listener.accept([{ start: 1, end: 40 }]);
    listener.piece(0, undefined, 11);
    expect(listener.malformed).toBe(1);
    listener.piece(0, undefined, 10);
    listener.done(6);
    expect(listener.heard).toEqual(["offer", "piece 0", "counted 6", "complete"]);
  });
});

import { describe, expect, test } from "vitest";
import { bytesPerSecond, milliseconds } from "../../src/base/units.js";
import { OutgoingImage, type Sent } from "../../src/protocol/outgoing-image.js";
import type { ParityTerms } from "../../src/protocol/parity-policy.js";
import { ByteWriter } from "../../src/wire/bytes.js";

type SentParity = Extract<Sent, { kind: "parity" }>;

/** 600 ms, 20 Mbit/s, a tenth lost, one piece in a datagram: a group of ten pieces is worth some parity. */
const TERMS: ParityTerms = {
  loss: { share: 0.1, run: 1, packets: 1_000 },
  rttUs: milliseconds(600),
  pacingRate: bytesPerSecond(20e6 / 8),
  datagramBytes: 100,
};
const PIECES = 10;

/** An image whose pieces have all been sent, piece k in packet 100 + k. */
function sentOnce(withheld: { start: number; end: number }[] = []): OutgoingImage {
  const image = new OutgoingImage(0, {
    manifest: new Uint8Array(10),
    digest: new Uint8Array(32),
    pieceCount: PIECES,
    pieceBytes: 50,
    withheld,
    pieceLength: () => 50,
    readPiece: (piece, target, offset) => target.fill(piece, offset, offset + 50),
  });
  for (let packet = 100; !image.pieces.firstPassOver; packet += 1) send(image, packet);
  return image;
}

/** Sends whatever is due, the manifest apart, in one packet. */
function send(image: OutgoingImage, packetNumber: number): Sent | undefined {
  let sent: Sent | undefined;
  const terms = { repair: true, takesPieces: true, parity: () => TERMS };
  do sent = image.writeNext(new ByteWriter(new Uint8Array(200)), packetNumber, terms);
  while (sent !== undefined && sent.kind !== "piece");
  return sent;
}

/** Sends all parity that is due. */
function sendParity(image: OutgoingImage, terms = TERMS): SentParity[] {
  const all: SentParity[] = [];
  while (image.isParityDue(() => terms)) {
    const sent = image.writeParity(new ByteWriter(new Uint8Array(200)));
    if (sent?.kind !== "parity") throw new Error("parity is due and fits");
    all.push(sent);
  }
  return all;
}

const lose = (image: OutgoingImage, ...pieces: number[]): void => {
  for (const piece of pieces) image.pieces.onLost(piece, 100 + piece, true);
};
const due = (image: OutgoingImage): number | undefined => image.pieces.pick();
const ack = (image: OutgoingImage, { group, index }: SentParity): void =>
  image.parity.onAcked(group, index);
const gaps = (image: OutgoingImage, ...missing: number[]): void =>
  image.pieces.onGaps(
    0,
    PIECES,
    missing.map((piece) => ({ start: piece, end: piece + 1 })),
  );

describe("parity of what is on the way", () => {
  test("is sent once, and again only for what is sent again", () => {
    const image = sentOnce();
    const first = sendParity(image);
    expect(first.length).toBeGreaterThan(2);
    expect(first.map(({ index }) => index)).toEqual(first.map((_, i) => i));
    expect(image.parity).toMatchObject({ pieces: first.length, isDue: false });
    expect(image.parity.bytes).toBe(first.length * (2 + 5 + 52));
    expect(sendParity(image)).toEqual([]);
    for (const sent of first) image.parity.onLost(sent.group, sent.index);
    lose(image, 3);
    expect(send(image, 200)).toMatchObject({ kind: "piece", index: 3 });
    const again = sendParity(image);
    expect(again[0]?.group).toMatchObject({ first: 3, sources: 1 });
  });

  test("is none while pieces are withheld, for those have not been sent", () => {
    const image = sentOnce([{ start: 5, end: 6 }]);
    expect(sendParity(image)).toEqual([]);
    gaps(image, 5);
    expect(send(image, 200)).toMatchObject({ kind: "piece", index: 5 });
    expect(sendParity(image)[0]?.group).toMatchObject({ first: 5, sources: 1 });
  });

  test("is not sent once the receiver holds all of its group", () => {
    const image = sentOnce();
    expect(image.isParityDue(() => TERMS)).toBe(true);
    gaps(image);
    expect(image.isParityDue(() => TERMS)).toBe(false);
  });

  test("that does not fit is given up, and nothing waits for it", () => {
    const image = sentOnce();
    expect(image.isParityDue(() => TERMS)).toBe(true);
    lose(image, 2);
    expect(due(image)).toBeUndefined();
    expect(image.writeParity(new ByteWriter(new Uint8Array(20)))).toBeUndefined();
    image.parity.giveUp();
    expect(image.isParityDue(() => TERMS)).toBe(false);
    expect(due(image)).toBe(2);
  });
});

describe("a lost piece", () => {
  test("is due at once when no parity covers it", () => {
    const image = sentOnce();
    lose(image, 4);
    expect(due(image)).toBe(4);
  });

  test("waits for parity that is on the way or has come", () => {
    const image = sentOnce();
    const parity = sendParity(image);
    lose(image, 4, 6);
    for (const sent of parity) ack(image, sent);
    expect(due(image)).toBeUndefined();
    // The receiver has computed both.
    gaps(image);
    expect(image.pieces.allHeld).toBe(true);
  });

  test("is due when more is lost than parity there is, and no more of them than that", () => {
    const image = sentOnce();
    const parity = sendParity(image);
    lose(image, 4, 6);
    for (const sent of parity.slice(1)) image.parity.onLost(sent.group, sent.index);
    expect(send(image, 200)).toMatchObject({ kind: "piece", index: 4 });
    expect(due(image)).toBeUndefined();
    ack(image, parity[0] as SentParity);
    expect(due(image)).toBeUndefined();
  });

  test("that the receiver lacks still waits while parity is on the way", () => {
    const image = sentOnce();
    const parity = sendParity(image);
    lose(image, 4);
    gaps(image, 4);
    expect(due(image)).toBeUndefined();
    image.parity.onLost((parity[0] as SentParity).group, 0);
    gaps(image, 4);
    expect(due(image)).toBeUndefined();
  });

  test("is due when the receiver lacks it though enough parity has come: it had no use for that", () => {
    const image = sentOnce();
    const parity = sendParity(image);
    lose(image, 4);
    gaps(image, 4);
    ack(image, parity[0] as SentParity);
    gaps(image, 4);
    expect(due(image)).toBe(4);
  });

  test("is due when nothing of its group is on the way any more and the receiver lacks it", () => {
    const image = sentOnce();
    const parity = sendParity(image);
    lose(image, 4, 5);
    // The receiver, having found damage, has thrown away what it held.
    const others = [0, 1, 2, 3, 6, 7, 8, 9];
    for (const piece of others) image.pieces.onAcked(piece);
    ack(image, parity[0] as SentParity);
    ack(image, parity[1] as SentParity);
    for (const sent of parity.slice(2)) image.parity.onLost(sent.group, sent.index);
    expect(due(image)).toBeUndefined();
    gaps(image, ...Array.from({ length: PIECES }, (_, piece) => piece));
    const resent = new Set<number>();
    for (let sent = send(image, 300); sent?.kind === "piece"; sent = send(image, 300)) {
      resent.add(sent.index);
    }
    expect(resent.size).toBe(PIECES);
  });

  test("is due again when its repair is lost too", () => {
    const image = sentOnce();
    const parity = sendParity(image);
    for (const sent of parity) image.parity.onLost(sent.group, sent.index);
    lose(image, 4);
    expect(send(image, 200)).toMatchObject({ kind: "piece", index: 4 });
    image.pieces.onLost(4, 200, true);
    expect(due(image)).toBe(4);
  });
});

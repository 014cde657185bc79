import { crc32c } from "@node-rs/crc32";
import { dist } from "./record.mjs";

/** The path between the machines: 1 Gbit/s and 1 ms each way, in virtual time. */
const RATE = 125_000_000;
const DELAY_US = 1_000;
/** A turn of an event loop: what has come until then is given in at once, as a driver does. */
const TURN_US = 200;
const DATAGRAM_BYTES_MAX = 2_048;

const [{ Sender }, { Receiver }, { Bbr }, { ChecksumSealing }, { encodeManifest }] =
  await Promise.all(
    [
      "protocol/sender.js",
      "protocol/receiver.js",
      "protocol/bbr.js",
      "sim/checksum-sealing.js",
      "wire/manifest-bytes.js",
    ].map(dist),
  );
const sealing = new ChecksumSealing((bytes) => crc32c(bytes));

/**
 * Takes one image from a sender's machine to a receiver's over queues in memory: the protocol's own cost, checksums and
 * one copy of each piece included, without sockets, timers and files.
 *
 * @param lossEvery one datagram in so many of the sender's is lost; 0: none
 * @returns datagrams of both sides for each second of processor time
 */
export function inMemory({ pieces, pieceBytes, lossEvery }) {
  const nowUs = 0;
  const content = new Uint8Array(pieceBytes).fill(5);
  // `Way` copies what it carries.
  const memory = new Uint8Array(65_536);
  const sender = new Sender({
    connectionId: new Uint8Array(8).fill(1),
    security: sealing.sender(),
    congestion: new Bbr(),
    nowUs,
    takeMemory: (bytes) => memory.subarray(0, bytes),
  });
  const digest = new Uint8Array(32).fill(9);
  const bytes = pieces * pieceBytes;
  const manifest = encodeManifest({
    name: "memory",
    digest,
    pieceCount: pieces,
    pieceBytes,
    content: { mode: "file", bytes },
  });
  sender.addImage({
    manifest,
    digest,
    pieceCount: pieces,
    pieceLength: () => pieceBytes,
    readPiece: (_piece, target, offset) => target.set(content, offset),
  });
  sender.finish(nowUs);
  const receiver = new Receiver({ security: sealing.receiver(), repair: true });
  return run(sender, receiver, { pieceBytes, digest, lossEvery });
}

function run(sender, receiver, { pieceBytes, digest, lossEvery }) {
  const forward = new Way();
  const backward = new Way();
  let sent = 0;
  let over = false;
  const { user, system } = process.cpuUsage();
  for (let nowUs = 0; !over; nowUs += TURN_US) {
    for (const datagram of forward.due(nowUs)) receiver.handleDatagram(datagram, "sender", nowUs);
    receiver.handleTimeout(nowUs);
    for (
      let out = receiver.pollOutput(nowUs);
      out.kind !== "waitUntil";
      out = receiver.pollOutput(nowUs)
    ) {
      if (out.kind === "transmit") backward.put(out.datagram, nowUs);
      else answer(out, { pieceBytes, digest }, nowUs, receiver);
    }
    for (const datagram of backward.due(nowUs)) sender.handleDatagram(datagram, nowUs);
    sender.handleTimeout(nowUs);
    for (
      let out = sender.pollOutput(nowUs);
      out.kind !== "waitUntil";
      out = sender.pollOutput(nowUs)
    ) {
      if (out.kind === "event") over ||= out.event.kind === "closed";
      else {
        sent += 1;
        if (lossEvery === 0 || sent % lossEvery !== 0) forward.put(out.datagram, nowUs);
      }
    }
  }
  const used = process.cpuUsage();
  const seconds = (used.user + used.system - user - system) / 1_000_000;
  return Math.round((sent + backward.carried) / seconds);
}

/** What a host does: takes every piece at once, and believes the digest. */
function answer({ connection, event }, { pieceBytes, digest }, nowUs, receiver) {
  if (event.kind === "offer") connection.accept(event.image, () => pieceBytes, [], nowUs);
  else if (event.kind === "piece") connection.pieceWritten(event.bytes.length);
  else if (event.kind === "complete") connection.verified(event.image, digest);
  receiver.touch(connection);
}

/** One direction: a rate and a delay, an endless queue. */
class Way {
  carried = 0;
  #onTheWay = [];
  #first = 0;
  #freeUs = 0;
  /** Memory of datagrams that have come, and that nobody looks at any more. */
  #spare = [];
  #delivered = [];

  put(datagram, nowUs) {
    this.#freeUs = Math.max(this.#freeUs, nowUs) + (datagram.length * 1e6) / RATE;
    // The machine may write its next datagram into the same memory.
    const memory = this.#spare.pop() ?? new Uint8Array(DATAGRAM_BYTES_MAX);
    memory.set(datagram);
    const { length } = datagram;
    this.#onTheWay.push({ memory, length, atUs: this.#freeUs + DELAY_US });
    this.carried += 1;
  }

  /** Those that have come; they are good until the next call. */
  *due(nowUs) {
    this.#spare.push(...this.#delivered.splice(0));
    for (;;) {
      const next = this.#onTheWay[this.#first];
      if (next === undefined || next.atUs > nowUs) break;
      this.#first += 1;
      this.#delivered.push(next.memory);
      yield next.memory.subarray(0, next.length);
    }
    if (this.#first > 1_000) {
      this.#onTheWay.splice(0, this.#first);
      this.#first = 0;
    }
  }
}

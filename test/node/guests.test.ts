import { readdirSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { Random } from "../../src/base/random.js";
import { type InstantUs, instantUs } from "../../src/base/units.js";
import type { LacunaError } from "../../src/node/errors.js";
import type { ReceiveEvent } from "../../src/node/events.js";
import { LiveDecoder } from "../../src/node/live/decoder.js";
import { memoryLimits } from "../../src/node/memory.js";
import { MemoryBudget } from "../../src/node/memory-budget.js";
import { DiskShare } from "../../src/node/receiving/disk-share.js";
import { Guests } from "../../src/node/receiving/guests.js";
import { fileLimits } from "../../src/node/receiving/limits.js";
import { Observers } from "../../src/node/receiving/observer.js";
import { PlacedFiles } from "../../src/node/receiving/placed-files.js";
import type { Permit } from "../../src/node/secure/ticket-gate.js";
import type { Source } from "../../src/node/sending/source.js";
import { ReceiverConnection } from "../../src/protocol/receiver-connection.js";
import type { Frame } from "../../src/wire/frames/frame.js";
import { encodeManifest } from "../../src/wire/manifest-bytes.js";
import { sealing } from "../wire/plain.js";
import { sourceOf, testFolder } from "./pictures.js";

const PIECES = 10;
/** A ticket without limits. */
const ANYTHING: Permit = {
  enter: () => undefined,
  check: () => undefined,
  spend: () => Promise.resolve(),
  leave: () => undefined,
};
const MINUTE = 60;
const HOUR = 60 * MINUTE;

let out: string;
let source: Source;
let told: ReceiveEvent[];
let ends: (LacunaError | undefined)[];

beforeEach(async () => {
  out = testFolder();
  told = [];
  ends = [];
  const options = { mode: "file", pieceBytes: 1_000 } as const;
  source = await sourceOf(new Random(1).bytes(PIECES * 1_000), "data.bin", options);
  onTestFinished(() => source.close());
});

const at = (seconds: number): InstantUs => instantUs(seconds * 1_000_000);
const named = (name: ReceiveEvent["event"]): ReceiveEvent[] =>
  told.filter(({ event }) => event === name);

function guestsOf(once: boolean, giveUpAfterSeconds?: number): Guests {
  const observers = new Observers([], () => undefined);
  const live = new LiveDecoder({
    memoryBytes: 0,
    isWatched: () => false,
    onPicture: () => undefined,
    onCounts: () => undefined,
  });
  return new Guests({
    host: {
      out,
      onExisting: "rename",
      memoryMb: undefined,
      limits: fileLimits({}),
      disk: new DiskShare(out, undefined),
      permitFor: () => ANYTHING,
      budget: new MemoryBudget(memoryLimits(undefined).decoderBytes),
      placed: new PlacedFiles(out),
      observers,
      live,
      tell: (event) => told.push(event),
      wake: () => undefined,
      malformed: () => 0,
      t: () => 0,
    },
    once,
    giveUpAfterSeconds,
    onNew: () => undefined,
    onEnd: (failure) => ends.push(failure),
  });
}

/** A sender's connection, of which the receiver hears frames without a wire. */
class Guest {
  private readonly connection: ReceiverConnection;
  private packets = 0;

  /** @param who its key */
  constructor(
    private readonly guests: Guests,
    who: number,
    private readonly path: string,
    nowUs: InstantUs,
  ) {
    this.connection = new ReceiverConnection(`${path} ${who}`, {
      connectionId: new Uint8Array(8),
      seal: sealing.seal,
      answer: new Uint8Array(48),
      resetToken: new Uint8Array(16),
      challenge: () => new Uint8Array(8),
      peer: { key: new Uint8Array(32).fill(who), ticket: new Uint8Array(8) },
      path,
      repair: true,
      windowBytes: () => 1_000_000,
      nowUs,
    });
  }

  /** Offers the image and waits until it is open. */
  async offer(now: InstantUs): Promise<void> {
    const bytes = encodeManifest(source.manifest);
    const offers = named("offer").length;
    this.say({ kind: "manifest", image: 0, totalBytes: bytes.length, offset: 0, bytes }, now);
    await expect.poll(() => named("offer").length).toBe(offers + 1);
  }

  send(first: number, end: number, now: InstantUs): void {
    for (let piece = first; piece < end; piece += 1) {
      const bytes = new Uint8Array(1_000);
      source.readPiece(piece, bytes, 0);
      this.say({ kind: "piece", image: 0, piece, pieceCount: PIECES, bytes }, now);
    }
  }

  /** Nothing was heard for a minute and more. */
  vanish(now: InstantUs): void {
    this.connection.handleTimeout(now);
    this.handleEvents(now);
  }

  private say(frame: Frame, now: InstantUs): void {
    this.connection.handleFrames(this.packets, [frame], 1_200, true, this.path, now);
    this.packets += 1;
    this.handleEvents(now);
  }

  private handleEvents(now: InstantUs): void {
    for (let event = this.connection.pollEvent(); event; event = this.connection.pollEvent()) {
      this.guests.handleEvent(this.connection, event, now);
    }
  }
}

test("an image whose sender is lost for an hour is taken up by another connection, where it was", async () => {
  const guests = guestsOf(false);
  const first = new Guest(guests, 1, "1 here", at(0));
  await first.offer(at(0));
  first.send(0, 6, at(1));
  first.vanish(at(70));
  guests.tick(at(HOUR));
  const second = new Guest(guests, 2, "2 there", at(HOUR));
  await second.offer(at(HOUR));
  const [before, after] = named("offer");
  expect(after).toMatchObject({ id: (before as { id: string }).id, resumedPieces: 6 });
  second.send(6, PIECES, at(HOUR));
  await expect.poll(() => named("complete")).toMatchObject([{ path: join(out, "data.bin") }]);
});

test("what nobody comes back for is kept in part, and with `once` that is the end", async () => {
  const guests = guestsOf(true, 10 * MINUTE);
  const lost = new Guest(guests, 1, "1 here", at(0));
  await lost.offer(at(0));
  lost.send(0, 6, at(1));
  lost.vanish(at(70));
  guests.tick(at(80));
  expect(named("partial")).toEqual([]);
  guests.tick(at(70 + 10 * MINUTE));
  await expect.poll(() => named("partial")).toMatchObject([{ reason: "sender-gone" }]);
  await expect.poll(() => ends).toEqual([undefined]);
  expect(guests.files).toMatchObject([{ outcome: "partial", missingPieces: 4 }]);
});

test("another sender of the same image does not touch what comes of the first", async () => {
  const guests = guestsOf(false);
  const first = new Guest(guests, 1, "1 here", at(0));
  await first.offer(at(0));
  first.send(0, 6, at(1));
  const other = new Guest(guests, 2, "2 there", at(1));
  await other.offer(at(1));
  expect(named("offer")[1]).toMatchObject({ resumedPieces: 0 });
  other.send(0, PIECES, at(2));
  first.send(6, PIECES, at(3));
  await expect.poll(() => named("complete").length).toBe(2);
  expect(readdirSync(out).filter((name) => name !== ".lacuna")).toEqual([
    "data (2).bin",
    "data.bin",
  ]);
});

test("the same sender's next connection goes on before the old one is known to be dead", async () => {
  const guests = guestsOf(false);
  const first = new Guest(guests, 1, "1 here", at(0));
  await first.offer(at(0));
  first.send(0, 6, at(1));
  const second = new Guest(guests, 1, "2 here", at(2));
  await second.offer(at(2));
  expect(named("offer")[1]).toMatchObject({ resumedPieces: 6 });
  // Some were still on their way by the old one.
  first.send(6, 8, at(2));
  second.send(8, PIECES, at(3));
  await expect.poll(() => named("complete").length).toBe(1);
  expect(guests.sessions).toEqual([]);
});

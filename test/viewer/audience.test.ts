import { describe, expect, test } from "vitest";
import { Random } from "../../src/base/random.js";
import { Audience, PIPE_BYTES_MAX } from "../../src/viewer/audience.js";
import { Board, ERRORS_MAX, IMAGES_MAX, PICTURES_MAX } from "../../src/viewer/board.js";
import { decodeBlock, type FeedMessage } from "../../src/viewer/feed.js";
import { complete, noisePicture, offer, plainFile, progress } from "./scene.js";

/** A viewer at the end of a pipe that drains only when told to, and rebuilds what it is sent. */
class Watcher {
  bufferedAmount = 0;
  bufferedMost = 0;
  readonly messages: FeedMessage[] = [];
  readonly pixels: Uint8Array;
  readonly state: Uint8Array;
  blocks = 0;

  constructor(
    private readonly width: number,
    height: number,
    private readonly fast = true,
  ) {
    this.pixels = new Uint8Array(width * height * 4);
    this.state = new Uint8Array(width * height);
  }

  send(message: string | Uint8Array): void {
    this.bufferedAmount += message.length;
    this.bufferedMost = Math.max(this.bufferedMost, this.bufferedAmount);
    if (this.fast) this.drain();
    if (typeof message === "string") {
      this.messages.push(JSON.parse(message));
      return;
    }
    const block = decodeBlock(message);
    if (block === undefined) throw new Error("not a block");
    this.blocks += 1;
    for (let row = 0; row < block.height; row += 1) {
      const at = (block.y + row) * this.width + block.x;
      const from = row * block.width;
      this.state.set(block.state.subarray(from, from + block.width), at);
      this.pixels.set(block.rgba.subarray(from * 4, (from + block.width) * 4), at * 4);
    }
  }

  drain(): void {
    this.bufferedAmount = 0;
  }

  kinds(): string[] {
    return this.messages.map((message) => message.event);
  }
}

describe("a viewer that joins late", () => {
  const { partition, manifest, pieceOf, raster } = noisePicture(300, 200);

  const ignored = (): void => undefined;

  function halfArrived() {
    const board = new Board();
    board.event({ event: "listening", t: 0, address: "0.0.0.0:7316", ticket: "192.0.2.1:7316" });
    board.event(offer("a"));
    board.image("a", manifest, 1_000);
    const { live } = noisePicture(300, 200);
    board.picture("a", live, ignored);
    for (let piece = 0; piece < partition.pieceCount; piece += 2) {
      board.piece("a", 2_000);
      live.take(piece, pieceOf(piece));
    }
    board.event(progress("a", 500));
    board.event(progress("a", 400));
    return board;
  }

  test("is told the newest of everything, in order, and nothing outdated", () => {
    const audience = new Audience(halfArrived());
    const late = new Watcher(300, 200);
    audience.join(late, 5_500);
    expect(audience.tell()).toBe(false);
    expect(late.kinds()).toEqual(["hello", "listening", "offer", "image", "progress"]);
    expect(late.messages[0]).toMatchObject({ quietSeconds: { a: 3.5 } });
    expect(late.messages[4]).toMatchObject({ missingPixels: 400 });
  });

  test("gets the whole picture as it is, once it watches", () => {
    const audience = new Audience(halfArrived());
    const early = new Watcher(300, 200);
    audience.join(early, 0);
    audience.tell();
    const late = new Watcher(300, 200);
    audience.join(late, 0);
    audience.watch(late, 1);
    audience.tell();
    for (let y = 0; y < 200; y += 1) {
      for (let x = 0; x < 300; x += 1) {
        const pixel = y * 300 + x;
        const present = partition.pieceAt(x, y) % 2 === 0;
        expect(late.state[pixel]).toBe(present ? 1 : 0);
        if (!present) continue;
        const shown = late.pixels.subarray(pixel * 4, pixel * 4 + 3);
        expect(shown).toEqual(raster.subarray(pixel * 3, pixel * 3 + 3));
      }
    }
    expect(early.blocks, "who watches nothing is sent no pixels").toBe(0);
  });

  test("learns of a transfer begun anew under a new number", () => {
    const board = halfArrived();
    board.event(complete("a"));
    board.event(offer("a"));
    board.image("a", manifest, 0);
    const late = new Watcher(300, 200);
    const audience = new Audience(board);
    audience.join(late, 0);
    audience.tell();
    expect(late.kinds()).toEqual(["hello", "listening", "offer", "image"]);
    expect(late.messages[3]).toMatchObject({ number: 2 });
  });
});

test("a slow viewer is passed over, never owed more than the bound, and ends with the true picture", () => {
  const { partition, manifest, pieceOf, live } = noisePicture(1_280, 1_280);
  const board = new Board();
  const audience = new Audience(board);
  board.event(offer("a"));
  board.image("a", manifest, 0);
  board.picture("a", live, () => undefined);
  const slow = new Watcher(1_280, 1_280, false);
  const fast = new Watcher(1_280, 1_280);
  for (const watcher of [slow, fast]) {
    audience.join(watcher, 0);
    audience.watch(watcher, 1);
  }
  const order = shuffled(partition.pieceCount, new Random(4));
  const perFrame = Math.ceil(order.length / 20);
  for (let frame = 0; frame < 20; frame += 1) {
    for (const piece of order.slice(frame * perFrame, (frame + 1) * perFrame)) {
      live.take(piece, pieceOf(piece));
    }
    board.event(progress("a", 20 - frame));
    expect(audience.tell()).toBe(frame >= 1 || slow.bufferedAmount >= PIPE_BYTES_MAX);
  }
  const blockBytes = 64 * 64 * 5 + 16;
  expect(slow.bufferedMost).toBeLessThan(PIPE_BYTES_MAX + blockBytes);
  expect(slow.blocks, "the pipe was full after the first frame").toBeLessThan(fast.blocks / 10);
  for (let beats = 0; ; beats += 1) {
    slow.drain();
    if (!audience.tell()) break;
    expect(beats, "each drained pipe makes headway").toBeLessThan(3);
  }
  expect(slow.state.every((value) => value === 1)).toBe(true);
  expect(Buffer.compare(slow.pixels, fast.pixels)).toBe(0);
  expect(slow.messages.at(-1)).toMatchObject({ event: "progress", missingPixels: 1 });
  const progressTold = (watcher: Watcher) => watcher.kinds().filter((kind) => kind === "progress");
  expect(progressTold(fast)).toHaveLength(20);
  expect(progressTold(slow).length).toBeLessThan(4);
});

test("changing the watched picture stops the blocks of the other", () => {
  const first = noisePicture(64, 64, 1);
  const second = noisePicture(64, 64, 2);
  const board = new Board();
  const audience = new Audience(board);
  for (const [id, { manifest, live }] of Object.entries({ a: first, b: second })) {
    board.image(id, manifest, 0);
    board.picture(id, live, () => undefined);
  }
  const viewer = new Watcher(64, 64);
  audience.join(viewer, 0);
  audience.watch(viewer, 1);
  audience.watch(viewer, 2);
  first.live.take(0, first.pieceOf(0));
  audience.tell();
  expect(viewer.blocks).toBe(0);
  second.live.take(0, second.pieceOf(0));
  audience.tell();
  expect(viewer.blocks).toBe(1);
  audience.watch(viewer, null);
  second.live.take(1, second.pieceOf(1));
  audience.watch(viewer, 99);
  expect(audience.tell()).toBe(false);
  expect(viewer.blocks).toBe(1);
});

test("a file has facts and progress, but no picture to watch", () => {
  const board = new Board();
  const audience = new Audience(board);
  board.image("f", plainFile(10_000), 0);
  board.piece("f", 0);
  const viewer = new Watcher(1, 1);
  audience.join(viewer, 0);
  audience.watch(viewer, 1);
  audience.tell();
  expect(viewer.messages[1]).toMatchObject({ event: "image", mode: "file", bytes: 10_000 });
  expect(viewer.messages[1]).not.toHaveProperty("view");
  expect(viewer.blocks).toBe(0);
});

describe("the board", () => {
  const told = (board: Board) => board.messagesAfter(0);

  test("keeps a bounded number of images, ended ones leaving first", () => {
    const board = new Board();
    board.event(offer("running"));
    for (let i = 0; i < 3 * IMAGES_MAX; i += 1) {
      board.event(offer(`ended ${i}`));
      board.event(complete(`ended ${i}`));
    }
    const roster = told(board).findLast((message) => message.event === "roster");
    expect(roster?.ids).toHaveLength(IMAGES_MAX);
    expect(roster?.ids[0]).toBe("running");
    expect(told(board).filter((message) => message.event === "offer")).toHaveLength(IMAGES_MAX);
  });

  test("keeps a bounded number of views, and says when one is gone", () => {
    const { manifest, live } = noisePicture(32, 32);
    const board = new Board();
    for (let i = 0; i < PICTURES_MAX + 2; i += 1) {
      board.image(`${i}`, manifest, 0);
      board.picture(`${i}`, live, () => undefined);
    }
    expect(board.withPicture().map((image) => image.id)).toEqual(
      Array.from({ length: PICTURES_MAX }, (_, i) => `${i + 2}`),
    );
    const without = told(board).filter(
      (message) => message.event === "image" && message.view === undefined,
    );
    expect(without).toMatchObject([{ id: "0" }, { id: "1" }]);
  });

  test("says why a picture is drawn no more, and calls for a frame to tell it", () => {
    const { manifest, live } = noisePicture(32, 32);
    const board = new Board();
    board.image("a", manifest, 0);
    let news = 0;
    board.picture("a", live, () => {
      news += 1;
    });
    live.fail("the thread has died");
    expect(news).toBe(1);
    expect(told(board).at(-1)).toMatchObject({ viewFailure: "the thread has died" });
  });

  test("keeps a bounded number of errors, the newest", () => {
    const board = new Board();
    for (let i = 0; i < 100; i += 1) {
      board.event({ event: "error", t: i, code: "C", message: `${i}`, remedy: "" });
    }
    expect(told(board)).toHaveLength(ERRORS_MAX);
    expect(told(board).at(-1)).toMatchObject({ message: "99" });
  });

  test("ignores pieces and progress of images that it does not know", () => {
    const board = new Board();
    board.piece("ghost", 0);
    board.event(progress("ghost", 1));
    board.event(complete("ghost"));
    expect(told(board)).toEqual([]);
  });
});

function shuffled(count: number, random: Random): number[] {
  const numbers = Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i -= 1) {
    const other = random.between(0, i);
    [numbers[i], numbers[other]] = [numbers[other] as number, numbers[i] as number];
  }
  return numbers;
}

import { stripVTControlCharacters } from "node:util";
import { describe, expect, test } from "vitest";
import { type Grid, gridFor, holeArt } from "../../src/cli/terminal/hole-art.js";
import { HoleTracker } from "../../src/cli/terminal/hole-tracker.js";
import { ASCII, type Look, plainLook, UNICODE } from "../../src/cli/terminal/look.js";
import { pictureArt } from "../../src/cli/terminal/picture-art.js";
import { exactReceipt, partReceipt } from "../../src/cli/terminal/receipt.js";
import { renderLog, renderTransfer } from "../../src/cli/terminal/render.js";
import { displayWidth } from "../../src/cli/terminal/text.js";
import {
  afterReceive,
  afterSend,
  startOf,
  type TransferState,
} from "../../src/cli/terminal/transfer-state.js";
import type {
  OfferEvent,
  ReceiveProgressEvent,
  SendOfferEvent,
  SendProgressEvent,
} from "../../src/node/events.js";
import type { LivePicture } from "../../src/node/live/picture.js";
import { Partition } from "../../src/picture/partition.js";
import { APPROXIMATE, ReducedView } from "../../src/picture/reduced-view.js";
import type { PixelContent, RuledManifest } from "../../src/wire/manifest.js";

const WIDE: Look = { columns: 120, rows: 40, colour: false, pictures: "none", glyphs: UNICODE };
const NARROW: Look = { ...WIDE, columns: 40, rows: 16 };
const COLOURED: Look = { ...WIDE, colour: true };
const PLAIN_ASCII: Look = { ...WIDE, columns: 60, glyphs: ASCII };

const OFFER: OfferEvent = {
  event: "offer",
  t: 1,
  id: "a",
  name: "harbour.png",
  mode: "pixels",
  width: 200,
  height: 100,
  channels: 3,
  bits: 8,
  bytes: 60_000,
  pieces: 200,
  from: "192.0.2.9:50412",
  resumedPieces: 0,
  seconds: 0,
};

const PROGRESS: ReceiveProgressEvent = {
  event: "progress",
  t: 2,
  id: "a",
  missingPixels: 7_060,
  missingPieces: 71,
  received: 129,
  repaired: 0,
  recovered: 0,
  duplicates: 3,
  malformed: 0,
  rateMbit: 18.24,
  rttMs: 41.2,
  lossShare: 0.124,
  secondsLeft: 11.2,
};

/** A picture as a terminal sees it. */
const pictureOf = (view: ReducedView): LivePicture => ({
  view,
  exactPixels: 0,
  approximatePixels: 0,
  failure: undefined,
  onChange: () => undefined,
});

function receiving(...progress: Partial<ReceiveProgressEvent>[]): TransferState {
  const offered = afterReceive(startOf("receive"), OFFER, 1);
  return progress.reduce<TransferState>(
    (state, change, index) => afterReceive(state, { ...PROGRESS, ...change }, 2 + index),
    offered,
  );
}

describe("an image under way", () => {
  test("in a wide terminal has two lines", () => {
    expect(renderTransfer(receiving({}), WIDE, 3)).toEqual([
      "harbour.png  200×100  60.0 kB  from 192.0.2.9:50412",
      "███████████████████░░░░░░░░░░░  64.5 %  18.2 Mbit/s  RTT 41 ms  loss 12.4 %  7,060 pixels missing  12 s left",
    ]);
  });

  test("in a narrow terminal has more, none too wide", () => {
    expect(renderTransfer(receiving({}), NARROW, 3)).toEqual([
      "harbour.png  200×100  60.0 kB",
      "  from 192.0.2.9:50412",
      "██████░░░░  64.5 %  18.2 Mbit/s",
      "  RTT 41 ms  loss 12.4 %",
      "  7,060 pixels missing  12 s left",
    ]);
  });

  test("in a terminal without Unicode uses ASCII", () => {
    const lines = renderTransfer(receiving({}), PLAIN_ASCII, 3);
    expect(lines).toEqual([
      "harbour.png  200x100  60.0 kB  from 192.0.2.9:50412",
      "#########......  64.5 %  18.2 Mbit/s  RTT 41 ms  loss 12.4 %",
      "  7,060 pixels missing  12 s left",
    ]);
  });

  test("stands out by colour where there is one, and the text is the same", () => {
    const [first] = renderTransfer(receiving({}), COLOURED, 3);
    expect(first).toBe(
      "\u001b[1mharbour.png\u001b[22m  200×100  60.0 kB  \u001b[2mfrom 192.0.2.9:50412\u001b[22m",
    );
  });

  test("says nothing of what was not measured", () => {
    const state = afterReceive(startOf("receive"), OFFER, 1);
    const [, measures] = renderTransfer(state, WIDE, 1);
    expect(measures).toBe(`${"░".repeat(30)}  0.0 %  0 kbit/s  loss 0.0 %  200 pieces missing`);
    const { rttMs: _, secondsLeft: __, ...unmeasured } = PROGRESS;
    const [, later] = renderTransfer(afterReceive(receiving({}), unmeasured, 4), WIDE, 4);
    expect(later).not.toContain("RTT");
    expect(later).not.toContain("left");
  });

  test("that is stalled says so, instead of a rate and a time left", () => {
    const state = receiving({}, {});
    expect(renderTransfer(state, WIDE, 6.9)[1]).toContain("12 s left");
    expect(renderTransfer(state, WIDE, 14)[1]).toBe(
      "███████████████████░░░░░░░░░░░  64.5 %  RTT 41 ms  loss 12.4 %  7,060 pixels missing",
    );
    expect(renderTransfer(state, WIDE, 14)[2]).toBe(
      "  stalled 12 s: no datagrams from 192.0.2.9:50412",
    );
  });

  test("is not stalled while even duplicates come", () => {
    const state = receiving({}, { duplicates: 4 });
    expect(renderTransfer(state, WIDE, 7.5).join("\n")).not.toContain("stalled");
  });

  test("is never at 100 % before its digest is checked", () => {
    const state = receiving({ missingPieces: 0, missingPixels: 0, secondsLeft: 0 });
    expect(renderTransfer(state, WIDE, 60)).toEqual([
      "harbour.png  200×100  60.0 kB  from 192.0.2.9:50412",
      `${"█".repeat(30)}  99.9 %  18.2 Mbit/s  RTT 41 ms  loss 12.4 %  0 pixels missing  checking the digest`,
    ]);
  });

  test("counts what an earlier transfer brought", () => {
    const state = afterReceive(startOf("receive"), { ...OFFER, resumedPieces: 150 }, 1);
    expect(renderTransfer(state, WIDE, 1)[1]).toContain("75.0 %");
  });

  test("cannot command the terminal by its name", () => {
    const state = afterReceive(startOf("receive"), { ...OFFER, name: "\u001b[2Jx\u202e.png" }, 1);
    expect(renderTransfer(state, WIDE, 1)[0]).toMatch(/^\?\[2Jx\?\.png {2}200/);
  });

  test("that is a file counts bytes", () => {
    const state = afterReceive(startOf("receive"), { ...OFFER, mode: "file" }, 1);
    const lines = renderTransfer(afterReceive(state, PROGRESS, 2), WIDE, 2);
    expect(lines[0]).toBe("harbour.png  60.0 kB  as a plain file  from 192.0.2.9:50412");
    expect(lines[1]).toContain("7,060 bytes missing");
  });

  test("leaves when it is done", () => {
    const done = {
      event: "complete",
      t: 3,
      id: "a",
      name: "harbour.png",
      path: "in/harbour.png",
      sha256: "00",
      seconds: 2,
      missingPixels: 0,
      bytes: 60_000,
      receipt: { seconds: 2, lossShare: 0 },
    } as const;
    const state = afterReceive(receiving({}), done, 3);
    expect(renderTransfer(state, WIDE, 3)).toEqual(["waiting for a sender; Ctrl-C ends"]);
  });
});

describe("a sender", () => {
  const start = startOf("send", "192.0.2.7:7316");
  const { resumedPieces: _, from: __, ...facts } = OFFER;
  const offer: SendOfferEvent = { ...facts, pieces: 46_912, notes: [], why: "its pixels" };
  const progress: SendProgressEvent = {
    event: "progress",
    t: 1,
    id: "a",
    name: "harbour.png",
    pieces: 46_912,
    sentPieces: 14_000,
    acknowledgedPieces: 13_000,
    parityPieces: 0,
    rateMbit: 18.2,
    rttMs: 41,
    lossShare: 0.124,
    datagramBytes: 1_472,
    secondsLeft: 185,
  };

  const offered = afterSend(start, offer, 0.5);
  const connected = afterSend(offered, { event: "connected", t: 1, rttMs: 41 }, 1);

  test("reads its file first", () => {
    expect(renderTransfer(start, WIDE, 3.2)).toEqual(["reading the file, 3 s"]);
  });

  test("tells how long it has waited for an answer", () => {
    expect(renderTransfer(offered, WIDE, 3.2)).toEqual([
      "harbour.png  200×100  60.0 kB  to 192.0.2.7:7316",
      "waiting 3 s for an answer from 192.0.2.7:7316",
    ]);
  });

  test("counts only what the receiver has confirmed", () => {
    expect(renderTransfer(afterSend(connected, progress, 1), WIDE, 2)).toEqual([
      "harbour.png  200×100  60.0 kB  to 192.0.2.7:7316",
      "████████░░░░░░░░░░░░░░░░░░░░░░  27.7 %  18.2 Mbit/s  RTT 41 ms  loss 12.4 %  33,912 pieces missing  3 min 5 s left",
    ]);
  });

  test("is stalled when confirmations stay away, however much it sends", () => {
    const once = afterSend(connected, progress, 1);
    const again = afterSend(once, { ...progress, sentPieces: 20_000 }, 9);
    expect(renderTransfer(again, WIDE, 10).at(-1)).toContain(
      "stalled 9 s: no confirmation from 192.0.2.7:7316",
    );
  });

  test("says of the next file that its turn comes, not that it is stalled", () => {
    const next = afterSend(connected, { ...offer, id: "b", name: "ice.png", bytes: 9_000 }, 2);
    const idle = { ...progress, id: "b", name: "ice.png", sentPieces: 0, acknowledgedPieces: 0 };
    expect(renderTransfer(afterSend(next, idle, 20), WIDE, 26).slice(2)).toEqual([
      "ice.png  200×100  9.0 kB  to 192.0.2.7:7316",
      `${"░".repeat(30)}  its turn comes next`,
    ]);
  });
});

test("a log has one unbroken line for each image", () => {
  expect(renderLog(receiving({}), plainLook(NARROW), 3)).toEqual([
    "harbour.png  64.5 %  18.2 Mbit/s  RTT 41 ms  loss 12.4 %  7,060 pixels missing  12 s left",
  ]);
});

describe("receipts", () => {
  const exact = {
    name: "boat-2031.png",
    bytes: 52_400_000,
    sha256: `9f3a41${"0".repeat(54)}c41e`,
    receipt: { seconds: 2.06, lossShare: 0.124 },
  };
  const part = {
    name: "boat-2031.png",
    pieces: 1_000,
    missingPieces: 28,
    missing: 1_272_349,
    unit: "pixels",
    report: "in/boat-2031.report.json",
  } as const;

  test("of an exact image", () => {
    expect(exactReceipt(exact, WIDE)).toEqual([
      "EXACT  boat-2031.png  52.4 MB  sha256 9f3a41…c41e  2.1 s  loss 12.4 %",
    ]);
    expect(exactReceipt(exact, NARROW)).toEqual([
      "EXACT  boat-2031.png  52.4 MB",
      "  sha256 9f3a41…c41e  2.1 s  loss 12.4 %",
    ]);
    expect(exactReceipt(exact, COLOURED)[0]).toContain("\u001b[32mEXACT\u001b[39m  ");
  });

  test("of a partial image", () => {
    expect(partReceipt(part, WIDE)).toEqual([
      "PART   boat-2031.png  97.2 %  1,272,349 pixels missing  in/boat-2031.report.json",
    ]);
    expect(partReceipt({ ...part, pieces: 0 }, WIDE)).toEqual([
      "PART   boat-2031.png  1,272,349 pixels missing  in/boat-2031.report.json",
    ]);
  });
});

describe("the map of holes", () => {
  const partition = new Partition({
    width: 200,
    height: 100,
    tileWidth: 10,
    tileHeight: 10,
    fields: 1,
    order: "raster",
  });
  const manifest: RuledManifest = {
    name: "harbour.png",
    digest: new Uint8Array(32),
    pieceCount: partition.pieceCount,
    pieceBytes: 300,
    content: {
      mode: "pixels",
      width: 200,
      height: 100,
      channels: 3,
      bits: 8,
      colour: "rgb",
      tileWidth: 10,
      tileHeight: 10,
      fields: 1,
      order: "raster",
      format: "png",
      metadata: [],
    },
  };

  function trackerWithout(
    manifestOf: RuledManifest,
    isMissing: (piece: number) => boolean,
  ): HoleTracker {
    const tracker = new HoleTracker();
    tracker.onImage("a", manifestOf);
    for (let piece = 0; piece < manifestOf.pieceCount; piece += 1) {
      if (!isMissing(piece)) tracker.onPiece("a", piece);
    }
    return tracker;
  }

  /** The lower half is missing, and one tile of the upper. */
  const tracker = trackerWithout(manifest, (piece) => piece >= 100 || piece === 25);
  const maps = (id: string, room: Grid) => tracker.mapOf(id, room, performance.now() + 1e9);

  test("keeps the picture's shape and shows every hole", () => {
    expect(renderTransfer(receiving({}), { ...NARROW, columns: 42, rows: 14 }, 3, maps)).toEqual([
      "harbour.png  200×100  60.0 kB",
      "  from 192.0.2.9:50412",
      "██████░░░░  64.5 %  18.2 Mbit/s  RTT 41 ms",
      "  loss 12.4 %  7,060 pixels missing",
      "  12 s left",
      "┌────────────────────┐",
      "│█████▒██████████████│",
      "│████████████████████│",
      "│▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒│",
      "│                    │",
      "│                    │",
      "└────────────────────┘",
      '█ whole  ▓▒░ with holes  " " missing',
    ]);
  });

  test("is drawn in ASCII and colours alike", () => {
    const grid = { columns: 4, rows: 1 };
    expect(holeArt([1, 0.9, 0.2, 0], grid, { ...WIDE, glyphs: ASCII })).toEqual([
      "+----+",
      "|#+. |",
      "+----+",
    ]);
    expect(holeArt([1, 0.9, 0.2, 0], grid, COLOURED)[1]).toBe(
      "│\u001b[32m█\u001b[39m\u001b[33m▓░ \u001b[39m│",
    );
  });

  test("never calls a cell whole for one pixel too few, nor empty for one too many", () => {
    expect(holeArt([1 - 1e-9, 1e-9], { columns: 2, rows: 1 }, WIDE)[1]).toBe("│▓░│");
  });

  test("of a file shows its pieces in reading order over two lines", () => {
    const file: RuledManifest = { ...manifest, content: { mode: "file", bytes: 60_000 } };
    const half = trackerWithout(file, (piece) => piece >= 50);
    const map = half.mapOf("a", { columns: 10, rows: 12 }, 0);
    expect(map?.grid).toEqual({ columns: 10, rows: 2 });
    expect(Array.from(map?.shares ?? [])).toEqual(
      Array.from({ length: 20 }, (_, cell) => (cell < 5 ? 1 : 0)),
    );
  });

  test("of a file with fewer pieces than cells shows each piece", () => {
    const file: RuledManifest = {
      ...manifest,
      pieceCount: 3,
      content: { mode: "file", bytes: 900 },
    };
    const map = trackerWithout(file, (piece) => piece === 1).mapOf("a", { columns: 9, rows: 9 }, 0);
    expect(map?.grid).toEqual({ columns: 2, rows: 2 });
    expect(Array.from(map?.shares ?? [])).toEqual([1, 0, 1, 1]);
  });

  test.each([
    [200, 100, { columns: 76, rows: 12 }, { columns: 48, rows: 12 }],
    [900, 4_000, { columns: 76, rows: 12 }, { columns: 5, rows: 11 }],
    [65_535, 1, { columns: 76, rows: 12 }, { columns: 76, rows: 1 }],
    [1, 65_535, { columns: 76, rows: 12 }, { columns: 1, rows: 12 }],
    [4_000, 900, { columns: 20, rows: 12 }, { columns: 20, rows: 2 }],
  ])("a picture of %d by %d fits its room", (width, height, room, grid) => {
    expect(gridFor(width, height, room)).toEqual(grid);
  });

  test("is the picture itself where the terminal has the colours for it", () => {
    // The left half is missing, and of the right half every piece has its own blue.
    const { content } = manifest;
    const view = new ReducedView(content as PixelContent);
    const pictures = new HoleTracker(true);
    pictures.onImage("a", manifest);
    pictures.onPicture("a", pictureOf(view));
    for (let piece = 0; piece < partition.pieceCount; piece += 1) {
      const rect = partition.rectOf(piece);
      const pixel = [200, 100, rect.x / 2];
      const pixels = Array.from({ length: rect.width * rect.height }, () => pixel).flat();
      if (rect.x < 100) continue;
      view.placeExact(rect, Uint8Array.from(pixels));
      pictures.onPiece("a", piece);
    }
    const map = pictures.mapOf("a", { columns: 20, rows: 5 }, 0);
    if (map === undefined || !("rgb" in map)) throw new Error("no picture");
    expect(map.grid).toEqual({ columns: 20, rows: 5 });
    expect(map.shares).toHaveLength(200);
    for (let cell = 0; cell < 200; cell += 1) {
      const column = cell % 20;
      expect(map.shares[cell]).toBe(column < 10 ? 0 : 1);
      const colour = column < 10 ? [0, 0, 0] : [200, 100, column * 5];
      expect([...map.rgb.subarray(cell * 3, cell * 3 + 3)]).toEqual(colour);
    }
    const look: Look = { ...COLOURED, pictures: "true" };
    const lines = renderTransfer(receiving({}), look, 3, () => map);
    expect(lines.at(-1)).toContain("pink: with holes");
    const [first = ""] = lines.filter((line) => line.includes("▀"));
    expect(first).toContain("38;2;200;100;50m\u001b[48;2;200;100;50m▀");
    const drawn = stripVTControlCharacters(first);
    expect(drawn).toBe(`│${"╱".repeat(10)}${"▀".repeat(10)}│`);
  });

  test("tells apart what is exact, what a preview stands for, and what is missing", () => {
    const manifestOf: RuledManifest = { ...manifest, content: { mode: "file", bytes: 1 } };
    const view = new ReducedView(manifest.content as PixelContent);
    const white = (x: number, y: number, target: Uint8Array, at: number): boolean => {
      target.set([x, y, 9, 255], at);
      return true;
    };
    view.placeExact({ x: 0, y: 0, width: 50, height: 100, rowStep: 1 }, new Uint8Array(15_000));
    view.place({ x: 0, y: 0, width: 100, height: 100, rowStep: 1 }, APPROXIMATE, white);
    view.placeExact({ x: 50, y: 0, width: 25, height: 25, rowStep: 1 }, new Uint8Array(1_875));
    const texts = new HoleTracker();
    texts.onImage("a", manifestOf);
    texts.onPicture("a", pictureOf(view));
    const lines = renderTransfer(receiving({}), { ...NARROW, columns: 52, rows: 12 }, 3, (id) =>
      texts.mapOf(id, { columns: 8, rows: 2 }, 0),
    );
    expect(lines.slice(-5)).toEqual([
      "┌────────┐",
      "│██▒≈    │",
      "│██≈≈    │",
      "└────────┘",
      '█ whole  ▓▒░ with holes  ≈ approximate  " " missing',
    ]);
    const colours = new HoleTracker(true);
    colours.onImage("a", manifestOf);
    colours.onPicture("a", pictureOf(view));
    const map = colours.mapOf("a", { columns: 4, rows: 2 }, 0);
    if (map === undefined || !("rgb" in map)) throw new Error("no picture");
    const [, line = ""] = pictureArt(map, { ...COLOURED, pictures: "true" });
    // The preview's mean colour there is (75, 75, 9), of which a third gives way to the tint.
    expect(line).toContain("48;2;49;91;95m");
    expect(stripVTControlCharacters(line)).toBe("│▀▀╱╱│");
  });

  test("tints what has the smallest hole, and hatches only what is empty", () => {
    const map = {
      grid: { columns: 3, rows: 1 },
      shares: [1, 1 - 1e-9, 1e-9, 1, 0, 0],
      rgb: Uint8Array.from(Array.from({ length: 6 }, () => [100, 100, 100]).flat()),
    };
    const [, line = ""] = pictureArt(map, { ...COLOURED, pictures: "true" });
    const [whole, holed, empty] = ["100;100;100", "154;65;125", "58;58;58"];
    const cell = (top?: string, bottom?: string) => `\u001b[38;2;${top}m\u001b[48;2;${bottom}m▀`;
    expect(line).toBe(`│${cell(whole, whole)}${cell(holed, empty)}${cell(holed, empty)}\u001b[0m│`);
    const none = pictureArt({ ...map, shares: Array(6).fill(0) }, { ...COLOURED, pictures: "256" });
    expect(stripVTControlCharacters(none[1] ?? "")).toBe("│╱╱╱│");
  });

  test.each([
    [[0, 0, 0], 16],
    [[255, 255, 255], 231],
    [[255, 0, 0], 196],
    [[95, 135, 175], 67],
    [[128, 128, 128], 244],
    [[30, 31, 29], 234],
  ])("has the nearest of 256 colours for %j", (colour, wanted) => {
    const map = {
      grid: { columns: 1, rows: 1 },
      shares: [1, 1],
      rgb: Uint8Array.from([...colour, ...colour]),
    };
    const [, line = ""] = pictureArt(map, { ...COLOURED, pictures: "256" });
    expect(line).toBe(`│\u001b[38;5;${wanted}m\u001b[48;5;${wanted}m▀\u001b[0m│`);
  });

  test("is forgotten with its image", () => {
    const brief = trackerWithout(manifest, () => true);
    brief.forget("a");
    brief.onPiece("a", 0);
    expect(brief.mapOf("a", { columns: 9, rows: 9 }, 0)).toBeUndefined();
  });
});

test("no line is wider, and no picture higher, than any terminal", () => {
  let state = startOf("receive");
  for (let image = 0; image < 5; image += 1) {
    const offer = { ...OFFER, id: String(image), name: `harbour-${"港".repeat(image * 9)}.png` };
    state = afterReceive(state, offer, 1);
  }
  const maps = (_: string, room: Grid) => ({
    grid: gridFor(200, 100, room),
    shares: new Float64Array(room.columns * room.rows),
  });
  for (let columns = 1; columns < 130; columns += 3) {
    for (let rows = 2; rows < 60; rows += 5) {
      const lines = renderTransfer(state, { ...WIDE, columns, rows }, 30, maps);
      expect(lines.length).toBeLessThanOrEqual(rows - 1);
      for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(columns);
    }
  }
});

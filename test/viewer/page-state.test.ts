import { describe, expect, test } from "vitest";
import type { FeedMessage, ImageMessage } from "../../src/viewer/feed.js";
import { Announcer } from "../../web/src/announcer.js";
import {
  duration,
  milliseconds,
  percent,
  rate,
  shortDigest,
  timeLeft,
} from "../../web/src/format.js";
import {
  confirmedShare,
  missingOf,
  NOTHING_YET,
  phaseOf,
  pixelCounts,
  quietMs,
  reduce,
  type State,
  type Transfer,
  WAITING_AFTER_MS,
} from "../../web/src/state.js";
import { complete, offer, progress } from "./scene.js";

const image = (id: string, number = 1): ImageMessage => ({
  event: "image",
  id,
  number,
  name: "noise.png",
  mode: "pixels",
  width: 100,
  height: 100,
  channels: 3,
  bits: 8,
  bytes: 30_000,
  pieces: 30,
  sha256: "ab".repeat(32),
  view: { width: 100, height: 100 },
});
const hello = (quietSeconds: Record<string, number> = {}): FeedMessage => ({
  event: "hello",
  version: 2,
  quietSeconds,
});
const missing = (id: string, missingPixels: number, missingPieces: number): FeedMessage => ({
  ...progress(id, missingPixels),
  missingPieces,
});

function told(...messages: FeedMessage[]): State {
  return messages.reduce((state, message) => reduce(state, message, 1_000), NOTHING_YET);
}
function only(state: State): Transfer {
  const [transfer, ...others] = state.transfers;
  if (transfer === undefined || others.length > 0) throw new Error("there is not just one");
  return transfer;
}

describe("what the page knows of a transfer", () => {
  test("is the same whether the offer or the image came first", () => {
    const one = only(told(hello(), offer("a"), image("a"), progress("a", 500)));
    const other = only(told(hello(), image("a"), progress("a", 500), offer("a")));
    expect({ ...one, ...image("a") }).toEqual({ ...other, ...image("a") });
    expect(one.from).toBe("192.0.2.9:5000");
    expect(one.image).toMatchObject({ number: 1 });
  });

  test("starts anew when the transfer does, and keeps nothing of the old end", () => {
    const again = only(told(image("a", 1), offer("a"), complete("a"), image("a", 2)));
    expect(again).toMatchObject({ image: { number: 2 }, from: "192.0.2.9:5000" });
    expect(again.end).toBeUndefined();
    expect(only(told(image("a"), offer("a"), complete("a"), offer("a"))).end).toBeUndefined();
  });

  test("is forgotten with a new connection, or when the receiver forgets it", () => {
    expect(told(offer("a"), hello()).transfers).toEqual([]);
    const rest = told(offer("a"), offer("b"), { event: "roster", ids: ["b"] });
    expect(rest.transfers.map((transfer) => transfer.id)).toEqual(["b"]);
  });

  test("loses its picture but not its numbers when the view is dropped", () => {
    const { view: _, ...bare } = image("a");
    const transfer = only(told(offer("a"), image("a"), progress("a", 7), bare));
    expect(transfer.image).not.toHaveProperty("view");
    expect(missingOf(transfer)).toBe(7);
  });
});

describe("the numbers of pixels", () => {
  const picture = (exactPixels: number, approximatePixels: number): FeedMessage => ({
    event: "picture",
    t: 1,
    id: "a",
    exactPixels,
    approximatePixels,
  });

  test("are the picture's, and add up to all of it", () => {
    const transfer = only(told(image("a"), picture(1_000, 0), picture(3_000, 500)));
    expect(pixelCounts(transfer)).toEqual({ exact: 3_000, approximate: 500, missing: 6_500 });
  });

  test("are not made up for what is not drawn, or not told yet", () => {
    const { view: _, ...bare } = image("a");
    expect(pixelCounts(only(told(image("a"))))).toBeUndefined();
    expect(pixelCounts(only(told(bare, picture(5, 5))))).toBeUndefined();
  });

  test("are all exact once the picture is verified, however late the last was told", () => {
    const transfer = only(told(image("a"), picture(9_000, 1_000), complete("a")));
    expect(pixelCounts(transfer)).toEqual({ exact: 10_000, approximate: 0, missing: 0 });
  });
});

describe("the confirmed share", () => {
  test("counts pixels, and reaches 100 % only with the digest", () => {
    expect(confirmedShare(only(told(image("a"))))).toBe(0);
    expect(confirmedShare(only(told(image("a"), progress("a", 2_500))))).toBe(0.75);
    const all = told(image("a"), missing("a", 0, 0));
    expect(percent(confirmedShare(only(all)))).toBe("99.9\u202f%");
    expect(confirmedShare(only(reduce(all, complete("a"), 0)))).toBe(1);
  });

  test("is rounded down: what is not reached is not shown", () => {
    expect(percent(0.99999)).toBe("99.9\u202f%");
    expect(percent(0.2999)).toBe("29.9\u202f%");
  });
});

describe("the phase", () => {
  test("is waiting once nothing new has come for a while, and arriving again with the next piece", () => {
    const state = told(image("a"), missing("a", 500, 5));
    expect(phaseOf(only(state), 1_000 + WAITING_AFTER_MS)).toBe("arriving");
    expect(phaseOf(only(state), 1_001 + WAITING_AFTER_MS)).toBe("waiting");
    const same = reduce(state, missing("a", 500, 5), 9_000);
    expect(phaseOf(only(same), 9_000), "a report without news is no news").toBe("waiting");
    const next = reduce(same, missing("a", 400, 4), 9_500);
    expect(phaseOf(only(next), 9_500)).toBe("arriving");
  });

  test("knows from the receiver how long it has been quiet before this page was opened", () => {
    const transfer = only(told(hello({ a: 12 }), offer("a"), image("a"), missing("a", 500, 5)));
    expect(quietMs(transfer, 1_000)).toBe(12_000);
    expect(phaseOf(transfer, 1_000)).toBe("waiting");
  });

  test("is checking between the last piece and the verdict, and unknown when cut off", () => {
    const transfer = only(told(image("a"), missing("a", 0, 0)));
    expect(phaseOf(transfer, 1_000)).toBe("checking");
    expect(phaseOf(transfer, undefined)).toBe("unknown");
    expect(phaseOf(only(told(image("a"), complete("a"))), undefined)).toBe("exact");
  });

  test("is failed by an error of its own, not by one of the whole receiver", () => {
    const error = { event: "error", t: 1, code: "C", message: "m", remedy: "r" } as const;
    const state = told(image("a"), error);
    expect(phaseOf(only(state), 1_000)).toBe("arriving");
    expect(state.errors).toEqual([error]);
    expect(phaseOf(only(reduce(state, { ...error, id: "a" }, 0)), 1_000)).toBe("failed");
  });
});

test("the announcer says start, quarters, stall and end, each once", () => {
  const announcer = new Announcer();
  let state = told(hello(), offer("a"), image("a"));
  const said: (string | undefined)[] = [];
  const hear = (message: FeedMessage, atMs: number, laterMs = 0) => {
    state = reduce(state, message, atMs);
    said.push(announcer.next(only(state), phaseOf(only(state), atMs + laterMs)));
  };
  hear(missing("a", 10_000, 30), 1_000);
  hear(missing("a", 9_000, 27), 1_100);
  hear(missing("a", 7_400, 22), 1_200);
  hear(missing("a", 7_300, 21), 1_300);
  hear(missing("a", 2_000, 6), 1_400);
  hear(missing("a", 2_000, 6), 1_400, 4_000);
  hear(missing("a", 2_000, 6), 1_400, 8_000);
  hear(missing("a", 1_000, 3), 9_500);
  hear(missing("a", 0, 0), 9_600);
  hear(complete("a"), 9_700);
  hear(complete("a"), 9_800);
  expect(said).toEqual([
    "noise.png is arriving.",
    undefined,
    "noise.png: 25 per cent confirmed.",
    undefined,
    "noise.png: 75 per cent confirmed.",
    "noise.png is stalled: nothing new comes.",
    undefined,
    undefined,
    undefined,
    "noise.png is exact: every part is verified.",
    undefined,
  ]);
});

test("numbers read as people write them", () => {
  expect([0.4, 9, 9.96, 59.4, 61, 3_599, 3_601, 200_000].map(duration)).toEqual([
    "0.4 s",
    "9 s",
    "10.0 s",
    "59 s",
    "1 min 1 s",
    "59 min 59 s",
    "1 h 0 min",
    "2 days",
  ]);
  expect([0.2, 4.1, 61, 3_000].map(timeLeft)).toEqual([
    "under 1 s",
    "5 s",
    "1 min 5 s",
    "50 min 0 s",
  ]);
  expect([0.512, 4.24, 38.2].map(rate)).toEqual(["512 kbit/s", "4.2 Mbit/s", "38 Mbit/s"]);
  expect([0.31, 42.3].map(milliseconds)).toEqual(["0.3 ms", "42 ms"]);
  expect(shortDigest("0123456789abcdef".repeat(4))).toBe("012345…abcdef");
});

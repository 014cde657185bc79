import { describe, expect, test } from "vitest";
import { DEMO_LINK, introduction } from "../../src/cli/demo.js";
import { inspectionLines, regionMap } from "../../src/cli/inspect.js";
import { planLines } from "../../src/cli/plan.js";
import { type Look, UNICODE } from "../../src/cli/terminal/look.js";
import { receiveNarration, sendNarration } from "../../src/cli/terminal/narration.js";
import { qrArt } from "../../src/cli/terminal/qr-art.js";
import { afterReceive, startOf } from "../../src/cli/terminal/transfer-state.js";
import type { Inspection, Plan } from "../../src/node/api-types.js";
import type {
  ListeningEvent,
  OfferEvent,
  PartialEvent,
  SendOfferEvent,
} from "../../src/node/events.js";

const LOOK: Look = { columns: 100, rows: 40, colour: false, pictures: "none", glyphs: UNICODE };

const PLAN: Plan = {
  name: "harbour.png",
  mode: "pixels",
  width: 5640,
  height: 3172,
  channels: 3,
  bits: 8,
  pieces: 46_912,
  payloadBytes: 53_670_240,
  manifestBytes: 92,
  previewBytes: 0,
  fileBytes: 21_300_000,
  notes: [],
  why: "its pixels as they are",
};

test("a plan tells the picture's shape, its pieces and bytes", () => {
  expect(planLines(PLAN, LOOK)).toEqual([
    "harbour.png  5640×3172  3 channels of 8 bits  the file has 21.3 MB",
    "46,912 pieces of its pixels  53.7 MB  and 92 bytes about it",
    "  its pixels as they are",
  ]);
});

test("the plan of a file has no shape, and says once why it is one", () => {
  const why = "sent as a plain file: no picture";
  const file = { ...PLAN, mode: "file", pieces: 18_522, payloadBytes: 21_300_000 } as const;
  expect(planLines({ ...file, notes: [why], why }, LOOK)).toEqual([
    "harbour.png  the file has 21.3 MB",
    "18,522 pieces of its bytes  21.3 MB  and 92 bytes about it",
    "  sent as a plain file: no picture",
  ]);
});

test("a plan tells what a person should know", () => {
  const notes = ["only the first of 12 pages is sent"];
  expect(planLines({ ...PLAN, notes }, LOOK)[2]).toBe("  only the first of 12 pages is sent");
});

test("the demo's first words say what is about to be seen, in lines that fit", () => {
  const lines = introduction(DEMO_LINK, { ...LOOK, columns: 60 });
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(60);
  const words = lines.join(" ");
  expect(words).toContain("loses 10.0 % of all datagrams, about 4 in a row,");
  expect(words).toContain("delays each by 20 ms at 1.5 Mbit/s");
  const plain = { ...DEMO_LINK, burst: 1, rate: 0 };
  const plainer = introduction(plain, LOOK).join(" ");
  expect(plainer).toContain("loses 10.0 % of all datagrams, delays each by 20 ms, and");
});

describe("an inspection", () => {
  const inspection: Inspection = {
    name: "harbour.png",
    mode: "pixels",
    width: 80,
    height: 40,
    channels: 3,
    bits: 8,
    pixels: 3_200,
    missingPixels: 900,
    approximatePixels: 0,
    missingPieces: 9,
    pieces: 32,
    regions: [
      { x: 0, y: 30, width: 10, height: 10, cause: "not yet sent" },
      { x: 40, y: 0, width: 40, height: 20, cause: "requested 3 times" },
    ],
  };

  test("draws the holes and lists the largest first", () => {
    expect(inspectionLines(inspection, { ...LOOK, columns: 42 })).toEqual([
      "harbour.png  71.8 % is here",
      "  900 pixels missing  9 of 32 pieces",
      "┌────────────────────────────────────────┐",
      ...Array<string>(5).fill("│████████████████████                    │"),
      ...Array<string>(2).fill("│████████████████████████████████████████│"),
      "│▒▒▒▒▒███████████████████████████████████│",
      ...Array<string>(2).fill("│     ███████████████████████████████████│"),
      "└────────────────────────────────────────┘",
      '█ whole  ▓▒░ with holes  " " missing',
      "  40×20 pixels at 40, 0: requested 3 times",
      "  10×10 pixels at 0, 30: not yet sent",
    ]);
  });

  test("of a whole picture has no map", () => {
    const whole = { ...inspection, missingPixels: 0, missingPieces: 0, regions: [] };
    expect(inspectionLines(whole, LOOK)).toEqual([
      "harbour.png  100.0 % is here  0 pixels missing  0 of 32 pieces",
    ]);
  });

  test("of very many holes tells how many it leaves out", () => {
    const regions = Array.from({ length: 25 }, (_, i) => ({
      x: i,
      y: 0,
      width: 1,
      height: 1,
      cause: "not yet sent",
    }));
    expect(inspectionLines({ ...inspection, regions }, LOOK).at(-1)).toBe(
      "  and 15 smaller holes; --json lists all",
    );
  });

  test("of a file lists ranges of bytes", () => {
    const regions = [{ x: 12_000, y: 0, width: 1_150, height: 1, cause: "given up" }];
    const file: Inspection = { ...inspection, mode: "file", missingPixels: 1_150, regions };
    expect(inspectionLines(file, LOOK)).toEqual([
      "harbour.png  71.8 % is here  1,150 bytes missing  9 of 32 pieces",
      "  1,150 bytes from 12,000: given up",
    ]);
  });

  test("maps many holes as exactly as few", () => {
    const grid = { columns: 7, rows: 3 };
    const single = { x: 3, y: 5, width: 60, height: 30, cause: "" };
    const pixels = Array.from({ length: 60 * 30 }, (_, i) => ({
      x: 3 + (i % 60),
      y: 5 + Math.floor(i / 60),
      width: 1,
      height: 1,
      cause: "",
    }));
    const [few, many] = [
      regionMap(inspection, [single], grid),
      regionMap(inspection, pixels, grid),
    ];
    for (const [cell, share] of few.entries()) expect(many[cell]).toBeCloseTo(share, 9);
    expect([...few].filter((share) => share === 0)).toHaveLength(4);
    expect([...many].filter((share) => share === 0)).toHaveLength(4);
  });
});

describe("what is said of a transfer", () => {
  const listening: ListeningEvent = {
    event: "listening",
    t: 0,
    address: "0.0.0.0:7316",
    ticket: "192.0.2.7:7316",
    view: "http://127.0.0.1:40123/",
  };
  const offer: OfferEvent = {
    event: "offer",
    t: 1,
    id: "a",
    name: "harbour.png",
    mode: "pixels",
    width: 5640,
    height: 3172,
    channels: 3,
    bits: 8,
    bytes: 53_670_240,
    pieces: 46_912,
    from: "192.0.2.9:50412",
    resumedPieces: 0,
    seconds: 0,
  };
  const partial: PartialEvent = {
    event: "partial",
    t: 9,
    id: "a",
    name: "harbour.png",
    report: "in/harbour.report.json",
    missingPixels: 1_272_349,
    missingPieces: 3_335,
    reason: "deadline",
  };
  const start = startOf("receive");
  const resumed = { ...offer, resumedPieces: 12_000 };

  test("begins with how to send here", () => {
    expect(receiveNarration(listening, start, LOOK, "changes")).toEqual([
      "listening at 0.0.0.0:7316",
      "  on the other side: lacuna send PICTURE --to 192.0.2.7:7316",
      "  live page: http://127.0.0.1:40123/",
    ]);
  });

  test("shows the ticket to a camera where a person looks on", () => {
    const lines = receiveNarration(listening, start, LOOK, "live");
    expect(lines[0]).toBe("listening at 0.0.0.0:7316");
    expect(lines.slice(1, -2)).toEqual(qrArt(listening.ticket, LOOK));
    expect(lines.length).toBeGreaterThan(10);
  });

  test("tells who was not let in, and why", () => {
    const [ticket, sender] = ["an\u001bna", "A".repeat(43)];
    const refused = { event: "refused", t: 1, ticket, sender, reason: "ticketExpired" } as const;
    expect(receiveNarration(refused, start, LOOK, "live")).toEqual([
      `a sender was not let in: the ticket has expired (an?na; its key is ${sender})`,
    ]);
    expect(receiveNarration(refused, start, LOOK, "results")).toEqual([]);
  });

  test("tells of an offer in a log, but live only what the picture does not show", () => {
    expect(receiveNarration(offer, start, LOOK, "changes")).toEqual([
      "receiving harbour.png (5640×3172, 53.7 MB) from 192.0.2.9:50412",
    ]);
    expect(receiveNarration(offer, start, LOOK, "live")).toEqual([]);
    expect(receiveNarration(resumed, start, LOOK, "live")).toEqual([
      "resuming harbour.png: 12,000 of 46,912 pieces are here already",
    ]);
    expect(receiveNarration({ ...resumed, mode: "file" }, start, LOOK, "changes")).toEqual([
      "receiving harbour.png (53.7 MB) from 192.0.2.9:50412; 12,000 of 46,912 pieces are here already",
    ]);
  });

  test("is only results for those who read JSON", () => {
    expect(receiveNarration(listening, start, LOOK, "results")).toEqual([]);
    expect(receiveNarration(offer, start, LOOK, "results")).toEqual([]);
    const offered = afterReceive(start, offer, 1);
    expect(receiveNarration(partial, offered, LOOK, "results")).toEqual([
      "PART   harbour.png  92.8 %  1,272,349 pixels missing  in/harbour.report.json",
    ]);
  });

  test("is the same receipt at both ends", () => {
    const facts = { event: "complete", t: 3, id: "a", name: "harbour.png", seconds: 2.1 } as const;
    const receipt = { seconds: 2.1, lossShare: 0.124 };
    const proof = { ...facts, sha256: `9f3a41${"0".repeat(54)}c41e`, bytes: 53_670_240, receipt };
    const here = { ...proof, path: "in/harbour.png", missingPixels: 0 } as const;
    // The sender's own clock runs a little longer, until it has heard.
    const costs = {
      wireBytes: 6e7,
      payloadBytes: 53_670_240,
      repairedPieces: 9,
      parityPieces: 3,
      parityBytes: 3_500,
      datagramBytes: 1_472,
    };
    const there = { ...proof, ...costs, seconds: 2.3 };
    const line = "EXACT  harbour.png  53.7 MB  sha256 9f3a41…c41e  2.1 s  loss 12.4 %";
    expect(receiveNarration(here, start, LOOK, "results")).toEqual([line]);
    expect(sendNarration(there, startOf("send"), LOOK, "results")).toEqual([line]);
    const renamed = { ...here, path: "in/harbour (2).png" };
    expect(receiveNarration(renamed, start, LOOK, "results")).toEqual([
      line,
      "  saved as in/harbour (2).png",
    ]);
  });

  test("at the sender names each file, and why it goes as it does", () => {
    const { resumedPieces: _, from: __, ...facts } = offer;
    const sent: SendOfferEvent = { ...facts, notes: [], why: "its pixels" };
    const sending = startOf("send", "192.0.2.7:7316");
    expect(sendNarration(sent, sending, LOOK, "live")).toEqual([]);
    expect(sendNarration(sent, sending, LOOK, "changes")).toEqual([
      "sending harbour.png (5640×3172, 53.7 MB)",
    ]);
    const noted: SendOfferEvent = {
      ...sent,
      mode: "file",
      notes: ["sent as a plain file: no picture\u001b[2J"],
    };
    const note = "  harbour.png: sent as a plain file: no picture?[2J";
    expect(sendNarration(noted, sending, LOOK, "results")).toEqual([note]);
    expect(sendNarration(noted, sending, LOOK, "live")).toEqual([note]);
    expect(sendNarration(noted, sending, LOOK, "changes")).toEqual([
      "sending harbour.png (53.7 MB)",
      note,
    ]);
  });

  test("has errors in the words of all errors", () => {
    const error = {
      event: "error",
      t: 1,
      code: "LACUNA_DISK_FULL",
      message: "no room",
      remedy: "free some",
    } as const;
    const lines = ["error: no room", "  try: free some (LACUNA_DISK_FULL)"];
    expect(receiveNarration(error, start, LOOK, "live")).toEqual(lines);
    expect(sendNarration(error, startOf("send"), LOOK, "live")).toEqual(lines);
  });
});

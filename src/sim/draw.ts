import { Random } from "../base/random.js";
import type { Range } from "../base/range-set.js";
import {
  type BytesPerSecond,
  bytesPerSecond,
  durationUs,
  instantUs,
  milliseconds,
  seconds,
} from "../base/units.js";
import { Bbr } from "../protocol/bbr.js";
import type { CongestionControl } from "../protocol/congestion.js";
import { Ledbat } from "../protocol/ledbat.js";
import { NewReno } from "../protocol/new-reno.js";
import type { ChecksumSealing } from "./checksum-sealing.js";
import type { Cut, DatagramLimit, LinkOptions } from "./link.js";
import type { HostOptions, Scenario, SimulatedImage, SimulatedSupply } from "./plan.js";

/**
 * A scenario drawn from its seed alone: links from well to as bad as the suite
 * promises to survive, images of 1..400 pieces, and a host that takes its time.
 *
 * Each ill is absent from about half of all runs, so that its effects can be told apart.
 */
export function drawScenario(seed: number, sealing: ChecksumSealing): Scenario {
  const random = new Random(seed);
  const forward = drawLink(random, seed * 2);
  const backward = drawLink(random, seed * 2 + 1);
  // Images are smaller on slow links: what is tested is the protocol, not patience.
  const rates = [forward.rateBytesPerSecond ?? 0, backward.rateBytesPerSecond ?? 0];
  const slow = rates.some((rate) => rate > 0 && rate < SLOW_BYTES_PER_SECOND);
  const images = Array.from({ length: random.between(1, 4) }, () =>
    drawImage(random, slow ? 100 : 400),
  );
  const rateCap = random.chance(0.2) ? drawRate(random, 0.5, 100) : undefined;
  const host = drawHost(random);
  const cap = rateCap === undefined ? {} : { rateCap };
  const timersLateUs = durationUs(random.chance(0.3) ? Math.round(50_000 * random.unit() ** 3) : 0);
  const patience = { connectTimeoutUs: seconds(600) };
  const congestion = controlOf(seed);
  const path = random.chance(0.4) ? { mostBytes: random.chance(0.5) ? 1_472 : 8_972 } : undefined;
  const limits = path === undefined ? [] : drawLimits(random);
  const links = { forward: { ...forward, limits }, backward, timersLateUs };
  return {
    seed,
    sealing,
    images,
    congestion,
    ...links,
    host,
    ...cap,
    ...patience,
    ...(path && { path }),
  };
}

const SLOW_BYTES_PER_SECOND = 125_000;

/** By turns: the model half of the time, for it is what senders use unless they are told otherwise. */
function controlOf(seed: number): () => CongestionControl {
  if (seed % 2 === 0) return () => new Bbr();
  return seed % 4 === 1 ? () => new NewReno() : () => new Ledbat();
}

function drawLink(random: Random, seed: number): LinkOptions {
  const ill = (): boolean => random.chance(0.5);
  const lossShare = ill() ? 0.5 * random.unit() ** 2 : 0;
  const delayUs = milliseconds(ill() ? random.between(0, 100) : random.between(0, 600));
  const rate = ill() ? drawRate(random, 0.1, 1_000) : bytesPerSecond(0);
  const productBytes = (rate * 2 * delayUs) / 1_000_000;
  const queueMin = 5 * 1_200;
  return {
    seed,
    lossShare,
    burstMean: ill() ? 1 + 19 * random.unit() ** 2 : 1,
    delayUs,
    jitterUs: durationUs(random.chance(0.3) ? 1_000_000 * random.unit() ** 3 : 0),
    rateBytesPerSecond: rate,
    queueBytes: random.between(queueMin, Math.ceil(Math.max(queueMin, 2 * productBytes))),
    reorderShare: drawReorder(random),
    duplicateShare: ill() ? 0.2 * random.unit() : 0,
    corruptShare: ill() ? 0.1 * random.unit() ** 2 : 0,
    cuts: random.chance(0.3) ? drawCuts(random) : [],
  };
}

/** None, the five per cent that have their own promise, or anything up to thirty. */
function drawReorder(random: Random): number {
  const kind = random.unit();
  if (kind < 0.6) return 0;
  return kind < 0.8 ? 0.05 * random.unit() : 0.3 * random.unit();
}

/** Evenly over the orders of magnitude, for a factor matters more than a difference. Megabits a second. */
function drawRate(random: Random, fromMbit: number, toMbit: number): BytesPerSecond {
  const mbit = fromMbit * (toMbit / fromMbit) ** random.unit();
  return bytesPerSecond(Math.round((mbit * 1_000_000) / 8));
}

/** One to three cuts of up to ten seconds; one in three times the first is there from the start. */
function drawCuts(random: Random): Cut[] {
  const cuts: Cut[] = [];
  let fromUs = random.chance(1 / 3) ? 0 : random.between(0, 5_000_000);
  for (let left = random.between(1, 3); left > 0; left -= 1) {
    const endUs = fromUs + random.between(10_000, 10_000_000);
    cuts.push({ startUs: instantUs(fromUs), endUs: instantUs(endUs) });
    fromUs = endUs + random.between(10_000, 5_000_000);
  }
  return cuts;
}

/** None, one from the start, or a second within the first seconds; wider or narrower. */
function drawLimits(random: Random): DatagramLimit[] {
  const limits: DatagramLimit[] = [];
  let fromUs = 0;
  for (let left = random.between(0, 2); left > 0; left -= 1) {
    limits.push({ fromUs: instantUs(fromUs), bytes: Math.floor(1_200 * 8 ** random.unit()) });
    fromUs = Math.ceil(3_000_000 * random.unit() ** 2);
  }
  return limits;
}

function drawImage(random: Random, piecesMax: number): SimulatedImage {
  const pieceCount = Math.ceil(piecesMax ** random.unit());
  const pieceBytes = random.chance(0.7) ? 1_150 : Math.ceil(1_150 ** random.unit());
  const kind = random.unit();
  return {
    pieceCount,
    pieceBytes,
    ...(random.chance(0.3) ? { hasDrawnLengths: true } : {}),
    ...(pieceCount > 1 && random.chance(0.3)
      ? { previewPieces: Math.ceil((pieceCount - 1) ** random.unit()) }
      : {}),
    ...(random.chance(0.3) ? { supplies: drawSupplies(random, pieceCount) } : {}),
    ...(kind < 0.15 ? { withheld: drawRanges(random, pieceCount) } : {}),
    ...(kind > 0.85 ? { resumed: drawRanges(random, pieceCount) } : {}),
    // A profile fits an image of one pixel a piece at least as wide as high.
    ...(random.chance(0.2) ? { profileBytes: random.between(1, 10_000) } : {}),
    ...(random.chance(0.05) ? { damagedTimes: 1 } : {}),
  };
}

/**
 * Pieces that become ready in up to ten steps within some seconds, all at once or one after another; the last are told to be
 * the last then or later.
 */
function drawSupplies(random: Random, pieceCount: number): SimulatedSupply[] {
  const spanUs = Math.round(10_000_000 * random.unit() ** 3);
  const steps = random.between(1, 10);
  const supplies: SimulatedSupply[] = [];
  for (let step = 1; step <= steps; step += 1) {
    const atUs = instantUs(Math.round((spanUs * (step - random.unit())) / steps));
    supplies.push({ atUs, available: Math.ceil((pieceCount * step) / steps) });
  }
  const last = supplies.pop() as SimulatedSupply;
  if (random.chance(0.5)) return [...supplies, { ...last, isLast: true }];
  const countedUs = instantUs(last.atUs + random.between(0, 1_000_000));
  return [...supplies, last, { ...last, atUs: countedUs, isLast: true }];
}

/** All, a first part, a second half, or every piece by a drawn chance. */
function drawRanges(random: Random, pieceCount: number): Range[] {
  const place = random.between(1, pieceCount);
  switch (random.between(0, 3)) {
    case 0:
      return [{ start: 0, end: pieceCount }];
    case 1:
      return [{ start: 0, end: place }];
    case 2: {
      const start = Math.floor(pieceCount / 2);
      return [{ start, end: pieceCount }];
    }
    default: {
      const share = random.unit();
      const pieces = Array.from({ length: pieceCount }, (_, piece) => piece);
      return pieces
        .filter(() => random.chance(share))
        .map((piece) => ({ start: piece, end: piece + 1 }));
    }
  }
}

function drawHost(random: Random): HostOptions {
  const upTo = (longestUs: number): number =>
    random.chance(0.5) ? Math.round(longestUs * random.unit() ** 2) : 0;
  return {
    acceptUs: durationUs(upTo(1_000_000)),
    writeUs: durationUs(upTo(2_000)),
    verifyUs: durationUs(upTo(2_000_000)),
  };
}

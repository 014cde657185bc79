import { type BytesPerSecond, type DurationUs, durationUs, milliseconds } from "../base/units.js";
import type { ParityGroup } from "../wire/frames/parity.js";
import type { LossShape } from "./path-loss.js";

/** What decides how much parity is worth its while. */
export interface ParityTerms {
  /** Of packets. */
  readonly loss: LossShape;
  /** What another round of repair costs. */
  readonly rttUs: DurationUs;
  readonly pacingRate: BytesPerSecond;
  /** A full datagram. */
  readonly datagramBytes: number;
}

/**
 * The terms for a preview. It leaves before much is known of the path: loss is reckoned as if beside the packets that tell it ten had
 * been sent and one of them lost. And it is what people wait for: a round trip more costs as much as several at the end.
 */
export function previewTerms({ loss, rttUs, ...others }: ParityTerms): ParityTerms {
  const { share, run, packets } = loss;
  const guessed = (share * packets + GUESS_LOST) / (packets + GUESS_PACKETS);
  const isShort = rttUs < PARITY_RTT_MIN_US;
  return {
    ...others,
    loss: { share: guessed, run, packets },
    rttUs: isShort ? rttUs : durationUs(rttUs * PREVIEW_WORTH),
  };
}

/** Pieces to protect together. */
export interface PlannedGroup extends ParityGroup {
  /** Those of them that are on the way and not protected otherwise, in rising order. */
  readonly pieces: readonly number[];
}

/**
 * Groups over pieces on the way. docs/protocol.md section 6.
 *
 * Where they lie close together, a group takes each n-th, so that a run of losses spreads over n groups. Pieces between
 * them that are held belong to the group too: they cost their reading, and nothing on the wire. Where they
 * lie scattered, as repairs do, groups reach further; one that lies alone is a group by itself, and its parity a second copy.
 *
 * @param pieces in rising order
 */
export function groupsOver(pieces: readonly number[]): PlannedGroup[] {
  const scattered: number[] = [];
  const groups: PlannedGroup[] = [];
  for (const run of runsOf(pieces, CLOSE_GAP)) {
    if (run.length >= CLOSE_RUN_MIN) groups.push(...strided(run));
    else scattered.push(...run);
  }
  for (const run of runsOf(scattered, GROUP_SOURCES_MAX)) groups.push(...strided(run));
  return groups;
}

/** What decides, of a group, how much a parity symbol costs and how its symbols are lost. */
export interface GroupShape {
  readonly stride: number;
  /** Of its longest source symbol, and so of its parity symbols. */
  readonly symbolBytes: number;
  /** Of its source symbols on the mean: as many of these as fit share a datagram, and are lost together. */
  readonly meanBytes: number;
}

/**
 * How many parity symbols make the sum of their own time and of the time that a failure would cost, by its
 * probability, least. 0 when not even one is worth it.
 *
 * @param exposed pieces of the group that are on the way
 * @param room the most that the group may have
 */
export function paritySymbolsWorth(
  { stride, symbolBytes, meanBytes }: GroupShape,
  exposed: number,
  room: number,
  { loss, rttUs, pacingRate, datagramBytes }: ParityTerms,
): number {
  if (loss.share <= 0 || rttUs < PARITY_RTT_MIN_US) return 0;
  const symbolUs = (symbolBytes * 1_000_000) / pacingRate;
  const run = loss.run * Math.max(1, Math.floor(datagramBytes / meanBytes));
  const clump = clumpOf({ ...loss, run }, stride);
  let best = 0;
  let least = failure(exposed, 0, loss.share, clump) * rttUs;
  const most = Math.min(room, exposed + PARITY_BEYOND_PIECES_MAX);
  for (let symbols = 1; symbols <= most; symbols += 1) {
    const cost =
      symbols * symbolUs + failure(exposed + symbols, symbols, loss.share, clump) * rttUs;
    if (cost >= least) continue;
    least = cost;
    best = symbols;
  }
  return best;
}

/**
 * By how much losses of every n-th packet vary more than independent ones: (1 + r) / (1 - r), with r the correlation at
 * n packets' distance of Gilbert's model, whose runs have the mean length that was measured.
 */
function clumpOf({ share, run }: LossShape, stride: number): number {
  const next = Math.min(0.99, Math.max(0, 1 - 1 / run / Math.max(0.01, 1 - share)));
  const correlation = next ** stride;
  return (1 + correlation) / (1 - correlation);
}

/**
 * The probability that of `packets` more than `spare` are lost. Losses in clumps count as so many fewer packets of which each is
 * worth a clump, which gives the same mean and the same variance.
 */
function failure(packets: number, spare: number, share: number, clump: number): number {
  return binomialAbove(Math.max(1, Math.round(packets / clump)), Math.floor(spare / clump), share);
}

/** P(X > k) for X binomial with n trials of probability p. */
function binomialAbove(n: number, k: number, p: number): number {
  if (k >= n) return 0;
  if (p >= 1) return 1;
  let term = (1 - p) ** n;
  let below = term;
  for (let i = 1; i <= k; i += 1) {
    term *= ((n - i + 1) / i) * (p / (1 - p));
    below += term;
  }
  return Math.max(0, 1 - below);
}

/** Cuts a rising list where the next is more than `gap` away. */
function runsOf(pieces: readonly number[], gap: number): number[][] {
  const runs: number[][] = [];
  let run: number[] = [];
  for (const piece of pieces) {
    const last = run[run.length - 1];
    if (last !== undefined && piece - last > gap) {
      runs.push(run);
      run = [];
    }
    run.push(piece);
  }
  if (run.length > 0) runs.push(run);
  return runs;
}

/** Deals pieces that lie in one stretch to as few groups as there must be, each n-th to the same. */
function strided(pieces: readonly number[]): PlannedGroup[] {
  const start = pieces[0] as number;
  const span = (pieces[pieces.length - 1] as number) - start + 1;
  const stride = Math.ceil(span / GROUP_SOURCES_MAX);
  const dealt: number[][] = Array.from({ length: stride }, () => []);
  for (const piece of pieces) dealt[(piece - start) % stride]?.push(piece);
  return dealt
    .filter((own) => own.length > 0)
    .map((own) => {
      const first = own[0] as number;
      const sources = ((own[own.length - 1] as number) - first) / stride + 1;
      return { first, stride: sources === 1 ? 1 : stride, sources, pieces: own };
    });
}

/** Ours: a tenth lost, until as many packets again say otherwise. */
const GUESS_PACKETS = 10;
const GUESS_LOST = 1;

/** Ours: what a round trip that a preview comes later counts for. */
const PREVIEW_WORTH = 4;

/** Below this round-trip time what computing costs is no longer small beside what parity saves. Ours. */
const PARITY_RTT_MIN_US = milliseconds(10);

/** The most pieces of a group: as many parity symbols may be made of them. Ours. */
const GROUP_SOURCES_MAX = 127;

/** More parity symbols than pieces on the way only while these are few. Ours. */
const PARITY_BEYOND_PIECES_MAX = 2;

/** Pieces no further apart than this, and so many of them, lie close: the newest flight. Ours. */
const CLOSE_GAP = 4;
const CLOSE_RUN_MIN = 32;

import { assert } from "../../base/assert.js";
import { type EntropyModel, FREQUENCY_SUM, type Histograms, TABLES_MAX } from "./model.js";
import { MANTISSA_BITS } from "./model-bits.js";
import { ESCAPE_TOKEN, TOKEN_ROOM } from "./tokens.js";

/**
 * Makes a model from the tokens of a sample: contexts whose tokens are distributed alike share one of at most `tablesMax` tables
 * (k-means by coding cost, begun with contexts in the order of their entropies). Tables hold all tokens up to a little above the largest
 * that was seen, so that rare ones need no escape. Contexts that were not seen take the table of the last one before them
 * that was. Deterministic.
 */
export function fitModel(histograms: Histograms, tablesMax: number): EntropyModel {
  assert(tablesMax >= 1 && tablesMax <= TABLES_MAX, "the number of tables is in range");
  const seen = seenContexts(histograms);
  const groups = initialGroups(seen, Math.min(tablesMax, Math.max(1, seen.length)));
  let costs = groupCosts(seen, groups);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const context of seen) context.group = cheapestGroup(context, costs, 0, 0);
    costs = groupCosts(seen, groups);
  }
  return modelOf(histograms.contexts, seen, costs);
}

interface SeenContext {
  readonly context: number;
  /** The tokens that occurred, and how often each. */
  readonly tokens: readonly number[];
  readonly counts: readonly number[];
  readonly total: number;
  /** Bits per token. */
  readonly entropy: number;
  group: number;
}

/** Of each group: the cost in bits of every token, and whether there is anything in it. */
type GroupCosts = {
  readonly bits: Float64Array;
  readonly counts: Float64Array;
  readonly total: number;
}[];

function seenContexts({ counts, contexts }: Histograms): SeenContext[] {
  const seen: SeenContext[] = [];
  for (let context = 0; context < contexts; context += 1) {
    const tokens: number[] = [];
    const own: number[] = [];
    let total = 0;
    for (let token = 0; token < ESCAPE_TOKEN; token += 1) {
      const count = counts[context * TOKEN_ROOM + token] ?? 0;
      if (count === 0) continue;
      tokens.push(token);
      own.push(count);
      total += count;
    }
    if (total === 0) continue;
    const entropy = own.reduce((sum, count) => sum + count * Math.log2(total / count), 0) / total;
    seen.push({ context, tokens, counts: own, total, entropy, group: 0 });
  }
  return seen;
}

/** Puts the contexts into `count` groups of about as many tokens each, by rising entropy. */
function initialGroups(seen: readonly SeenContext[], count: number): number {
  const sorted = [...seen].sort((a, b) => a.entropy - b.entropy || a.context - b.context);
  const all = sorted.reduce((sum, { total }) => sum + total, 0);
  let before = 0;
  for (const context of sorted) {
    context.group = Math.min(count - 1, Math.floor((before * count) / all));
    before += context.total;
  }
  return count;
}

function groupCosts(seen: readonly SeenContext[], groups: number): GroupCosts {
  const sums = Array.from({ length: groups }, () => new Float64Array(TOKEN_ROOM));
  for (const { group, tokens, counts } of seen) {
    const sum = sums[group] as Float64Array;
    for (let i = 0; i < tokens.length; i += 1) {
      const token = tokens[i] as number;
      sum[token] = (sum[token] as number) + (counts[i] as number);
    }
  }
  return sums.map((counts) => {
    const total = counts.reduce((sum, count) => sum + count, 0);
    const whole = total + SMOOTHING * ESCAPE_TOKEN;
    const bits = counts.map((count) => Math.log2(whole / (count + SMOOTHING)));
    return { bits, counts, total };
  });
}

/** The group that codes a context's tokens in the fewest bits, where another one than `usual` costs `change` bits beside. */
function cheapestGroup(
  { tokens, counts }: SeenContext,
  groups: GroupCosts,
  usual: number,
  change: number,
): number {
  let best = 0;
  let bestBits = Number.POSITIVE_INFINITY;
  for (let index = 0; index < groups.length; index += 1) {
    const bits = (groups[index] as GroupCosts[number]).bits;
    let sum = index === usual ? 0 : change;
    for (let i = 0; i < tokens.length && sum < bestBits; i += 1) {
      sum += (counts[i] as number) * (bits[tokens[i] as number] as number);
    }
    if (sum < bestBits) {
      best = index;
      bestBits = sum;
    }
  }
  return best;
}

/** Drops groups without tokens, orders the others by their entropy, and writes them as tables. */
function modelOf(contexts: number, seen: readonly SeenContext[], groups: GroupCosts): EntropyModel {
  const map = new Uint8Array(contexts);
  const order = groups.map((_, index) => index).filter((index) => (groups[index]?.total ?? 0) > 0);
  const entropy = ({ bits, counts, total }: GroupCosts[number]): number =>
    counts.reduce((sum, count, token) => sum + count * (bits[token] ?? 0), 0) / total;
  const entropies = groups.map(entropy);
  order.sort((a, b) => (entropies[a] ?? 0) - (entropies[b] ?? 0) || a - b);
  const places = groups.map(() => 0);
  for (const [place, index] of order.entries()) places[index] = place;
  let usual = 0;
  let next = 0;
  for (let context = 0; context < contexts; context += 1) {
    const own = seen[next];
    if (own?.context === context) {
      next += 1;
      const change = CHANGE_BITS;
      usual = places[cheapestGroup(own, groups, order[usual] ?? 0, change)] ?? 0;
    }
    map[context] = usual;
  }
  const tables = Math.max(1, order.length);
  const frequencies = new Uint16Array(tables * TOKEN_ROOM);
  if (order.length === 0) frequencies[ESCAPE_TOKEN] = FREQUENCY_SUM;
  for (const [place, index] of order.entries()) {
    frequencies.set(frequenciesOf(groups[index]?.counts ?? new Float64Array()), place * TOKEN_ROOM);
  }
  return { map, tables, frequencies };
}

/**
 * Frequencies in the proportions of some counts, such as the table bit-stream tells them: of four significant bits, but for the
 * largest, which takes the rest.
 */
function frequenciesOf(counts: Float64Array): Uint16Array {
  // Of many tokens about as frequent, all may be rounded up; rounded down they always leave something to the largest.
  const frequencies =
    roundedFrequencies(counts, Math.round) ?? roundedFrequencies(counts, Math.floor);
  assert(frequencies !== undefined, "at most 46 frequencies rounded down leave a rest");
  return frequencies;
}

function roundedFrequencies(
  counts: Float64Array,
  rounded: (value: number) => number,
): Uint16Array | undefined {
  const frequencies = new Uint16Array(TOKEN_ROOM);
  const total = counts.reduce((sum, count) => sum + count, 0);
  const last = counts.findLastIndex((count) => count > 0);
  const largest = counts.indexOf(counts.reduce((a, b) => Math.max(a, b), 0));
  frequencies[ESCAPE_TOKEN] = 1;
  let rest = FREQUENCY_SUM - 1;
  for (let token = 0; token <= Math.min(last + TOKENS_ABOVE, ESCAPE_TOKEN - 1); token += 1) {
    if (token === largest) continue;
    const share = ((counts[token] ?? 0) / total) * FREQUENCY_SUM;
    const unit = 2 ** Math.max(0, Math.floor(Math.log2(Math.max(1, share))) - MANTISSA_BITS);
    const frequency = Math.max(1, unit * rounded(share / unit));
    frequencies[token] = frequency;
    rest -= frequency;
  }
  frequencies[largest] = rest;
  return rest > 0 ? frequencies : undefined;
}

const ROUNDS = 4;
/** Added to every count, so that what a group has not seen is dear but possible. */
const SMOOTHING = 0.05;
/** What telling another table than the last context's costs about, in bits. */
const CHANGE_BITS = 3;
/** Tokens told above the largest that was seen. */
const TOKENS_ABOVE = 2;

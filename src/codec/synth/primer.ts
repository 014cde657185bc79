/** Chooses the parts of a sample that teach the coder most. */

/** Things that were dear to code, each a colour in its surroundings. */
export class Events {
  count = 0;
  /** The same for the same colour in the same surroundings. */
  readonly ids: Int32Array;
  /** Which patch of the sample it lies in, and whether (1) the patch also holds its surroundings. */
  readonly patches: Int32Array;
  readonly inside: Uint8Array;
  readonly bits: Float32Array;

  constructor(room: number) {
    this.ids = new Int32Array(room);
    this.patches = new Int32Array(room);
    this.inside = new Uint8Array(room);
    this.bits = new Float32Array(room);
  }

  add(id: number, patch: number, inside: boolean, bits: number): void {
    const at = this.count;
    this.ids[at] = id;
    this.patches[at] = patch;
    this.inside[at] = inside ? 1 : 0;
    this.bits[at] = bits;
    this.count += 1;
  }
}

/** How often the event of an id was met, and what that cost in all, in bits. */
export interface Totals {
  /** Ids are below it. */
  readonly room: number;
  times(id: number): number;
  bits(id: number): number;
}

interface Candidate {
  readonly patch: number;
  /** Where the shares begin that it has in events that are met again, and where they end. */
  readonly from: number;
  to: number;
  /** What its other events cost, and what is gained by them. */
  ownCost: number;
  ownGain: number;
  /** What it saves beyond what it costs; never rises as others are chosen. */
  gain: number;
  cost: number;
}

/**
 * Chooses patches greedily by what they save per bit of theirs: a dear event that the primer holds is cheap wherever
 * else it is met. `scale` is how many times the sample's pixels the picture has. Patches together cost up to `bitsMax`.
 */
export function choosePatches(
  events: Events,
  totals: Totals,
  scale: number,
  bitsMax: number,
): number[] {
  const shares = new Shares(events, totals);
  const weigh = (candidate: Candidate): void => shares.weigh(candidate, scale);
  let { candidates } = shares;
  candidates.forEach(weigh);
  const chosen: number[] = [];
  let spent = 0;
  while (spent < bitsMax && chosen.length < CHOSEN_MAX) {
    candidates = candidates.filter(({ gain }) => gain > GAIN_MIN).sort(byWorth);
    const best = bestOf(candidates, weigh);
    if (best === undefined) break;
    chosen.push(best.patch);
    spent += best.cost;
    shares.teach(best);
    best.gain = 0;
  }
  return chosen;
}

/** What patches would teach of events that are met more than once, and what these cost in each. */
class Shares {
  readonly candidates: Candidate[] = [];
  private readonly ids: Int32Array;
  private readonly costs: Float32Array;
  private readonly inside: Uint8Array;
  /** What the event of a share costs in all patches. */
  private readonly totals: Float32Array;
  /** By id, whether (1) a patch that was chosen teaches it. */
  private readonly taught: Uint8Array;

  constructor(events: Events, totals: Totals) {
    const order = byPatch(events);
    this.ids = new Int32Array(order.length);
    this.costs = new Float32Array(order.length);
    this.inside = new Uint8Array(order.length);
    this.totals = new Float32Array(order.length);
    this.taught = new Uint8Array(totals.room);
    // By id, 1 more than its last share's place: those before the candidate's are of other patches.
    const places = new Int32Array(totals.room);
    let candidate: Candidate | undefined;
    let room = 0;
    for (const event of order) {
      const patch = events.patches[event] as number;
      if (candidate?.patch !== patch) {
        const start = { ownCost: PATCH_COST, ownGain: -PATCH_COST, gain: 0, cost: 1 };
        candidate = { patch, from: room, to: room, ...start };
        this.candidates.push(candidate);
      }
      const id = events.ids[event] as number;
      const bits = events.bits[event] as number;
      const inside = events.inside[event] as number;
      if (totals.times(id) === 1) {
        candidate.ownCost += bits;
        candidate.ownGain -= inside === 1 ? (1 - TRUST) * bits : bits;
        continue;
      }
      let place = (places[id] as number) - 1;
      if (place < candidate.from) {
        place = room;
        room += 1;
        places[id] = room;
        this.ids[place] = id;
        this.totals[place] = totals.bits(id);
        candidate.to = room;
      }
      this.costs[place] = (this.costs[place] as number) + bits;
      this.inside[place] = (this.inside[place] as number) | inside;
    }
  }

  /** Weighs a candidate when what was taught is known. */
  weigh(candidate: Candidate, scale: number): void {
    const { ids, costs, inside, taught, totals } = this;
    let { ownCost: cost, ownGain: gain } = candidate;
    for (let at = candidate.from; at < candidate.to; at += 1) {
      const id = ids[at] as number;
      if (taught[id] === 1) continue;
      const own = costs[at] as number;
      cost += own;
      gain -= own;
      if (inside[at] === 1) gain += TRUST * (own + ((totals[at] as number) - own) * scale);
    }
    candidate.cost = cost;
    candidate.gain = gain;
  }

  teach({ from, to }: Candidate): void {
    for (let at = from; at < to; at += 1) {
      if (this.inside[at] === 1) this.taught[this.ids[at] as number] = 1;
    }
  }
}

/** The numbers of events, those of each patch together. */
function byPatch({ patches, count }: Events): Int32Array {
  const own = patches.subarray(0, count);
  const starts = new Int32Array(own.reduce((most, patch) => Math.max(most, patch), -1) + 2);
  for (const patch of own) starts[patch + 1] = (starts[patch + 1] as number) + 1;
  for (let patch = 1; patch < starts.length; patch += 1) {
    starts[patch] = (starts[patch] as number) + (starts[patch - 1] as number);
  }
  const order = new Int32Array(count);
  own.forEach((patch, event) => {
    const place = starts[patch] as number;
    order[place] = event;
    starts[patch] = place + 1;
  });
  return order;
}

/** The worthiest candidate as weighed anew; none that comes after one that is worthier than its own old weight can be. */
function bestOf(
  candidates: readonly Candidate[],
  weigh: (candidate: Candidate) => void,
): Candidate | undefined {
  let best: Candidate | undefined;
  for (const candidate of candidates) {
    if (best !== undefined && worth(candidate) <= worth(best)) break;
    weigh(candidate);
    if (candidate.gain <= GAIN_MIN) continue;
    if (best === undefined || worth(candidate) > worth(best)) best = candidate;
  }
  return best;
}

const worth = ({ gain, cost }: Candidate): number => gain / cost;
const byWorth = (a: Candidate, b: Candidate): number => worth(b) - worth(a) || a.patch - b.patch;

/** Ours, in bits: what a patch costs beside its events. */
const PATCH_COST = 16;
/** Ours: what is left of a saving once all is coded. */
const TRUST = 0.75;
const GAIN_MIN = 40;
const CHOSEN_MAX = 1000;

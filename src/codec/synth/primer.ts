/** Chooses the parts of a sample that teach the coder most. */

/** Something dear that was coded: a colour in its surroundings. */
export interface Event {
  /** The same for the same colour in the same surroundings. */
  readonly id: number;
  /** Which patch of the sample it lies in, and whether the patch also holds its surroundings. */
  readonly patch: number;
  readonly inside: boolean;
  /** In 1/65536 bit. */
  readonly cost: number;
}

/** What a patch would teach of an event, and what it would cost there. */
interface Share {
  cost: number;
  inside: boolean;
}

interface Candidate {
  readonly patch: number;
  readonly shares: ReadonlyMap<number, Share>;
  /** What it saves beyond what it costs; never rises as others are chosen. */
  gain: number;
  cost: number;
}

/**
 * Chooses patches greedily by what they save per bit of theirs: a dear event that the primer holds is cheap wherever
 * else it is met. `scale` is how many times the sample's pixels the picture has. Patches together cost up to `costMax`.
 */
export function choosePatches(events: readonly Event[], scale: number, costMax: number): number[] {
  const totals: number[] = [];
  const byPatch = new Map<number, Map<number, Share>>();
  for (const { id, patch, inside, cost } of events) {
    totals[id] = (totals[id] ?? 0) + cost;
    let shares = byPatch.get(patch);
    if (shares === undefined) {
      shares = new Map();
      byPatch.set(patch, shares);
    }
    const share = shares.get(id);
    if (share === undefined) {
      shares.set(id, { cost, inside });
    } else {
      share.cost += cost;
      share.inside ||= inside;
    }
  }
  const taught = new Uint8Array(totals.length);
  const weigh = (candidate: Candidate): void => {
    candidate.cost = PATCH_COST;
    candidate.gain = -PATCH_COST;
    for (const [id, { cost, inside }] of candidate.shares) {
      if (taught[id] === 1) continue;
      candidate.cost += cost;
      candidate.gain -= cost;
      if (inside) {
        const elsewhere = ((totals[id] as number) - cost) * scale;
        candidate.gain += TRUST * (cost + elsewhere);
      }
    }
  };
  let candidates = [...byPatch].map(([patch, shares]) => ({ patch, shares, gain: 0, cost: 1 }));
  candidates.forEach(weigh);
  const chosen: number[] = [];
  let spent = 0;
  while (spent < costMax && chosen.length < CHOSEN_MAX) {
    candidates = candidates.filter(({ gain }) => gain > GAIN_MIN).sort(byWorth);
    const best = bestOf(candidates, weigh);
    if (best === undefined) break;
    chosen.push(best.patch);
    spent += best.cost;
    for (const [id, { inside }] of best.shares) if (inside) taught[id] = 1;
    best.gain = 0;
  }
  return chosen;
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

const BIT = 65536;
/** Ours: what a patch costs beside its events. */
const PATCH_COST = 16 * BIT;
/** Ours: what is left of a saving once all is coded. */
const TRUST = 0.75;
const GAIN_MIN = 40 * BIT;
const CHOSEN_MAX = 1000;

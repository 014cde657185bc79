/** Numbers as people read them. The language is the page's, so that words and numbers agree. */
const NARROW_SPACE = "\u202f";
const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

export const count = (value: number): string => whole.format(value);

/** A share 0..1 as per cent with one decimal, rounded down: what is not reached is not shown. */
export function percent(share: number): string {
  if (share >= 1) return `100${NARROW_SPACE}%`;
  return `${(Math.floor(share * 1_000) / 10).toFixed(1)}${NARROW_SPACE}%`;
}

export function bytes(value: number): string {
  if (value < 1_000) return `${count(value)} B`;
  if (value < 1_000_000) return `${significant(value / 1_000)} kB`;
  if (value < 1_000_000_000) return `${significant(value / 1_000_000)} MB`;
  return `${significant(value / 1_000_000_000)} GB`;
}

export function rate(mbit: number): string {
  return mbit < 1 ? `${count(mbit * 1_000)} kbit/s` : `${significant(mbit)} Mbit/s`;
}

export function milliseconds(value: number): string {
  return value < 10 ? `${value.toFixed(1)} ms` : `${count(value)} ms`;
}

/** A length of time in at most two units. */
export function duration(seconds: number): string {
  const all = Math.round(seconds);
  if (all < 60) return seconds < 10 && seconds !== all ? `${seconds.toFixed(1)} s` : `${all} s`;
  if (all < 3_600) return `${Math.floor(all / 60)} min ${all % 60} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  return `${Math.round(minutes / 60 / 24)} days`;
}

/** The time that is left, coarser the farther away it is: an estimate is not a clock. */
export function timeLeft(seconds: number): string {
  if (seconds < 1) return "under 1 s";
  if (seconds < 60) return `${Math.ceil(seconds)} s`;
  return duration(Math.ceil(seconds / 5) * 5);
}

/** The ends of a hex digest, enough to compare by eye. */
export const shortDigest = (hex: string): string => `${hex.slice(0, 6)}…${hex.slice(-6)}`;

function significant(value: number): string {
  return value < 10 ? value.toFixed(1) : count(value);
}

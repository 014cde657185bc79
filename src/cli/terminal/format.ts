/** Quantities as a person reads them. Decimal units, as on disks and wires: 1 MB = 1,000,000 bytes. */

export function formatCount(count: number): string {
  return count.toLocaleString("en-US");
}

export function formatBytes(bytes: number): string {
  if (bytes < 1_000) return `${bytes} bytes`;
  return scaled(bytes / 1_000, ["kB", "MB", "GB", "TB"]);
}

export function formatRate(mbit: number): string {
  if (mbit < 1) return `${Math.round(mbit * 1_000)} kbit/s`;
  return scaled(mbit, ["Mbit/s", "Gbit/s"]);
}

/** 12.4 %; what is there but rounds to nothing is `<0.1 %`. */
export function formatShare(share: number): string {
  return share > 0 && share < 0.000_5 ? "<0.1 %" : `${(share * 100).toFixed(1)} %`;
}

/** Rounded down, so that 100.0 % means all of them. */
export function formatPart(part: number, whole: number): string {
  return `${(Math.floor((part * 1_000) / whole) / 10).toFixed(1)} %`;
}

export function formatMilliseconds(ms: number): string {
  return ms < 10 ? `${ms.toFixed(1)} ms` : `${Math.round(ms)} ms`;
}

/** How long something took: tenths below a minute, else at most two units. */
export function formatTaken(seconds: number): string {
  return seconds < 59.95 ? `${seconds.toFixed(1)} s` : formatSpan(seconds);
}

/** A length of time in whole units, at most two of them: 44 s, 2 min 5 s, 1 h 3 min, 2 d 4 h. */
export function formatSpan(seconds: number): string {
  const whole = Math.round(seconds);
  for (const [index, unit] of SPANS.entries()) {
    if (whole < unit.seconds) continue;
    const next = SPANS[index + 1];
    const first = `${Math.floor(whole / unit.seconds)} ${unit.name}`;
    const rest = next === undefined ? 0 : Math.floor((whole % unit.seconds) / next.seconds);
    return rest === 0 ? first : `${first} ${rest} ${next?.name}`;
  }
  return "0 s";
}

/** Enough of a digest to compare by eye: 9f3a41…c41e. */
export function shortDigest(hex: string, ellipsis: string): string {
  return `${hex.slice(0, 6)}${ellipsis}${hex.slice(-4)}`;
}

function scaled(value: number, units: readonly string[]): string {
  let rest = value;
  let index = 0;
  while (rest >= 999.95 && index < units.length - 1) {
    rest /= 1_000;
    index += 1;
  }
  return `${rest.toFixed(1)} ${units[index]}`;
}

const SPANS = [
  { name: "d", seconds: 86_400 },
  { name: "h", seconds: 3_600 },
  { name: "min", seconds: 60 },
  { name: "s", seconds: 1 },
] as const;

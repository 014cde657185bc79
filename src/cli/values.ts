import { LacunaError } from "../node/errors.js";
import { MEMORY_MB_DEFAULT, MEMORY_MB_MIN } from "../node/memory.js";

/** Readers of option values. Each throws LACUNA_BAD_OPTION with a sentence that says what is wanted. */

export interface NumberWanted {
  /** As it is written on the command line: --rate. */
  readonly flag: string;
  /** What the number counts: "megabits a second". */
  readonly unit: string;
  readonly example: string;
  readonly min?: number;
  /** The number must be larger than `min`. */
  readonly above?: boolean;
  readonly max?: number;
  readonly whole?: boolean;
}

export function numberReader(wanted: NumberWanted): (text: string) => number {
  const { flag, unit, example, min = 0, above = false, max, whole = false } = wanted;
  return (text) => {
    const value = readNumber(text);
    const low = above ? value > min : value >= min;
    const fits = low && value <= (max ?? Number.MAX_SAFE_INTEGER);
    if (fits && (!whole || Number.isInteger(value))) return value;
    const bound = above ? `more than ${min}` : `${min} or more`;
    const range = max === undefined ? bound : `${min} to ${max}`;
    throw badOption(`${flag} takes ${unit}, ${range}, such as ${example}; got "${text}"`);
  };
}

/** A share from 0 to 1, also written with a percent sign: 0.05 or 5%. */
export function shareReader(flag: string, example: string): (text: string) => number {
  return (text) => {
    const percent = text.endsWith("%");
    const value = readNumber(percent ? text.slice(0, -1) : text) / (percent ? 100 : 1);
    if (value >= 0 && value <= 1) return value;
    throw badOption(`${flag} takes a share from 0 to 1, such as ${example}; got "${text}"`);
  };
}

/** A length of time with its unit, in seconds: 90s, 30min, 12h, 7d. */
export function spanReader(flag: string, example: string): (text: string) => number {
  return quantityReader(flag, "a length of time", SPAN_UNITS, example);
}

/** How many of something, with thousands and more as letters: 20000, 20k, 100M. */
export function manyReader(flag: string, what: string, example: string): (text: string) => number {
  return quantityReader(flag, what, MANY_UNITS, example);
}

/** Bytes, with a unit or without: 500000, 500kB, 100MB, 2GB. */
export function bytesReader(flag: string, example: string): (text: string) => number {
  return quantityReader(flag, "a number of bytes", BYTE_UNITS, example);
}

function quantityReader(
  flag: string,
  what: string,
  units: Readonly<Record<string, number>>,
  example: string,
): (text: string) => number {
  const entries = Object.entries(units);
  const isSame = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();
  return (text) => {
    const [, number = "", name = ""] = /^([\d.]+) ?([a-z]*)$/i.exec(text) ?? [];
    const [, unit = Number.NaN] = entries.find(([key]) => isSame(key, name)) ?? [];
    const value = Math.round(readNumber(number) * unit);
    if (value > 0 && Number.isSafeInteger(value)) return value;
    const known = entries.flatMap(([key]) => (key === "" ? [] : [key])).join(", ");
    throw badOption(`${flag} takes ${what} (${known}), such as ${example}; got "${text}"`);
  };
}

const SPAN_UNITS = { s: 1, min: 60, h: 3_600, d: 86_400 };
const BYTE_UNITS = { "": 1, kB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12 };
const MANY_UNITS = { "": 1, k: 1e3, M: 1e6, G: 1e9 };

export function choiceReader<T extends string>(
  flag: string,
  choices: readonly T[],
): (text: string) => T {
  return (text) => {
    const choice = choices.find((candidate) => candidate === text);
    if (choice !== undefined) return choice;
    throw badOption(`${flag} takes ${choices.join(", ")}; got "${text}"`);
  };
}

/** `--memory`: about how many megabytes the process may use. */
export const MEMORY_FLAG = "--memory <MB>";
export const MEMORY_HELP = `about what it may use; larger pictures go by the disk (default: ${MEMORY_MB_DEFAULT})`;
export const readMemory = numberReader({
  flag: "--memory",
  unit: "megabytes",
  example: "500",
  min: MEMORY_MB_MIN,
});

/** What to withhold from the first pass. */
export function readDrop(text: string): "odd-rows" | number {
  if (text === "odd-rows") return text;
  const value = readNumber(text);
  if (value >= 0 && value <= 1) return value;
  throw badOption(`--drop takes odd-rows or a share from 0 to 1, such as 0.3; got "${text}"`);
}

export function badOption(message: string): LacunaError {
  return new LacunaError("LACUNA_BAD_OPTION", message);
}

/** The entries that are set: for options that may be left out but not be undefined. */
export function given<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> };
}

/** A plain decimal number, else NaN: no "1e9", no "0x10", no empty text. */
function readNumber(text: string): number {
  return /^\d*\.?\d+$/.test(text) ? Number(text) : Number.NaN;
}

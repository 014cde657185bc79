/**
 * Units of measure as types, so that seconds never meet milliseconds.
 *
 * A branded number is an ordinary number at run time; the brand only lives in
 * the compiler.
 */
declare const unit: unique symbol;
type Unit<Name extends string> = number & { readonly [unit]: Name };

/** A point on the caller's monotonic clock, in microseconds. */
export type InstantUs = Unit<"InstantUs">;
/** A length of time, in microseconds. */
export type DurationUs = Unit<"DurationUs">;
/** A rate, in bytes a second. */
export type BytesPerSecond = Unit<"BytesPerSecond">;

export const instantUs = (microseconds: number): InstantUs => microseconds as InstantUs;
export const durationUs = (microseconds: number): DurationUs => microseconds as DurationUs;
export const bytesPerSecond = (value: number): BytesPerSecond => value as BytesPerSecond;

export const milliseconds = (value: number): DurationUs => (value * 1_000) as DurationUs;
export const seconds = (value: number): DurationUs => (value * 1_000_000) as DurationUs;

/**
 * The instant that lies `delay` after `start`, in whole microseconds: rounded up, so that a deadline
 * computed twice is the same, and none is met early.
 */
export const after = (start: InstantUs, delay: DurationUs): InstantUs =>
  Math.ceil(start + delay) as InstantUs;
/** The time from `start` to `end`; negative when `end` is earlier. */
export const between = (start: InstantUs, end: InstantUs): DurationUs =>
  (end - start) as DurationUs;

/** An instant that never comes. */
export const NEVER = Number.POSITIVE_INFINITY as InstantUs;

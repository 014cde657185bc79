/** The links that are measured, in the emulator and in the simulator alike. */

/** What is sent over each of them. */
export const FILE_BYTES = 10_000_000;

/**
 * rateMbit; rttMs there and back; loss as a share of datagrams, both ways; burst as the mean length of a run of
 * losses.
 */
export const ROWS = [
  { rateMbit: 100, rttMs: 40, loss: 0, burst: 1 },
  { rateMbit: 100, rttMs: 40, loss: 0.01, burst: 1 },
  { rateMbit: 100, rttMs: 40, loss: 0.05, burst: 1 },
  { rateMbit: 100, rttMs: 40, loss: 0.1, burst: 1 },
  { rateMbit: 100, rttMs: 40, loss: 0.05, burst: 8 },
  { rateMbit: 20, rttMs: 600, loss: 0.01, burst: 1 },
  { rateMbit: 20, rttMs: 600, loss: 0.05, burst: 1 },
  { rateMbit: 1_000, rttMs: 2, loss: 0.01, burst: 1 },
];

/** Seconds that nobody can beat: all bytes through the wire at what the loss leaves of its rate, and one round trip. */
export function boundSeconds({ rateMbit, rttMs, loss }, bytes = FILE_BYTES) {
  return (bytes * 8) / (rateMbit * 1e6 * (1 - loss)) + rttMs / 1_000;
}

/** The bottleneck's queue: one bandwidth-delay product unless the row has more, and 64 KiB at least. */
export function queueBytes({ rateMbit, rttMs, products = 1 }) {
  return Math.max(65_536, (products * rateMbit * 1e6 * rttMs) / 8_000);
}

export function nameOf({ rateMbit, rttMs, loss, burst }) {
  const rate = rateMbit >= 1_000 ? `${rateMbit / 1_000} Gbit/s` : `${rateMbit} Mbit/s`;
  const bursts = burst > 1 ? ` in bursts of ${burst}` : "";
  return `${rate}, RTT ${rttMs} ms, loss ${loss === 0 ? "0" : `${loss * 100} %`}${bursts}`;
}

/**
 * The rows that `--rows` names by their numbers, counted from 0; all of them when it is not given.
 *
 * @throws Error for a number that no row has
 */
export function chosenRows(text) {
  if (text === undefined) return ROWS;
  return text.split(",").map((number) => {
    const row = /^\d+$/.test(number) ? ROWS[Number(number)] : undefined;
    if (row === undefined) throw new Error(`--rows takes numbers from 0 to ${ROWS.length - 1}`);
    return row;
  });
}

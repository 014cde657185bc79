import { MARKS_DB } from "./shown.mjs";

const WIDTH = 720;
const HEIGHT = 380;
const LEFT = 52;
const RIGHT = 16;
const TOP = 16;
const BOTTOM = 44;
const DECIBELS_MAX = 50;
/** Okabe and Ito's colours, told apart by most eyes. */
const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7"];

/**
 * Draws the quality of shown pictures over time.
 *
 * @param curves { name, points: [seconds, dB, ...][], exactSeconds }[]
 * @returns an SVG file's text
 */
export function plot(curves) {
  const last = Math.max(
    ...curves.flatMap(({ points, exactSeconds = 0 }) => [exactSeconds, points.at(-1)[0]]),
  );
  const secondsMax = Math.ceil(last * 10) / 10;
  const x = (seconds) => place(LEFT, WIDTH - RIGHT, seconds / secondsMax);
  const y = (decibels) =>
    place(HEIGHT - BOTTOM, TOP, Math.min(decibels, DECIBELS_MAX) / DECIBELS_MAX);
  const line = (x1, y1, x2, y2, attributes) =>
    `<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" ${attributes}/>`;
  const text = (at, down, words, attributes = "") =>
    `<text x="${at}" y="${down}" ${attributes}>${words}</text>`;
  const ticks = Array.from({ length: Math.round(secondsMax * 10) + 1 }, (_, i) => i / 10);
  const every = Math.ceil(ticks.length / 12);
  const parts = [
    ...[0, 10, 20, 30, 40, 50].map((decibels) =>
      text(LEFT - 8, y(decibels) + 4, decibels, 'text-anchor="end"'),
    ),
    ...MARKS_DB.map((mark) =>
      line(LEFT, y(mark), WIDTH - RIGHT, y(mark), 'stroke="#888" stroke-dasharray="3 4"'),
    ),
    ...ticks
      .filter((_, i) => i % every === 0)
      .map((seconds) => text(x(seconds), HEIGHT - BOTTOM + 18, seconds, 'text-anchor="middle"')),
    line(LEFT, y(0), WIDTH - RIGHT, y(0), 'stroke="#888"'),
    line(LEFT, y(0), LEFT, TOP, 'stroke="#888"'),
    text(
      (LEFT + WIDTH) / 2,
      HEIGHT - 8,
      "seconds since the sender's first datagram",
      'text-anchor="middle"',
    ),
    text(
      -(HEIGHT - BOTTOM) / 2,
      14,
      "PSNR of the picture shown, dB",
      'text-anchor="middle" transform="rotate(-90)"',
    ),
  ];
  curves.forEach(({ name, points, exactSeconds }, i) => {
    const colour = COLOURS[i % COLOURS.length];
    const seen = points.filter(([, decibels]) => Number.isFinite(decibels) && decibels > 0);
    const path = seen.map(([seconds, decibels]) => `${x(seconds)},${y(decibels)}`).join(" ");
    parts.push(`<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>`);
    const exact = exactSeconds === undefined ? "" : `, exact at ${exactSeconds.toFixed(2)} s`;
    if (exactSeconds !== undefined) {
      parts.push(
        line(
          x(exactSeconds),
          y(DECIBELS_MAX) - 6,
          x(exactSeconds),
          y(DECIBELS_MAX) + 12,
          `stroke="${colour}" stroke-width="3"`,
        ),
      );
    }
    const down = HEIGHT - BOTTOM - 14 - 18 * (curves.length - 1 - i);
    parts.push(
      line(WIDTH - 330, down - 4, WIDTH - 306, down - 4, `stroke="${colour}" stroke-width="3"`),
    );
    parts.push(text(WIDTH - 298, down, `${name}${exact}`));
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12" fill="#444">`,
    "<title>PSNR of the picture shown, in dB, over the seconds since the first datagram</title>",
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    ...parts,
    "</svg>",
    "",
  ].join("\n");
}

const place = (from, to, share) => Number((from + (to - from) * share).toFixed(1));

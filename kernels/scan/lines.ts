// The newest rows of a rectangle as numbers, plane by plane, and how far off each was predicted: src/codec/scan/planes.ts.

const MARGIN: i32 = 2;
/** What may be read and written past the end of a row. */
const VECTOR: i32 = 4;
/** Lines of what is known. */
const KNOWN: i32 = 5;

export let planes: i32 = 1;
export let top: i32 = 255;
export let width: i32 = 0;
export let row: i32 = 0;
let sampleBytes: i32 = 1;
let decorrelated: bool = false;
/** Bytes of a line: a row of one plane as i32, with its margins, and room for whole vectors. */
export let lineBytes: usize = 0;
/** Where lines begin: of each plane three of numbers and two of errors, then those of what is known of the newest row. */
let lines: usize = 0;
/** Pixels of some rows, behind the lines. */
let pixels: usize = 0;
/** Which of the three lines of numbers, and the two of errors, is the newest. */
let newest: i32 = 0;
let newestErrors: i32 = 0;

export function setFormat(planeCount: i32, bits: i32, colours: bool): void {
  planes = planeCount;
  top = (1 << bits) - 1;
  sampleBytes = bits >> 3;
  decorrelated = colours;
}

/** Bytes that lines and some rows of pixels take, behind all tables. */
export function linesRoom(pixelCount: i32, rows: i32): usize {
  const linesBytes = <usize>(planes * 5 + KNOWN) * bytesOf(pixelCount);
  return __heap_base + 32 + linesBytes + <usize>(rows * pixelCount * planes * sampleBytes);
}

/** A new rectangle; returns where its pixels are put or found, `rows` rows at a time. */
export function beginLines(pixelCount: i32): usize {
  width = pixelCount;
  row = 0;
  newest = 0;
  newestErrors = 0;
  lineBytes = bytesOf(pixelCount);
  lines = (__heap_base + 15) & ~15;
  pixels = lines + <usize>(planes * 5 + KNOWN) * lineBytes;
  return pixels;
}

/** The line of a plane some rows above the newest, at most two. */
export function lineOf(plane: i32, above: i32): usize {
  return linePlace(plane, (newest + 3 - above) % 3);
}

/** The errors of a plane's newest row, or of the one above. */
export function errorsOf(plane: i32, above: i32): usize {
  return linePlace(plane, 3 + (newestErrors ^ above));
}

/** A line of what is known of the newest row of a plane. */
export function knownLine(index: i32): usize {
  return linePlace(planes, index);
}

function bytesOf(pixelCount: i32): usize {
  return <usize>((pixelCount + 2 * MARGIN + VECTOR) * 4);
}

function linePlace(plane: i32, index: i32): usize {
  return lines + <usize>(plane * 5 + index) * lineBytes + (MARGIN << 2);
}

/** Whether a plane holds differences of colours. */
export function isDifference(plane: i32): bool {
  return decorrelated && (plane === 1 || plane === 2);
}

/** Writes what lies beside the rows, for those below, and goes to the next row. */
export function endRow(): void {
  for (let plane = 0; plane < planes; plane += 1) {
    const line = lineOf(plane, 0);
    const last = (<usize>(width - 1)) << 2;
    const start = load<i32>(line);
    store<i32>(line - 4, start);
    store<i32>(line - 8, start);
    store<i32>(line + last + 4, load<i32>(line + last));
    const errors = errorsOf(plane, 0);
    store<i32>(errors - 4, load<i32>(errors));
    store<i32>(errors + last + 4, load<i32>(errors + last));
    // Above the second row, two rows up, is the first.
    if (row === 0) memory.copy(lineOf(plane, 1) - 8, line - 8, lineBytes);
  }
  newest = (newest + 1) % 3;
  newestErrors ^= 1;
  row += 1;
}

/** Takes the newest row from where pixels are put. */
export function readPixels(): void {
  const step = <usize>(planes * sampleBytes);
  for (let plane = 0; plane < planes; plane += 1) {
    const line = lineOf(plane, 0);
    let from = pixels + <usize>(plane * sampleBytes);
    for (let x = 0; x < width; x += 1, from += step) {
      store<i32>(
        line + ((<usize>x) << 2),
        sampleBytes === 1 ? <i32>load<u8>(from) : <i32>load<u16>(from),
      );
    }
  }
  if (!decorrelated) return;
  const reds = lineOf(0, 0);
  const greens = lineOf(1, 0);
  const blues = lineOf(2, 0);
  for (let x = 0; x < width; x += 1) {
    const at = (<usize>x) << 2;
    const blue = load<i32>(blues + at);
    const co = load<i32>(reds + at) - blue;
    const middle = blue + (co >> 1);
    const cg = load<i32>(greens + at) - middle;
    store<i32>(reds + at, middle + (cg >> 1));
    store<i32>(greens + at, cg);
    store<i32>(blues + at, co);
  }
}

/** Writes the newest row to a place, and returns where the row after it begins. */
export function writePixels(start: usize): usize {
  const step = <usize>(planes * sampleBytes);
  if (decorrelated) {
    const lumas = lineOf(0, 0);
    const greens = lineOf(1, 0);
    const oranges = lineOf(2, 0);
    let to = start;
    for (let x = 0; x < width; x += 1, to += step) {
      const at = (<usize>x) << 2;
      const cg = load<i32>(greens + at);
      const co = load<i32>(oranges + at);
      const middle = load<i32>(lumas + at) - (cg >> 1);
      const blue = middle - (co >> 1);
      put(to, blue + co);
      put(to + sampleBytes, cg + middle);
      put(to + 2 * sampleBytes, blue);
    }
  }
  for (let plane = decorrelated ? 3 : 0; plane < planes; plane += 1) {
    const line = lineOf(plane, 0);
    let to = start + <usize>(plane * sampleBytes);
    for (let x = 0; x < width; x += 1, to += step) put(to, load<i32>(line + ((<usize>x) << 2)));
  }
  return start + <usize>width * step;
}

function put(to: usize, value: i32): void {
  if (sampleBytes === 1) store<u8>(to, <u8>value);
  else store<u16>(to, <u16>value);
}

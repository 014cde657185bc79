import { Random } from "../../src/base/random.js";
import { standardBody } from "../../src/jpeg/huffman.js";
import { Marker } from "../../src/jpeg/marker.js";
import { segment } from "./files.js";

/** What libjpeg's encoder as it is built here does not make: restarts, any sampling, scans of some components each. */
export interface HandMade {
  readonly width: number;
  readonly height: number;
  /** Of each component, sampling factors. */
  readonly sampling: readonly (readonly [h: number, v: number])[];
  /** Places of the components of each scan; one scan of all unless told. */
  readonly scans?: readonly (readonly number[])[];
  /** Units between restart markers. */
  readonly restartInterval?: number;
  /** Bytes 0xFF before each restart marker, besides its own. */
  readonly fill?: number;
  /** Extended sequential, which differs from baseline in name only. */
  readonly extended?: boolean;
}

/** A sequential JPEG of random blocks, written with the standard Huffman tables. */
export function handMade(options: HandMade, seed = 1): Uint8Array {
  const { width, height, sampling, restartInterval = 0 } = options;
  const random = new Random(seed);
  const frame = [8, height >> 8, height & 255, width >> 8, width & 255, sampling.length];
  sampling.forEach(([h, v], i) => {
    frame.push(i + 1, (h << 4) | v, 0);
  });
  const parts: Uint8Array[] = [Uint8Array.of(0xff, Marker.startOfImage)];
  parts.push(segment(Marker.quantizationTables, Uint8Array.of(0, ...Array<number>(64).fill(12))));
  parts.push(segment(Marker.baseline + (options.extended ? 1 : 0), Uint8Array.from(frame)));
  for (const [kind, slot] of [
    ["dc", 0],
    ["ac", 0],
  ] as const) {
    parts.push(segment(Marker.huffmanTables, standardBody(kind, slot) as Uint8Array));
  }
  const interval = Uint8Array.of(restartInterval >> 8, restartInterval & 255);
  if (restartInterval > 0) parts.push(segment(Marker.restartInterval, interval));
  for (const scan of options.scans ?? [sampling.map((_, i) => i)]) {
    const head = [scan.length, ...scan.flatMap((i) => [i + 1, 0]), 0, 63, 0];
    parts.push(segment(Marker.startOfScan, Uint8Array.from(head)));
    parts.push(scanData(options, scan, random));
  }
  parts.push(Uint8Array.of(0xff, Marker.endOfImage));
  return Buffer.concat(parts);
}

function scanData(options: HandMade, scan: readonly number[], random: Random): Uint8Array {
  const { width, height, sampling, restartInterval = 0 } = options;
  const [hMax, vMax] = [0, 1].map((i) =>
    Math.max(...sampling.map((factors) => factors[i] as number)),
  );
  const writer = new EntropyWriter();
  const factors = scan.map((i) => sampling[i] as readonly [number, number]);
  const [only] = factors.length === 1 ? factors : [];
  const side = (size: number, factor: number, most: number): number =>
    Math.ceil(Math.ceil((size * factor) / most) / 8);
  const across = only
    ? side(width, only[0], hMax as number)
    : Math.ceil(width / 8 / (hMax as number));
  const down = only
    ? side(height, only[1], vMax as number)
    : Math.ceil(height / 8 / (vMax as number));
  const blocks = only ? [0] : factors.flatMap(([h, v], i) => Array<number>(h * v).fill(i));
  const predictions = scan.map(() => 0);
  for (let unit = 0; unit < across * down; unit += 1) {
    if (restartInterval > 0 && unit > 0 && unit % restartInterval === 0) {
      writer.restart((unit / restartInterval - 1) & 7, options.fill ?? 0);
      predictions.fill(0);
    }
    for (const component of blocks) {
      const first = random.between(-60, 60);
      writer.value("dc", 0, first - (predictions[component] as number));
      predictions[component] = first;
      writeAc(writer, random);
    }
  }
  return writer.finish();
}

function writeAc(writer: EntropyWriter, random: Random): void {
  for (let place = 1; place < 64; place += 1) {
    const run = random.between(0, random.chance(0.25) ? 40 : 4);
    if (random.chance(0.15) || place + run > 63) {
      writer.symbol("ac", 0x00);
      return;
    }
    for (let zeros = run; zeros > 15; zeros -= 16) writer.symbol("ac", 0xf0);
    const value = random.between(1, 15) * (random.chance(0.5) ? 1 : -1);
    writer.value("ac", run & 15, value);
    place += run;
  }
}

class EntropyWriter {
  private readonly bytes: number[] = [];
  private bits = 0;
  private count = 0;

  put(value: number, bits: number): void {
    for (let i = bits - 1; i >= 0; i -= 1) {
      this.bits = (this.bits << 1) | ((value >>> i) & 1);
      this.count += 1;
      if (this.count < 8) continue;
      this.bytes.push(this.bits);
      if (this.bits === 0xff) this.bytes.push(0);
      this.bits = 0;
      this.count = 0;
    }
  }

  symbol(kind: "dc" | "ac", symbol: number): void {
    const [code, length] = CODES[kind].get(symbol) as [number, number];
    this.put(code, length);
  }

  value(kind: "dc" | "ac", run: number, value: number): void {
    const size = value === 0 ? 0 : 32 - Math.clz32(Math.abs(value));
    this.symbol(kind, (run << 4) | size);
    this.put(value < 0 ? value + (1 << size) - 1 : value, size);
  }

  restart(number: number, fill: number): void {
    this.finish();
    for (let i = 0; i <= fill; i += 1) this.bytes.push(0xff);
    this.bytes.push(Marker.restart0 + number);
  }

  /** Fills the last byte with ones. */
  finish(): Uint8Array {
    if (this.count > 0) this.put(0xff, 8 - this.count);
    return Uint8Array.from(this.bytes);
  }
}

const CODES = { dc: codesOf("dc"), ac: codesOf("ac") };

function codesOf(kind: "dc" | "ac"): Map<number, [code: number, length: number]> {
  const body = standardBody(kind, 0) as Uint8Array;
  const codes = new Map<number, [number, number]>();
  let code = 0;
  let place = 17;
  for (let length = 1; length <= 16; length += 1) {
    for (let i = 0; i < (body[length] as number); i += 1) {
      codes.set(body[place] as number, [code, length]);
      code += 1;
      place += 1;
    }
    code <<= 1;
  }
  return codes;
}

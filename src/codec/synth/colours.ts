import { bytesPerPixel } from "../pixels.js";
import type { PixelFormat } from "../types.js";

/**
 * Pixels as keys of 32 bits, equal when the pixels are. A pixel of up to 4 bytes is its own key, first byte lowest; a longer one
 * has a hash of its bytes for a key, or the next number that no other colour met so far has taken.
 */
export interface Colours {
  readonly pixelBytes: number;
  /** The key of the pixel that begins at `at`. */
  read(bytes: Uint8Array, at: number): number;
  /** Writes the pixel of a key at `at`. */
  write(key: number, bytes: Uint8Array, at: number): void;
  /** From now on `forget` goes back to the colours met until here. */
  keep(): void;
  forget(): void;
  /** More colours were met than a piece and the tables may have. */
  readonly full: boolean;
}

export function coloursOf(format: PixelFormat): Colours {
  const pixelBytes = bytesPerPixel(format);
  return pixelBytes <= 4 ? new PackedColours(pixelBytes) : new ListedColours(pixelBytes);
}

class PackedColours implements Colours {
  readonly full = false;

  constructor(readonly pixelBytes: number) {}

  read(bytes: Uint8Array, at: number): number {
    let key = 0;
    for (let byte = this.pixelBytes - 1; byte >= 0; byte -= 1) {
      key = (key << 8) | (bytes[at + byte] as number);
    }
    return key;
  }

  write(key: number, bytes: Uint8Array, at: number): void {
    for (let byte = 0; byte < this.pixelBytes; byte += 1) bytes[at + byte] = key >>> (8 * byte);
  }

  keep(): void {}

  forget(): void {}
}

interface Halves {
  readonly low: number;
  readonly high: number;
}

class ListedColours implements Colours {
  full = false;
  private readonly pixels = new Map<number, Halves>();
  /** Keys met since `keep`. */
  private recent: number[] = [];

  constructor(readonly pixelBytes: number) {}

  read(bytes: Uint8Array, at: number): number {
    const low = wordAt(bytes, at, 4);
    const high = wordAt(bytes, at + 4, this.pixelBytes - 4);
    const sum = (Math.imul(low, 0x9e3779b1) + Math.imul(high, 0x85ebca6b)) | 0;
    let key = sum ^ (sum >>> 15);
    for (;;) {
      const taken = this.pixels.get(key);
      if (taken === undefined) break;
      if (taken.low === low && taken.high === high) return key;
      key = (key + 1) | 0;
    }
    this.full ||= this.pixels.size === COLOURS_MAX;
    if (this.full) return key;
    this.pixels.set(key, { low, high });
    this.recent.push(key);
    return key;
  }

  write(key: number, bytes: Uint8Array, at: number): void {
    const { low, high } = this.pixels.get(key) ?? { low: 0, high: 0 };
    for (let byte = 0; byte < this.pixelBytes; byte += 1) {
      bytes[at + byte] = byte < 4 ? low >>> (8 * byte) : high >>> (8 * (byte - 4));
    }
  }

  keep(): void {
    this.recent = [];
  }

  forget(): void {
    for (const key of this.recent) this.pixels.delete(key);
    this.recent = [];
    this.full = false;
  }
}

/** Ours: bounds what a piece asks of a decoder's memory. */
const COLOURS_MAX = 65_536;

function wordAt(bytes: Uint8Array, at: number, length: number): number {
  let word = 0;
  for (let byte = length - 1; byte >= 0; byte -= 1) {
    word = (word << 8) | (bytes[at + byte] as number);
  }
  return word;
}

import {
  type EntropyModel,
  FREQUENCY_BITS,
  FREQUENCY_SUM,
  startsOf,
  tokensByPlace,
} from "./model.js";
import { ESCAPE_TOKEN, rawBitsOf, TOKEN_ROOM, tokenOf, valueWith } from "./tokens.js";

/**
 * Codes values by a model: rANS with a state of 32 bits that is renormalised by 16 (Duda, "Asymmetric numeral systems",
 * arXiv 1311.2540; the range variant with static tables). Values are put in the order in which the decoder takes them; `finish`
 * writes the state (4 bytes) and the words from the front of the payload, and the raw bits from its last byte to the front.
 */
export class RansEncoder {
  private readonly starts: Uint16Array;
  /** Of each token put: its place in the model's tables. */
  private slots = new Uint16Array(1 << 12);
  private count = 0;
  /** Raw bits, the first in the lowest bit of the first byte. */
  private raw = new Uint8Array(1 << 12);
  private rawBits = 0;
  /** Words, written from the back. */
  private words = new Uint16Array(1 << 12);

  constructor(private readonly model: EntropyModel) {
    this.starts = startsOf(model);
  }

  /** Forgets the values put, for another payload. */
  reset(): void {
    this.raw.fill(0, 0, (this.rawBits + 7) >>> 3);
    this.count = 0;
    this.rawBits = 0;
  }

  /** Appends a value, below 2^`VALUE_BITS`, in a context of the model. */
  put(context: number, value: number): void {
    const row = (this.model.map[context] ?? 0) * TOKEN_ROOM;
    const own = tokenOf(value);
    const token = (this.model.frequencies[row + own] ?? 0) > 0 ? own : ESCAPE_TOKEN;
    if (this.count === this.slots.length)
      this.slots = grown(this.slots, new Uint16Array(2 * this.count));
    this.slots[this.count++] = row + token;
    this.putRaw(value, rawBitsOf(token));
  }

  /** Appends the low `count` bits of a value, at most 24, as they are. */
  putRaw(value: number, count: number): void {
    if ((this.rawBits + count + 7) >>> 3 > this.raw.length) {
      this.raw = grown(this.raw, new Uint8Array(2 * this.raw.length));
    }
    for (let done = 0; done < count; ) {
      const at = this.rawBits >>> 3;
      const taken = Math.min(count - done, 8 - (this.rawBits & 7));
      const part = (value >>> done) & ((1 << taken) - 1);
      this.raw[at] = (this.raw[at] ?? 0) | (part << (this.rawBits & 7));
      this.rawBits += taken;
      done += taken;
    }
  }

  /** Writes the payload of all values put; its length, or undefined when it is longer than `capacity` (nothing is written then). */
  finish(target: Uint8Array, offset: number, capacity: number): number | undefined {
    const { frequencies } = this.model;
    if (this.words.length < this.count) this.words = new Uint16Array(this.slots.length);
    let at = this.words.length;
    let state = STATE_LOW;
    for (let index = this.count - 1; index >= 0; index -= 1) {
      const slot = this.slots[index] ?? 0;
      const frequency = frequencies[slot] ?? 1;
      if (state >= frequency * STATE_PER_FREQUENCY) {
        this.words[--at] = state & 0xffff;
        state >>>= 16;
      }
      const quotient = Math.floor(state / frequency);
      state = quotient * FREQUENCY_SUM + (state - quotient * frequency) + (this.starts[slot] ?? 0);
    }
    const rawBytes = (this.rawBits + 7) >>> 3;
    const bytes = STATE_BYTES + 2 * (this.words.length - at) + rawBytes;
    if (bytes > capacity) return undefined;
    let to = offset;
    for (let shift = 0; shift < 32; shift += 8) target[to++] = (state >>> shift) & 0xff;
    for (; at < this.words.length; at += 1) {
      const word = this.words[at] ?? 0;
      target[to++] = word & 0xff;
      target[to++] = word >>> 8;
    }
    for (let i = 0; i < rawBytes; i += 1) target[offset + bytes - 1 - i] = this.raw[i] ?? 0;
    return bytes;
  }
}

/**
 * The reverse. `start` with a payload, `take` its values, then ask `ended`: only then are they known to be such as an encoder put.
 * Past the end of a payload all bytes are 0, so that any bytes yield values, if only wrong ones.
 */
export class RansDecoder {
  private readonly starts: Uint16Array;
  private readonly tokens: Uint8Array;
  private payload: Uint8Array = new Uint8Array();
  private state = 0;
  /** The next byte of words. */
  private front = 0;
  /** Past the next byte of raw bits. */
  private back = 0;
  private rawHeld = 0;
  private rawHeldBits = 0;

  constructor(private readonly model: EntropyModel) {
    this.starts = startsOf(model);
    this.tokens = tokensByPlace(model);
  }

  start(payload: Uint8Array): void {
    this.payload = payload;
    this.front = 0;
    this.back = payload.length;
    this.rawHeld = 0;
    this.rawHeldBits = 0;
    this.state = (this.word() | (this.word() << 16)) >>> 0;
  }

  /** The next value; `context` must be below the model's number of contexts. */
  take(context: number): number {
    const table = this.model.map[context] ?? 0;
    const place = this.state & (FREQUENCY_SUM - 1);
    const token = this.tokens[table * FREQUENCY_SUM + place] ?? 0;
    const slot = table * TOKEN_ROOM + token;
    this.state =
      (this.model.frequencies[slot] ?? 0) * (this.state >>> FREQUENCY_BITS) +
      place -
      (this.starts[slot] ?? 0);
    if (this.state < STATE_LOW) this.state = this.state * 0x1_0000 + this.word();
    return valueWith(token, this.takeRaw(rawBitsOf(token)));
  }

  /** The next `count` raw bits, at most 24. */
  takeRaw(count: number): number {
    while (this.rawHeldBits < count) {
      this.back -= 1;
      this.rawHeld |= (this.payload[this.back] ?? 0) << this.rawHeldBits;
      this.rawHeldBits += 8;
    }
    const value = this.rawHeld & ((1 << count) - 1);
    this.rawHeld >>>= count;
    this.rawHeldBits -= count;
    return value;
  }

  /** Whether the payload ends here, as one does whose values have all been taken. */
  ended(): boolean {
    return this.state === STATE_LOW && this.front === this.back && this.rawHeld === 0;
  }

  private word(): number {
    const low = this.payload[this.front] ?? 0;
    const high = this.payload[this.front + 1] ?? 0;
    this.front += 2;
    return low | (high << 8);
  }
}

function grown<T extends Uint8Array | Uint16Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

/** The state stays at 2^16 and above; encoding begins here, and so decoding ends here. */
const STATE_LOW = 0x1_0000;
/** A state of `frequency` times this and above gives 16 bits away before it takes a token: 2^32 / `FREQUENCY_SUM`. */
const STATE_PER_FREQUENCY = 0x1_0000_0000 / FREQUENCY_SUM;
/** What a payload takes beside its words and raw bits. */
export const STATE_BYTES = 4;

import type { PixelFormat } from "../types.js";
import { synthWasm } from "../wasm/synth.js";
import { instantiate, type KernelMemory, type KernelPlace } from "../web-assembly.js";
import { LOGIT_MAX, RATES, STRETCHED, squash } from "./adaptive-bits.js";
import { CONTEXTS, Context } from "./contexts.js";
import { UNTAUGHT } from "./prior.js";
import { DECISION_COSTS } from "./range-coder.js";
import { HEAD_BYTES, type Lessons, readHead, writeHead } from "./tables.js";

/** What kernels/synth.ts exports. */
interface Exports {
  readonly memory: KernelMemory;
  readonly STRETCHED: KernelPlace;
  readonly SQUASHED: KernelPlace;
  readonly RATES: KernelPlace;
  readonly COSTS: KernelPlace;
  readonly PRIOR_STATES: KernelPlace;
  readonly NOTES: KernelPlace;
  readonly NOTE_BITS: KernelPlace;
  readonly EVENTS: KernelPlace;
  readonly EVENTS_MAX: KernelPlace;
  configure(
    channels: number,
    bits: number,
    isRgb: number,
    study: number,
    place: number,
    standing: number,
    outcome: number,
    among: number,
    escapes: number,
    rankLength: number,
    rankTree: number,
    literal: number,
    paletteLiteral: number,
    contexts: number,
  ): void;
  prepare(width: number, rows: number, payloadBytes: number): number;
  payloadPlace(): number;
  beginLessons(payloadBytes: number, decode: number): void;
  codeColour(): number;
  beginPatch(height: number): void;
  endLessons(): void;
  begin(height: number, payloadBytes: number, decode: number): void;
  codeRows(rows: number): number;
  rowsKept(): number;
  finish(): number;
  beginSurvey(dear: number): void;
  beginStrip(): void;
  surveyRows(rows: number, left: number, top: number, pieceCost: number): void;
  surveyCost(): number;
  eventCount(): number;
}

/** An instance of the kernel for pictures of a format. What it codes it codes as the lessons say that it was taught or told last. */
export class SynthMachine {
  readonly kernel = instantiate<Exports>(synthWasm);
  readonly pixelBytes: number;

  /** `study`: for training, which needs more memory. */
  constructor({ channels, bits, colour }: PixelFormat, study: boolean) {
    const { kernel } = this;
    this.pixelBytes = (channels * bits) / 8;
    kernel.configure(
      channels,
      bits,
      colour === "rgb" ? 1 : 0,
      study ? 1 : 0,
      Context.place,
      Context.standing,
      Context.outcome,
      Context.among,
      Context.escape,
      Context.rankLength,
      Context.rankTree,
      Context.literal,
      Context.paletteLiteral,
      CONTEXTS,
    );
    // All that is filled lies before what pieces take.
    kernel.prepare(0, 0, 0);
    const { buffer } = kernel.memory;
    new Int16Array(buffer, kernel.STRETCHED.value).set(STRETCHED);
    new Uint16Array(buffer, kernel.SQUASHED.value).set(SQUASHED);
    new Int32Array(buffer, kernel.RATES.value).set(RATES);
    new Int32Array(buffer, kernel.COSTS.value).set(DECISION_COSTS);
    new Int32Array(buffer, kernel.PRIOR_STATES.value).set(UNTAUGHT);
  }

  /** Learns what tables tell. False when nobody writes such tables for the format. */
  learn(tables: Uint8Array): boolean {
    const { kernel, pixelBytes } = this;
    const head = readHead(tables, pixelBytes);
    if (head === undefined) return false;
    const payload = tables.subarray(pixelBytes + HEAD_BYTES);
    const pixels = this.prepareLessons(head, tables, payload.length);
    if (pixels === undefined) return false;
    new Uint8Array(kernel.memory.buffer).set(payload, kernel.payloadPlace());
    kernel.beginLessons(payload.length, 1);
    for (let rank = 0; rank < head.paletteSize; rank += 1) {
      if (kernel.codeColour() === 0) return false;
    }
    for (let patch = 0; patch < head.patches; patch += 1) {
      kernel.beginPatch(head.height);
      if (kernel.codeRows(head.height) === 0) return false;
    }
    kernel.endLessons();
    return true;
  }

  /** Learns lessons, and writes the tables that tell them; undefined when they would be longer than `bytesMax`. */
  teach(lessons: Lessons, bytesMax: number): Uint8Array | undefined {
    const { kernel, pixelBytes } = this;
    const { opening, palette, primer } = lessons;
    const head = writeHead(lessons, pixelBytes);
    const payloadMax = bytesMax - pixelBytes - HEAD_BYTES;
    if (head === undefined || payloadMax <= 0) return undefined;
    const pixels = this.prepareLessons(primer, opening, payloadMax);
    if (pixels === undefined) return undefined;
    const memory = new Uint8Array(kernel.memory.buffer);
    kernel.beginLessons(payloadMax, 0);
    for (let at = 0; at < palette.length; at += pixelBytes) {
      memory.set(palette.subarray(at, at + pixelBytes), pixels);
      if (kernel.codeColour() === 0) return undefined;
    }
    for (const patch of primer.patches) {
      memory.set(patch, pixels);
      kernel.beginPatch(primer.height);
      if (kernel.codeRows(primer.height) === 0) return undefined;
    }
    kernel.endLessons();
    const place = kernel.payloadPlace();
    const bytes = kernel.finish();
    const tables = new Uint8Array(head.length + bytes);
    tables.set(head);
    tables.set(memory.subarray(place, place + bytes), head.length);
    return tables;
  }

  /** Makes room for patches and a payload; the opening pixel, the first of `opening`, goes where the kernel looks for it. */
  private prepareLessons(
    { width, height }: { readonly width: number; readonly height: number },
    opening: Uint8Array,
    payloadBytes: number,
  ): number | undefined {
    const { kernel, pixelBytes } = this;
    const pixels = kernel.prepare(width, height, payloadBytes);
    if (pixels === 0) return undefined;
    new Uint8Array(kernel.memory.buffer).set(opening.subarray(0, pixelBytes), pixels);
    return pixels;
  }
}

/** `squash` of every logit. */
const SQUASHED = Uint16Array.from({ length: 2 * LOGIT_MAX + 1 }, (_, at) => squash(at - LOGIT_MAX));

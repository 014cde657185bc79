import { PieceSet } from "../../base/piece-set.js";
import { planesIn, type ViewPlanes, viewBytes, viewSize } from "../../picture/reduced-view.js";
import { type Manifest, previewPiecesOf } from "../../wire/manifest.js";
import type { LiveChange, TakenMessage, ToDecoder } from "./messages.js";
import type { LivePicture } from "./picture.js";
import { LiveQueue, type ReadHeld } from "./queue.js";
import type { LiveRaster } from "./raster.js";

/** Bytes that an image's decoding takes. */
export interface LiveMemory {
  /** Of the raster; 0 when there is none. */
  readonly raster: number;
  /** Of the decoder itself, at the most. */
  readonly decoder: number;
}

export interface LiveTransferSetup {
  readonly id: string;
  /** Names the image to the decoding thread. */
  readonly image: number;
  readonly manifest: Manifest;
  readonly memory: LiveMemory;
  /** Of the picture that is looked at; absent when nobody looks. */
  readonly viewOf?: { readonly width: number; readonly height: number };
  readonly readHeld: ReadHeld;
}

/** One image, as the receiver's thread sees its decoding: pieces go in, shared memory fills. */
export class LiveTransfer implements LivePicture, LiveRaster {
  readonly id: string;
  readonly image: number;
  readonly view: ViewPlanes;
  readonly raster: Uint8Array;
  failure: string | undefined;
  private readonly rasterMemory: SharedArrayBuffer | undefined;
  private readonly viewMemory: SharedArrayBuffer | undefined;
  private readonly offered = new PieceSet();
  private readonly listeners: ((blocks: readonly number[]) => void)[] = [];
  private queue: LiveQueue;
  private change: LiveChange = NOTHING_YET;
  private waiting: (() => void)[] = [];

  constructor(
    private readonly setup: LiveTransferSetup,
    private readonly send: (message: ToDecoder, transfer?: ArrayBuffer[]) => void,
  ) {
    const { id, image, memory, viewOf } = setup;
    this.id = id;
    this.image = image;
    if (memory.raster > 0) this.rasterMemory = new SharedArrayBuffer(memory.raster);
    this.raster = new Uint8Array(this.rasterMemory ?? new ArrayBuffer(0));
    const size = viewOf === undefined ? { width: 0, height: 0 } : viewSize(viewOf);
    if (viewOf !== undefined) this.viewMemory = new SharedArrayBuffer(viewBytes(size));
    this.view = planesIn(this.viewMemory ?? new ArrayBuffer(0), size);
    this.queue = this.open();
  }

  /** Bytes that it holds. */
  get memoryBytes(): number {
    return this.setup.memory.raster + this.setup.memory.decoder;
  }

  get exactPixels(): number {
    return this.change.exactPixels;
  }

  get approximatePixels(): number {
    return this.change.approximatePixels;
  }

  get isComplete(): boolean {
    return this.change.isComplete;
  }

  onChange(listener: (blocks: readonly number[]) => void): void {
    this.listeners.push(listener);
  }

  settled(): Promise<void> {
    if (this.failure !== undefined || this.queue.isIdle) return Promise.resolve();
    this.queue.hurry();
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  put(piece: number, bytes: Uint8Array): void {
    const { content } = this.setup.manifest;
    const isShown = content.mode !== "file" || piece < previewPiecesOf(content);
    if (this.failure !== undefined || !isShown) return;
    this.offered.add(piece);
    this.queue.put(piece, bytes);
  }

  /** What was put in lately need not wait for more. */
  hurry(): void {
    this.queue.hurry();
  }

  take({ bytes, change }: TakenMessage): void {
    this.change = change;
    this.queue.takeBack(bytes);
    if (change.ready.length > 0) this.queue.putHeld(change.ready);
    for (const listener of this.listeners) listener(change.blocks);
    if (this.queue.isIdle) this.settle();
  }

  /** Another thread decodes from now on, and knows nothing yet: all that has come is read back. What was drawn stays. */
  startAgain(): void {
    this.queue = this.open();
    const held: number[] = [];
    for (const { start, end } of this.offered.ranges()) {
      for (let piece = start; piece < end; piece += 1) held.push(piece);
    }
    this.queue.putHeld(held);
  }

  /** It goes on no more. */
  fail(reason: string): void {
    this.failure = reason;
    for (const listener of this.listeners) listener([]);
    this.settle();
  }

  private open(): LiveQueue {
    const { image, manifest, memory, readHeld } = this.setup;
    this.send({
      kind: "open",
      image,
      content: manifest.content,
      memoryBytes: memory.decoder,
      ...(this.rasterMemory && { raster: this.rasterMemory }),
      ...(this.viewMemory && { view: this.viewMemory }),
    });
    return new LiveQueue(image, manifest.pieceBytes, readHeld, (message) => {
      this.send(message, [message.bytes.buffer]);
    });
  }

  private settle(): void {
    for (const resolve of this.waiting.splice(0)) resolve();
  }
}

const NOTHING_YET: LiveChange = {
  blocks: [],
  exactPixels: 0,
  approximatePixels: 0,
  isComplete: false,
  ready: [],
  refused: 0,
};

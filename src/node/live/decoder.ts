import { Worker } from "node:worker_threads";
import type { Content, Manifest } from "../../wire/manifest.js";
import { rasterBytes } from "../memory.js";
import type { LiveChange, TakenMessage, ToDecoder } from "./messages.js";
import { type LivePicture, viewSourceOf } from "./picture.js";
import type { ReadHeld } from "./queue.js";
import type { LiveRaster } from "./raster.js";
import { type LiveMemory, LiveTransfer } from "./transfer.js";

export interface LiveDecoderOptions {
  /** Bytes for the rasters and the decoders of all images together. */
  readonly memoryBytes: number;
  /** Whether anybody looks at pictures. */
  readonly isWatched: () => boolean;
  /** There is a picture to look at. */
  readonly onPicture: (id: string, picture: LivePicture) => void;
  /** Counts have changed; told some times a second at most. */
  readonly onCounts: (id: string, counts: LiveCounts) => void;
  /** The thread's program; another one only in tests. */
  readonly program?: URL;
}

export type LiveCounts = Pick<LiveChange, "exactPixels" | "approximatePixels">;

/**
 * Decodes pictures while they come, in a thread of its own, beside the sockets.
 *
 * What it makes is for looking at, and to spare whoever finishes a picture the decoding. Nothing depends on it: a thread
 * that dies is started once more, and if that one dies, too, pictures are drawn no more.
 */
export class LiveDecoder {
  private readonly transfers = new Map<string, LiveTransfer>();
  /** Images put into since the last turn of the event loop. */
  private readonly fresh = new Set<LiveTransfer>();
  private readonly untold = new Set<LiveTransfer>();
  private worker: Worker | undefined;
  private starts = 0;
  private numbered = 0;
  private memoryBytesHeld = 0;
  private teller: NodeJS.Timeout | undefined;
  private hasEnded = false;

  constructor(private readonly options: LiveDecoderOptions) {}

  /** Starts the thread, unless it is there: some 30 ms pass until it decodes. */
  start(): void {
    if (this.worker !== undefined || this.hasEnded || this.starts === STARTS_MAX) return;
    this.starts += 1;
    const worker = new Worker(this.options.program ?? PROGRAM);
    worker.unref();
    worker.on("message", (message: TakenMessage) => this.take(message));
    worker.on("error", () => this.lose(worker));
    worker.on("exit", () => this.lose(worker));
    this.worker = worker;
  }

  /** An image's pieces will follow. Once more for the same image: from the beginning. */
  open(id: string, manifest: Manifest, readHeld: ReadHeld): void {
    this.close(id);
    const size = viewSourceOf(manifest.content);
    if (size === undefined || this.hasEnded || this.transfers.size >= IMAGES_MAX) return;
    const memory = this.memoryFor(manifest.content);
    const isWatched = this.options.isWatched();
    if (memory.raster === 0 && !isWatched) return;
    this.start();
    this.numbered += 1;
    const setup = { id, image: this.numbered, manifest, memory, readHeld };
    const transfer = new LiveTransfer(
      { ...setup, ...(isWatched && { viewOf: size }) },
      (message, moved) => this.worker?.postMessage(message, moved),
    );
    this.transfers.set(id, transfer);
    this.memoryBytesHeld += transfer.memoryBytes;
    if (this.worker === undefined) transfer.fail(FAILURE);
    if (isWatched) this.options.onPicture(id, transfer);
  }

  put(id: string, piece: number, bytes: Uint8Array): void {
    const transfer = this.transfers.get(id);
    if (transfer === undefined) return;
    transfer.put(piece, bytes);
    if (this.fresh.size === 0) setImmediate(() => this.hurry());
    this.fresh.add(transfer);
  }

  /** The image's raster; undefined when there is none. */
  rasterOf(id: string): LiveRaster | undefined {
    const transfer = this.transfers.get(id);
    return transfer !== undefined && transfer.raster.length > 0 ? transfer : undefined;
  }

  /** Resolves when what has come of the image is drawn. */
  async settled(id: string): Promise<void> {
    await this.transfers.get(id)?.settled();
  }

  /** Nothing more comes of the image. What was drawn stays with those who look at it. */
  close(id: string): void {
    const transfer = this.transfers.get(id);
    if (transfer === undefined) return;
    this.transfers.delete(id);
    this.untold.delete(transfer);
    this.memoryBytesHeld -= transfer.memoryBytes;
    this.tell({ kind: "close", image: transfer.image });
  }

  async end(): Promise<void> {
    this.hasEnded = true;
    clearTimeout(this.teller);
    await this.worker?.terminate();
  }

  private tell(message: ToDecoder): void {
    this.worker?.postMessage(message);
  }

  private hurry(): void {
    for (const transfer of this.fresh) transfer.hurry();
    this.fresh.clear();
  }

  private take(message: TakenMessage): void {
    for (const transfer of this.transfers.values()) {
      if (transfer.image !== message.image) continue;
      transfer.take(message);
      this.untold.add(transfer);
    }
    this.teller ??= setTimeout(() => this.tellCounts(), COUNTS_MS).unref();
  }

  private tellCounts(): void {
    this.teller = undefined;
    for (const { id, exactPixels, approximatePixels } of this.untold) {
      this.options.onCounts(id, { exactPixels, approximatePixels });
    }
    this.untold.clear();
  }

  private lose(worker: Worker): void {
    if (this.worker !== worker || this.hasEnded) return;
    this.worker = undefined;
    if (this.transfers.size > 0) this.start();
    for (const transfer of this.transfers.values()) {
      if (this.worker === undefined) transfer.fail(FAILURE);
      else transfer.startAgain();
    }
  }

  /** What of the memory left the image gets: a raster as a whole or not at all. */
  private memoryFor(content: Content): LiveMemory {
    const left = Math.max(0, this.options.memoryBytes - this.memoryBytesHeld);
    if (content.mode === "jpeg") {
      const wanted = content.width * content.height * JPEG_BYTES_PER_PIXEL;
      return { raster: 0, decoder: Math.min(left, wanted) };
    }
    const raster = content.mode === "coded" ? rasterBytes(content) : 0;
    return { raster: raster <= left ? raster : 0, decoder: 0 };
  }
}

const PROGRAM = new URL("./worker.js", import.meta.url);
/** Of three components with all their coefficients, as a progressive file needs them, and a byte more. */
const JPEG_BYTES_PER_PIXEL = 10;
const STARTS_MAX = 2;
const FAILURE = "the thread that draws pictures has died";
/** Images that are decoded at once; more of them come unseen. Each takes up to 10 MB beside its raster. Ours. */
const IMAGES_MAX = 8;
/** Ours: often enough to follow, seldom enough to read. */
const COUNTS_MS = 250;

import { Random } from "../../src/base/random.js";
import { LiveImage } from "../../src/node/live/image.js";
import type { LiveChange } from "../../src/node/live/messages.js";
import type { LivePicture } from "../../src/node/live/picture.js";
import { Partition } from "../../src/picture/partition.js";
import { cutPiece } from "../../src/picture/raster.js";
import { planesIn, viewBytes, viewSize } from "../../src/picture/reduced-view.js";
import type { PixelContent, RuledManifest } from "../../src/wire/manifest.js";

/** A small RGB picture of noise, with all that a viewer is told about it, and drawn as its pieces are taken. */
export function noisePicture(width: number, height: number, seed = 1) {
  const shape = {
    width,
    height,
    tileWidth: 16,
    tileHeight: 16,
    fields: 1,
    order: "raster",
  } as const;
  const partition = new Partition(shape);
  const raster = new Random(seed).bytes(width * height * 3);
  const content: PixelContent = {
    ...shape,
    mode: "pixels",
    channels: 3,
    bits: 8,
    colour: "rgb",
    format: "png",
    metadata: [],
  };
  const manifest: RuledManifest = {
    name: "noise.png",
    digest: new Uint8Array(32).fill(0xab),
    pieceCount: partition.pieceCount,
    pieceBytes: partition.piecePixelsMax * 3,
    content,
  };
  const pieceOf = (piece: number): Uint8Array => {
    const bytes = new Uint8Array(partition.piecePixelsMax * 3);
    return bytes.subarray(0, cutPiece(raster, partition, 3, piece, bytes, 0));
  };
  return { partition, raster, manifest, pieceOf, live: new DrawnPicture(content) };
}

/** A picture that is drawn as its pieces come, without a thread. */
export class DrawnPicture implements LivePicture {
  readonly view;
  failure: string | undefined;
  private readonly image: LiveImage;
  private change: LiveChange;
  private readonly listeners: ((blocks: readonly number[]) => void)[] = [];

  constructor(content: PixelContent) {
    const size = viewSize(content);
    const memory = new SharedArrayBuffer(viewBytes(size));
    this.view = planesIn(memory, size);
    this.image = new LiveImage({ content, view: memory, memoryBytes: 0 });
    this.change = this.image.change();
  }

  get exactPixels(): number {
    return this.change.exactPixels;
  }

  get approximatePixels(): number {
    return this.change.approximatePixels;
  }

  onChange(listener: (blocks: readonly number[]) => void): void {
    this.listeners.push(listener);
  }

  take(piece: number, bytes: Uint8Array): void {
    this.image.take(piece, bytes);
    this.change = this.image.change();
    for (const listener of this.listeners) listener(this.change.blocks);
  }

  fail(reason: string): void {
    this.failure = reason;
    for (const listener of this.listeners) listener([]);
  }
}

export function plainFile(bytes: number): RuledManifest {
  const digest = new Uint8Array(32);
  const content = { mode: "file", bytes } as const;
  return {
    name: "notes.pdf",
    digest,
    pieceCount: Math.ceil(bytes / 1_150),
    pieceBytes: 1_150,
    content,
  };
}

export const offer = (id: string, t = 0) =>
  ({
    event: "offer",
    t,
    id,
    name: "noise.png",
    mode: "pixels",
    width: 1,
    height: 1,
    channels: 3,
    bits: 8,
    bytes: 3,
    pieces: 1,
    from: "192.0.2.9:5000",
    resumedPieces: 0,
    seconds: 0,
  }) as const;

export const progress = (id: string, missingPixels: number, t = 0) =>
  ({
    event: "progress",
    t,
    id,
    missingPixels,
    missingPieces: 1,
    received: 1,
    repaired: 0,
    recovered: 0,
    duplicates: 0,
    malformed: 0,
    rateMbit: 1,
    lossShare: 0,
  }) as const;

export const complete = (id: string, t = 0) =>
  ({
    event: "complete",
    t,
    id,
    name: "noise.png",
    path: "/tmp/noise.png",
    sha256: "ab".repeat(32),
    seconds: 1,
    missingPixels: 0,
    bytes: 3,
    receipt: { seconds: 1, lossShare: 0 },
  }) as const;

/** A thread that decodes bands of one large picture from the pieces on the disk, one after another. */
import { parentPort, workerData } from "node:worker_threads";
import { assert } from "../../base/assert.js";
import type { PieceArea } from "../../codec/types.js";
import type { Band } from "../../picture/raster.js";
import type { CodedContent, Manifest } from "../../wire/manifest.js";
import { BandDecoder } from "./band-decoder.js";
import { PieceFiles } from "./piece-files.js";

/** What a thread is started with. */
export interface BandSetup {
  /** Where the pieces lie, all that it is told of written. */
  readonly folder: string;
  readonly manifest: Manifest;
  readonly content: CodedContent;
}

export interface BandTask extends Band {
  /** The pieces that reach into the band. */
  readonly pieces: Uint32Array;
  /** Of the band, to be filled from the start. */
  readonly raster: Uint8Array<ArrayBuffer>;
}

export type BandAnswer =
  | {
      readonly raster: Uint8Array<ArrayBuffer>;
      /** What the pieces hold that were not refused, in the band and beyond. */
      readonly areas: readonly PieceArea[];
    }
  | { readonly failure: string };

async function serve({ folder, manifest, content }: BandSetup): Promise<void> {
  const decoder = new BandDecoder(content);
  const files = await PieceFiles.open(folder, manifest, "read");
  const piece = new Uint8Array(manifest.pieceBytes);
  const decode = ({ pieces, raster, ...band }: BandTask): BandAnswer => {
    const areas: PieceArea[] = [];
    raster.fill(0);
    for (const number of pieces) {
      const bytes = piece.subarray(0, files.read(number, piece, 0));
      areas.push(...(decoder.place(bytes, raster, band) ?? []));
    }
    return { raster, areas };
  };
  parentPort?.on("message", (task: BandTask) => {
    try {
      parentPort?.postMessage(decode(task), [task.raster.buffer]);
    } catch (error) {
      const failure: BandAnswer = { failure: String(error) };
      parentPort?.postMessage(failure);
    }
  });
}

assert(parentPort !== null, "this file is the program of a thread");
// What fails here ends the thread, and its parent is told.
await serve(workerData as BandSetup);

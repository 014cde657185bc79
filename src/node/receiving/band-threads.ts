import { once } from "node:events";
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { PieceArea } from "../../codec/types.js";
import type { FilledBand } from "./assemble.js";
import type { PlannedBand } from "./band-plan.js";
import type { BandAnswer, BandSetup, BandTask } from "./band-worker.js";

/** A band as a thread has decoded it. */
export interface DecodedBand extends FilledBand {
  readonly areas: readonly PieceArea[];
}

/**
 * Decodes bands in threads, and gives them in order. Memory: `bandBytes` for each thread, and as many threads as
 * `BANDS_BYTES` allows. Throws when a thread cannot read the pieces or dies.
 */
export async function* decodeBands(
  setup: BandSetup,
  bands: readonly PlannedBand[],
  lineBytes: number,
): AsyncIterable<DecodedBand> {
  const bandBytes = Math.max(...bands.map(({ y, endY }) => (endY - y) * lineBytes));
  const wanted = Math.min(availableParallelism(), THREADS_MAX, Math.floor(BANDS_BYTES / bandBytes));
  const count = Math.max(1, Math.min(wanted, bands.length));
  const threads = Array.from({ length: count }, () => new BandThread(setup, bandBytes));
  const begin = (number: number): void => {
    const band = bands[number];
    if (band !== undefined) threads[number % count]?.begin(band, lineBytes);
  };
  try {
    threads.forEach((_, number) => {
      begin(number);
    });
    for (const [number, band] of bands.entries()) {
      const thread = threads[number % count] as BandThread;
      const { bytes, areas } = await thread.result();
      yield { y: band.y, endY: band.endY, bytes, areas };
      begin(number + count);
    }
  } finally {
    await Promise.all(threads.map((thread) => thread.end()));
  }
}

/** One band at a time, in memory that goes to the thread and comes back. */
class BandThread {
  private readonly worker: Worker;
  /** Rejects when the thread dies. */
  private readonly ended: Promise<never>;
  private memory: ArrayBuffer;
  private answer: Promise<BandAnswer> | undefined;

  constructor(setup: BandSetup, bandBytes: number) {
    this.memory = new ArrayBuffer(bandBytes);
    this.worker = new Worker(WORKER_FILE, { workerData: setup });
    this.ended = once(this.worker, "exit").then(() => {
      throw new Error("a thread that decodes a picture ended");
    });
    this.ended.catch(() => undefined);
  }

  begin({ y, endY, pieces }: PlannedBand, lineBytes: number): void {
    const raster = new Uint8Array(this.memory, 0, (endY - y) * lineBytes);
    const task: BandTask = { y, endY, pieces, raster };
    const answered = once(this.worker, "message").then(([answer]) => answer as BandAnswer);
    this.answer = Promise.race([answered, this.ended]);
    // Whoever waits for the result is told of a failure; until then nobody is.
    for (const promise of [this.answer, answered]) promise.catch(() => undefined);
    this.worker.postMessage(task, [this.memory]);
  }

  async result(): Promise<{ bytes: Uint8Array; areas: readonly PieceArea[] }> {
    const answer = await this.answer;
    if (answer === undefined) throw new Error("a band is begun before it is asked for");
    if ("failure" in answer) throw new Error(answer.failure);
    this.memory = answer.raster.buffer;
    return { bytes: answer.raster, areas: answer.areas };
  }

  async end(): Promise<void> {
    await this.worker.terminate();
  }
}

/** Ours: what the bands of all threads may take together. */
const BANDS_BYTES = 72 * 2 ** 20;
/** Ours: then the disk and the file's encoder are slower. */
const THREADS_MAX = 4;
/** Run from its source, as tests do, this file has the built worker, for threads know no TypeScript. */
const WORKER_FILE = new URL(
  import.meta.url.endsWith(".ts")
    ? "../../../dist/node/receiving/band-worker.js"
    : "./band-worker.js",
  import.meta.url,
);

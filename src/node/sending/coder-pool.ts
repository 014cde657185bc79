import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { assert } from "../../base/assert.js";
import type { Analysis, PictureShape, Unit } from "../../codec/picture-coder.js";
import { LacunaError } from "../errors.js";
import type { CoderAnswer, CoderTask, UnitAnswer } from "./coder-worker.js";
import {
  type AnalysisSetup,
  analysePicture,
  type CodedUnit,
  type CodingSetup,
  PictureCoding,
} from "./picture-coding.js";

/** A picture whose units are being coded. */
export interface CodingJob {
  /** Fulfilled when each unit was handed over; rejects with LACUNA_CODER_FAILED, or with what taking a unit threw. */
  readonly done: Promise<void>;
  /** Ends it early. Fulfilled when no thread reads the picture any more. */
  end(): Promise<void>;
}

/** Takes the pieces of a unit; called in the order in which the units were given, whichever is coded first. */
export type TakeUnit = (coded: CodedUnit, place: number) => void;

/**
 * Threads that code units of pictures, as many as this machine's cores make worth while. They start when they are
 * first asked to, and serve one picture after another.
 */
export class CoderPool {
  private threads: Thread[] = [];
  private readonly jobs: Job[] = [];
  private numbered = 0;
  private failure: LacunaError | undefined;

  /** Makes the threads get ready for a picture of that size, which will be there soon. */
  prepare({ width, height }: Pick<PictureShape, "width" | "height">): void {
    if (width * height > PIXELS_HERE_MAX) this.start();
  }

  /** Chooses how a picture is best coded. Rejects with LACUNA_CODER_FAILED. */
  async analyse(setup: AnalysisSetup): Promise<Analysis> {
    const { width, height } = setup.shape;
    if (width * height <= PIXELS_HERE_MAX) return analysePicture(setup);
    this.start();
    if (this.failure !== undefined) throw this.failure;
    const [thread] = this.threads.toSorted((one, other) => one.tasks.length - other.tasks.length);
    assert(thread !== undefined, "a pool that was started has threads");
    return new Promise((resolve, reject) => {
      thread.give({ kind: "analyse", setup }, { kind: "analysis", resolve, reject });
    });
  }

  /** Codes units of a picture, in this order. */
  code(setup: CodingSetup, units: readonly Unit[], take: TakeUnit): CodingJob {
    const job = new Job(this.numbered, units, take);
    this.numbered += 1;
    const { width, height } = setup.shape;
    if (this.failure !== undefined) job.fail(this.failure);
    else if (width * height <= PIXELS_HERE_MAX) codeHere(job, setup);
    else {
      this.start();
      this.jobs.push(job);
      for (const thread of this.threads) {
        thread.tell({ kind: "begin", picture: job.picture, setup });
        this.feed(thread);
      }
    }
    return { done: job.done, end: () => this.endJob(job) };
  }

  /** Ends all threads; what they were at is left undone. */
  async close(): Promise<void> {
    this.fail(new Error("the threads were ended"));
    await Promise.all(this.threads.map(({ worker }) => worker.terminate()));
  }

  private start(): void {
    if (this.threads.length > 0 || this.failure !== undefined) return;
    this.threads = Array.from({ length: codingThreads() }, () => this.newThread());
  }

  private newThread(): Thread {
    const thread = new Thread(new Worker(WORKER_FILE, { resourceLimits: LIMITS }));
    thread.worker.on("message", (answer: CoderAnswer) => this.takeAnswer(thread, answer));
    thread.worker.on("error", (error) => this.fail(error));
    thread.worker.on("exit", (code) => this.fail(new Error(`it ended with code ${code}`)));
    return thread;
  }

  /** A thread has its next unit before it asks for it. */
  private feed(thread: Thread): void {
    while (thread.tasks.length < UNITS_AHEAD) {
      const job = this.jobs.find((one) => one.hasMore);
      if (job === undefined) break;
      const place = job.next;
      const unit = job.units[place] as Unit;
      job.next += 1;
      thread.give({ kind: "code", picture: job.picture, place, unit }, { kind: "unit", job });
    }
  }

  private takeAnswer(thread: Thread, answer: CoderAnswer): void {
    const task = thread.taskDone();
    if (task?.kind === "analysis" && answer.kind === "analysed") task.resolve(answer.analysis);
    if (task?.kind === "unit" && answer.kind === "coded") this.takeUnit(task.job, answer);
    this.feed(thread);
    if (task?.kind === "unit" && !this.isAtWorkOn(task.job)) task.job.left();
  }

  private takeUnit(job: Job, { place, coded }: UnitAnswer): void {
    if (!job.isOver) job.handOver(place, coded);
    if (job.isOver) this.forget(job);
  }

  private endJob(job: Job): Promise<void> {
    job.finish();
    this.forget(job);
    if (this.failure !== undefined || !this.isAtWorkOn(job)) job.left();
    return job.leaving;
  }

  private forget(job: Job): void {
    const at = this.jobs.indexOf(job);
    if (at < 0) return;
    this.jobs.splice(at, 1);
    for (const thread of this.threads) thread.tell({ kind: "end", picture: job.picture });
  }

  private isAtWorkOn(job: Job): boolean {
    return this.threads.some(({ tasks }) =>
      tasks.some((task) => task.kind === "unit" && task.job === job),
    );
  }

  /** What one thread cannot do, the others cannot either: all pictures fail. */
  private fail(cause: unknown): void {
    if (this.failure !== undefined) return;
    const reason = cause instanceof Error ? cause.message : String(cause);
    const message = `a thread that codes pictures failed: ${reason}`;
    this.failure = new LacunaError("LACUNA_CODER_FAILED", message, {}, { cause });
    for (const { worker, tasks } of this.threads) {
      worker.unref();
      for (const task of tasks) {
        if (task.kind === "unit") task.job.left();
        else task.reject(this.failure);
      }
    }
    for (const job of this.jobs.splice(0)) {
      job.fail(this.failure);
      job.left();
    }
  }
}

/** What a thread has been given to do. */
type Task =
  | { readonly kind: "unit"; readonly job: Job }
  | {
      readonly kind: "analysis";
      resolve(analysis: Analysis): void;
      reject(error: unknown): void;
    };

class Thread {
  /** In the order in which they will be answered. */
  readonly tasks: Task[] = [];

  constructor(readonly worker: Worker) {
    worker.unref();
  }

  tell(task: CoderTask): void {
    this.worker.postMessage(task);
  }

  /** A thread at work keeps the process alive, an idle one does not. */
  give(told: CoderTask, task: Task): void {
    this.tell(told);
    this.tasks.push(task);
    this.worker.ref();
  }

  taskDone(): Task | undefined {
    const task = this.tasks.shift();
    if (this.tasks.length === 0) this.worker.unref();
    return task;
  }
}

class Job {
  readonly done: Promise<void>;
  readonly leaving: Promise<void>;
  next = 0;
  isOver = false;
  /** Coded before its turn. */
  private readonly early = new Map<number, CodedUnit>();
  private handedOver = 0;
  private settle!: { resolve: () => void; reject: (error: unknown) => void };
  private leave!: () => void;

  constructor(
    readonly picture: number,
    readonly units: readonly Unit[],
    private readonly take: TakeUnit,
  ) {
    this.done = new Promise((resolve, reject) => {
      this.settle = { resolve, reject };
    });
    this.leaving = new Promise((resolve) => {
      this.leave = resolve;
    });
  }

  get hasMore(): boolean {
    return !this.isOver && this.next < this.units.length;
  }

  handOver(place: number, coded: CodedUnit): void {
    this.early.set(place, coded);
    try {
      for (;;) {
        const next = this.early.get(this.handedOver);
        if (next === undefined) break;
        this.early.delete(this.handedOver);
        this.take(next, this.handedOver);
        this.handedOver += 1;
      }
    } catch (error) {
      return this.fail(error);
    }
    if (this.handedOver === this.units.length) this.finish();
  }

  finish(): void {
    this.isOver = true;
    this.settle.resolve();
  }

  fail(error: unknown): void {
    this.isOver = true;
    this.settle.reject(error);
  }

  /** No thread is at work on it. */
  left(): void {
    this.leave();
  }
}

/** What is coded sooner than a thread has started. */
function codeHere(job: Job, setup: CodingSetup): void {
  try {
    const coding = new PictureCoding(setup);
    job.units.forEach((unit, place) => {
      job.handOver(place, coding.code(unit));
    });
  } catch (error) {
    job.fail(error);
  }
}

/** How many threads code here. */
export function codingThreads(): number {
  const cores = availableParallelism();
  return Math.max(Math.min(cores, 2), Math.min(cores - 1, THREADS_MAX));
}

/** Ours: some milliseconds of work. */
const PIXELS_HERE_MAX = 2 ** 15;
/** Ours: with one more, a thread need not wait for its next unit while this one sends. */
const UNITS_AHEAD = 2;
/** Ours: this thread sends, and more coders than these are faster than any network that coding is worth while for. */
const THREADS_MAX = 4;
/** Ours: of garbage, as much as is cheap to collect; without, two threads were seen to hold 50 MB of it. */
const LIMITS = { maxYoungGenerationSizeMb: 4 };
/** Run from its source, as tests do, this file has the built worker, for threads know no TypeScript. */
const WORKER_FILE = new URL(
  import.meta.url.endsWith(".ts")
    ? "../../../dist/node/sending/coder-worker.js"
    : "./coder-worker.js",
  import.meta.url,
);

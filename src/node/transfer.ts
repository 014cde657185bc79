import type { Snapshot, Transfer } from "./api-types.js";
import { LacunaError } from "./errors.js";
import { EventStream } from "./event-stream.js";

/** What runs behind a transfer. */
export interface Run<Event, Result> {
  /** Runs to the end; told events go to `tell`. */
  run(tell: (event: Event) => void): Promise<Result>;
  stop(): void;
  snapshot(id?: string): Promise<Snapshot | undefined>;
}

/** Wraps a run as the one object that is awaited, iterated, stopped and asked. It starts at once. */
export function transferOf<Event extends { event: string; id?: string }, Result>(
  run: Run<Event, Result>,
  signal: AbortSignal | undefined,
): Transfer<Event, Result> {
  const events = new EventStream<Event>();
  const stop = (): void => run.stop();
  const done = run
    .run((event) => events.push(event))
    .catch((error: unknown) => Promise.reject(asLacunaError(error)))
    .finally(() => signal?.removeEventListener("abort", stop));
  done.then(
    () => events.end(),
    (error: LacunaError) => events.end(error),
  );
  if (signal?.aborted) stop();
  else signal?.addEventListener("abort", stop, { once: true });
  return {
    // biome-ignore lint/suspicious/noThenProperty: a transfer is meant to be awaited.
    then: (onResult, onError) => done.then(onResult, onError),
    stop,
    snapshot: (id) => run.snapshot(id),
    [Symbol.asyncIterator]: () => ({
      next: () => events.next(),
      return: () => Promise.resolve({ done: true as const, value: undefined }),
    }),
  };
}

export function asLacunaError(error: unknown): LacunaError {
  if (error instanceof LacunaError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new LacunaError("LACUNA_UNEXPECTED", message, {}, { cause: error });
}

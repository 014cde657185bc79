import type { LacunaError } from "./errors.js";

interface Tagged {
  readonly event: string;
  readonly id?: string;
}

/**
 * Events for readers that may be slow. A progress report replaces an unread
 * one of the same image, so that what waits is bounded by the number of images.
 */
export class EventStream<Event extends Tagged> {
  private readonly waiting: Event[] = [];
  private readonly readers: {
    resolve(result: IteratorResult<Event>): void;
    reject(error: LacunaError): void;
  }[] = [];
  private ended = false;
  private failure: LacunaError | undefined;

  push(event: Event): void {
    if (this.ended) return;
    const reader = this.readers.shift();
    if (reader !== undefined) return reader.resolve({ done: false, value: event });
    if (event.event === "progress") {
      const unread = this.waiting.findIndex((e) => e.event === "progress" && e.id === event.id);
      if (unread >= 0) this.waiting.splice(unread, 1);
    }
    this.waiting.push(event);
  }

  /** No more events; with a failure, reading on throws it. */
  end(failure?: LacunaError): void {
    if (this.ended) return;
    this.ended = true;
    this.failure = failure;
    for (const reader of this.readers.splice(0)) {
      if (failure === undefined) reader.resolve({ done: true, value: undefined });
      else reader.reject(failure);
    }
  }

  next(): Promise<IteratorResult<Event>> {
    const event = this.waiting.shift();
    if (event !== undefined) return Promise.resolve({ done: false, value: event });
    if (this.failure !== undefined) return Promise.reject(this.failure);
    if (this.ended) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => this.readers.push({ resolve, reject }));
  }
}

import type { Transfer } from "../node/api-types.js";
import { ERRORS, type ErrorCode } from "../node/errors.js";
import type { ErrorEvent, ReceiveEvent, SendEvent } from "../node/events.js";
import { EXIT_INTERRUPTED, onInterrupt } from "./interrupts.js";
import type { Output } from "./output.js";
import { type Board, type Draw, logBoard, quietBoard } from "./terminal/board.js";
import { HoleTracker } from "./terminal/hole-tracker.js";
import { type Look, plainLook } from "./terminal/look.js";
import { receiveNarration, sendNarration, type Talk } from "./terminal/narration.js";
import { renderLog, renderTransfer } from "./terminal/render.js";
import { afterReceive, afterSend, startOf, type TransferState } from "./terminal/transfer-state.js";

/** Tells people of a transfer, one event after another. */
export interface Teller<Event> {
  tell(event: Event): void;
  say(lines: readonly string[]): void;
  end(): void;
}

/** Tells of a receiver; where maps are drawn, `holes` must watch it as an observer. */
export function receiveTeller(output: Output, holes: HoleTracker): Promise<Teller<ReceiveEvent>> {
  return TransferTeller.create<ReceiveEvent>({
    output,
    holes,
    start: startOf("receive"),
    after: afterReceive,
    narrate: receiveNarration,
  });
}

/** Tells of a sender to `peer`. */
export function sendTeller(output: Output, peer: string): Promise<Teller<SendEvent>> {
  return TransferTeller.create<SendEvent>({
    output,
    holes: new HoleTracker(),
    start: startOf("send", peer),
    after: afterSend,
    narrate: sendNarration,
  });
}

interface Telling<Event> {
  readonly output: Output;
  readonly holes: HoleTracker;
  readonly start: TransferState;
  readonly after: (state: TransferState, event: Event, now: number) => TransferState;
  readonly narrate: (event: Event, state: TransferState, look: Look, talk: Talk) => string[];
}

class TransferTeller<Event extends ReceiveEvent | SendEvent> implements Teller<Event> {
  private readonly startMs = performance.now();
  private readonly talk: Talk;
  private state: TransferState;
  private board: Board;

  static async create<Event extends ReceiveEvent | SendEvent>(
    telling: Telling<Event>,
  ): Promise<TransferTeller<Event>> {
    const teller = new TransferTeller(telling);
    await teller.open();
    return teller;
  }

  private constructor(private readonly telling: Telling<Event>) {
    const { output, start } = telling;
    this.talk = output.json ? "results" : output.isTerminal ? "live" : "changes";
    this.state = start;
    this.board = quietBoard(output);
  }

  tell(event: Event): void {
    const { telling, state } = this;
    if (event.event === "error" && !telling.output.isNews(event)) return;
    const lines = telling.narrate(event, state, this.look, this.talk);
    this.state = telling.after(state, event, this.secondsAt(performance.now()));
    for (const { id } of state.images) {
      if (!this.state.images.some((image) => image.id === id)) telling.holes.forget(id);
    }
    if (lines.length > 0) this.board.say(lines);
  }

  say(lines: readonly string[]): void {
    this.board.say(lines);
  }

  end(): void {
    this.board.end();
  }

  /** Lines of a log are not broken: whoever reads them searches them. */
  private get look(): Look {
    return this.talk === "live" ? this.telling.output.look : plainLook(this.telling.output.look);
  }

  private async open(): Promise<void> {
    const { output, holes } = this.telling;
    if (this.talk === "changes") {
      const draw: Draw = (nowMs) => renderLog(this.state, this.look, this.secondsAt(nowMs));
      this.board = logBoard(output, draw);
    }
    if (this.talk !== "live") return;
    const { liveBoard } = await import("./terminal/live-board.js");
    this.board = await liveBoard(process.stderr, output, (nowMs) =>
      renderTransfer(this.state, this.look, this.secondsAt(nowMs), (id, room) =>
        holes.mapOf(id, room, nowMs),
      ),
    );
  }

  private secondsAt(nowMs: number): number {
    return (nowMs - this.startMs) / 1_000;
  }
}

interface Outcome {
  readonly interrupted: boolean;
  readonly files: readonly { readonly outcome: "complete" | "partial" }[];
}

/**
 * Follows a transfer to its end, telling each event to people and scripts.
 *
 * @returns the result and the exit code that it stands for
 * @throws LacunaError the transfer's own
 */
export async function follow<Event extends ReceiveEvent | SendEvent, Result extends Outcome>(
  transfer: Transfer<Event, Result>,
  teller: Teller<Event>,
  output: Output,
  listen: (event: Event) => void = () => undefined,
): Promise<{ result: Result; exit: number }> {
  const ended = Promise.resolve(transfer);
  // The iteration below throws the same error first.
  ended.catch(() => undefined);
  const unwatch = onInterrupt(() => {
    if (output.isTerminal) teller.say(["stopping; Ctrl-C again leaves at once"]);
    transfer.stop();
  });
  let failed: ErrorEvent | undefined;
  try {
    for await (const event of transfer) {
      output.emit(event);
      teller.tell(event);
      if (event.event === "error") failed = event;
      listen(event);
    }
    const result = await ended;
    return { result, exit: exitOf(result, failed) };
  } finally {
    unwatch();
  }
}

/** The contract's exit code: the gravest thing that happened. */
function exitOf(result: Outcome, failed: ErrorEvent | undefined): number {
  if (result.interrupted) return EXIT_INTERRUPTED;
  if (failed !== undefined) return ERRORS[failed.code as ErrorCode]?.exit ?? 1;
  return result.files.some((file) => file.outcome === "partial") ? EXIT_PARTIAL : 0;
}

const EXIT_PARTIAL = 3;

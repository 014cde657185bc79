import { stripVTControlCharacters } from "node:util";
import type { createLogUpdate } from "log-update";
import type { Output } from "../output.js";
import type { Board, Draw } from "./board.js";
import { displayWidth } from "./text.js";

type LogUpdate = ReturnType<typeof createLogUpdate>;

/** For a terminal: the changing lines stand at the bottom and are redrawn ten times a second at most. */
export async function liveBoard(
  stream: NodeJS.WriteStream,
  output: Output,
  draw: Draw,
): Promise<Board> {
  const { createLogUpdate } = await import("log-update");
  return new LiveBoard(createLogUpdate(stream), stream, output, draw);
}

class LiveBoard implements Board {
  private readonly timer: NodeJS.Timeout;
  /** Widths of the lines that stand there now. */
  private widths: number[] = [];

  constructor(
    private readonly region: LogUpdate,
    private readonly stream: NodeJS.WriteStream,
    private readonly output: Output,
    private readonly draw: Draw,
  ) {
    this.timer = setInterval(this.redraw, REDRAW_EVERY_MS);
    this.timer.unref();
    stream.on("resize", this.resized);
    this.redraw();
  }

  say(lines: readonly string[]): void {
    this.region.clear();
    this.output.say(lines);
    this.redraw();
  }

  end(): void {
    clearInterval(this.timer);
    this.stream.off("resize", this.resized);
    this.region.clear();
    this.region.done();
  }

  private readonly redraw = (): void => {
    const lines = this.draw(performance.now());
    this.widths = lines.map((line) => displayWidth(stripVTControlCharacters(line)));
    if (lines.length === 0) this.region.clear();
    else this.region(lines.join("\n"));
  };

  /** A narrower terminal has broken the old lines into more rows than were written: these go too. */
  private readonly resized = (): void => {
    const { columns } = this.stream;
    const extra = this.widths.reduce(
      (rows, width) => rows + Math.max(0, Math.ceil(width / columns) - 1),
      0,
    );
    this.region.clear();
    if (extra > 0) this.stream.write(`\u001b[${extra}A\u001b[J`);
    this.redraw();
  };
}

const REDRAW_EVERY_MS = 100;

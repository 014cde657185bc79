import { type Look, lookOf } from "./terminal/look.js";

/** The part of a stream that this program uses, so that tests can stand in for a terminal. */
export interface Outlet {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  columns?: number;
  rows?: number;
  getColorDepth?: (env?: object) => number;
}

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Streams {
  readonly stdout: Outlet;
  readonly stderr: Outlet;
  readonly env: Environment;
}

/** Where words go: JSON lines to standard output, everything for people to standard error. */
export class Output {
  /** When the program began, on the clock of performance.now(). */
  private readonly startMs = performance.now();
  private readonly toldErrors = new Set<string>();

  constructor(
    private readonly stdout: Outlet,
    readonly stderr: Outlet,
    readonly env: Environment,
    /** Whether JSON lines are wanted. */
    readonly json: boolean,
  ) {}

  /** Whether a person watches, in a terminal whose lines can be redrawn. */
  get isTerminal(): boolean {
    return this.stderr.isTTY === true && this.env.TERM !== "dumb";
  }

  get look(): Look {
    return lookOf(this.stderr, this.env);
  }

  /** Whether maps of what arrives are drawn. */
  get drawsMaps(): boolean {
    return this.isTerminal && !this.json;
  }

  /** Whether arriving pictures are shown as such, in block characters. */
  get drawsPictures(): boolean {
    return this.drawsMaps && this.look.pictures !== "none";
  }

  /** Seconds since the program began. */
  get seconds(): number {
    return Math.round(performance.now() - this.startMs) / 1_000;
  }

  /** Writes one JSON line, if JSON is wanted. */
  emit(event: object): void {
    if (this.json) this.stdout.write(`${JSON.stringify(event)}\n`);
  }

  /** Writes a line for people that a pipe may want alone. */
  print(line: string): void {
    if (!this.json) this.stdout.write(`${line}\n`);
  }

  say(lines: readonly string[]): void {
    if (lines.length > 0) this.stderr.write(`${lines.join("\n")}\n`);
  }

  /** True the first time that this error is to be told: one that came as an event is not told again at the end. */
  isNews(error: { readonly code: string; readonly message: string }): boolean {
    const key = `${error.code} ${error.message}`;
    if (this.toldErrors.has(key)) return false;
    this.toldErrors.add(key);
    return true;
  }
}

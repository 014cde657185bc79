import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { afterAll, afterEach, beforeAll, expect } from "vitest";
import type { ReceiveEvent, SendEvent } from "../../src/node/events.js";
import { ensureKeyPair } from "../../src/node/secure/keys.js";
import { TicketBook } from "../../src/node/secure/ticket-book.js";

/** A line of `--json`. */
type Line = { readonly event: string; readonly [field: string]: unknown };

/** One of the events of either side by its name, from the types that the library exports. */
type Named<Event, Name> = Extract<Event, { event: Name }>;

/** A running `lacuna` command and what it has said so far. */
export class Process<Event extends { event: string } = Line> {
  readonly events: Event[] = [];
  /** Standard output, line by line; those that are JSON are events too. */
  readonly lines: string[] = [];
  stderr = "";
  /** The exit code, once it has ended. */
  readonly exit: Promise<number | null>;
  private readonly child: ChildProcess;
  private waiting: (() => void)[] = [];
  private ended = false;

  constructor(
    command: string,
    argv: readonly string[],
    cwd: string,
    env: Readonly<Record<string, string>>,
  ) {
    this.child = spawn(process.execPath, [command, ...argv], {
      cwd,
      // Keys and tickets of the tests alone, the same for both sides.
      env: { ...process.env, LACUNA_STATE_DIR: STATE, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const { stdout, stderr } = this.child;
    if (stdout === null || stderr === null) throw new Error("a child without streams");
    createInterface({ input: stdout }).on("line", (line) => {
      this.lines.push(line);
      if (line.startsWith("{")) this.events.push(JSON.parse(line) as Event);
      this.wake();
    });
    stderr.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text;
    });
    this.exit = new Promise((resolve, reject) => {
      this.child.on("error", reject);
      this.child.on("close", (code) => {
        this.ended = true;
        this.wake();
        resolve(code);
      });
    });
  }

  /** Waits for an event of this name, past or to come. */
  async event<Name extends Event["event"]>(
    name: Name,
    fits: (event: Named<Event, Name>) => boolean = () => true,
  ): Promise<Named<Event, Name>> {
    return this.until(`"${name}"`, () => this.all(name).find(fits));
  }

  /** Waits for a line of standard output; gives what the first group of the pattern is there. */
  async line(pattern: RegExp): Promise<string> {
    return this.until(String(pattern), () => this.lines.join("\n").match(pattern)?.[1]);
  }

  all<Name extends Event["event"]>(name: Name): Named<Event, Name>[] {
    return this.events.filter((event): event is Named<Event, Name> => event.event === name);
  }

  private async until<Found>(what: string, find: () => Found | undefined): Promise<Found> {
    for (;;) {
      const found = find();
      if (found !== undefined) return found;
      if (this.ended) throw new Error(`it ended without ${what}:\n${this.stderr}`);
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
  }

  private wake(): void {
    for (const resolve of this.waiting.splice(0)) resolve();
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  /** For the end of a test: whatever happens, it runs no more. */
  async end(): Promise<void> {
    if (!this.ended) this.child.kill("SIGKILL");
    await this.exit.catch(() => undefined);
  }
}

/** The state folder of all commands of a test file. A receiver's default ticket is there from the beginning. */
export const STATE = mkdtempSync(join(tmpdir(), "lacuna-process-state-"));

beforeAll(async () => {
  await ensureKeyPair(STATE, "receiver");
  await new TicketBook(STATE).ensureDefault(Date.now());
});
afterAll(() => rmSync(STATE, { recursive: true, force: true }));

const running: Process[] = [];
const folders: string[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.end()));
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A folder of its own, removed when the test ends. */
export function folder(): string {
  const made = mkdtempSync(join(tmpdir(), "lacuna-process-"));
  folders.push(made);
  return made;
}

/** Starts a program of this clone by its path from the root. */
export function start<Event extends { event: string } = Line>(
  program: string,
  argv: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>> = {},
): Process<Event> {
  if (!existsSync(join(ROOT, "dist/cli/main.js"))) throw new Error("first: npm run build");
  const started = new Process<Event>(join(ROOT, program), argv, cwd, env);
  running.push(started as unknown as Process);
  return started;
}

export function lacuna(...argv: string[]): Process {
  return start("bin/lacuna", argv, folder());
}

/** Runs a command to its end. */
export async function ran(
  ...argv: string[]
): Promise<{ exit: number | null; events: Line[]; stderr: string }> {
  const command = lacuna(...argv);
  const exit = await command.exit;
  return { exit, events: command.events, stderr: command.stderr };
}

/** A receiver at a free port of loopback that is ready; `ticket` is what its ticket file says, `address` where it listens. */
export async function receiver(
  out: string,
  ...flags: string[]
): Promise<{ received: Process<ReceiveEvent>; ticket: string; address: string }> {
  const ticketFile = join(folder(), "ticket");
  const argv = ["receive", "--listen", "127.0.0.1:0", "--out", out, "--ticket-file", ticketFile];
  const received = start<ReceiveEvent>("bin/lacuna", [...argv, "--json", ...flags], folder());
  const listening = await received.event("listening");
  // Scripts wait for this file; it is there before anything is said.
  expect(readFileSync(ticketFile, "utf8").trim()).toBe(listening.ticket);
  expect(listening.ticket).toMatch(/^[\w-]{70}@127\.0\.0\.1:\d+$/);
  return { received, ticket: listening.ticket, address: listening.address };
}

export function sender(
  paths: string | readonly string[],
  to: string,
  ...flags: string[]
): Process<SendEvent> {
  const list = typeof paths === "string" ? [paths] : paths;
  // What a test finds out of loopback is nobody's to remember.
  const argv = ["send", ...list, "--to", to, "--no-path-memory", "--json", ...flags];
  return start<SendEvent>("bin/lacuna", argv, folder());
}

interface LinkListening {
  readonly event: "listening";
  readonly address: string;
}

/** A bad link in front of a receiver; gives the address to send to. */
export async function badLink(to: string, ...flags: string[]): Promise<string> {
  const argv = ["link", "--listen", "127.0.0.1:0", "--to", to, "--json", ...flags];
  const link = start<LinkListening>("bin/lacuna", argv, folder());
  return (await link.event("listening")).address;
}

export const BAD_LINK = "--loss 0.2 --reorder 0.1 --dup 0.05 --corrupt 0.02 --delay 20".split(" ");

/** Writes a picture cut out of the demo's photograph (or stretched from it); with 4 channels, alpha varies. */
export async function writePicture(
  path: string,
  width: number,
  height: number,
  channels: 1 | 3 | 4 = 3,
): Promise<void> {
  let picture = sharp(join(ROOT, "assets/demo.png")).resize(width, height, { fit: "fill" });
  if (channels === 1) picture = picture.toColourspace("b-w");
  if (channels === 4) {
    const alpha = Buffer.from(Array.from({ length: width * height }, (_, i) => (i * 7 + 3) % 256));
    picture = picture.joinChannel(alpha, { raw: { width, height, channels: 1 } });
  }
  await picture.toFile(path);
}

export interface Pixels {
  readonly data: Buffer;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
}

export async function pixelsOf(path: string): Promise<Pixels> {
  const { data, info } = await sharp(path).raw().toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  return { data, width, height, channels };
}

/** Fails when any sample of any pixel differs. */
export async function expectSamePixels(path: string, wanted: string): Promise<void> {
  const [here, there] = await Promise.all([pixelsOf(path), pixelsOf(wanted)]);
  const { data, ...shape } = here;
  const { data: wantedData, ...wantedShape } = there;
  expect(shape).toEqual(wantedShape);
  expect(data.equals(wantedData), `${path} has every pixel of ${wanted}`).toBe(true);
}

export const ANY_NUMBER: unknown = expect.any(Number);
export const ANY_TEXT: unknown = expect.any(String);

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

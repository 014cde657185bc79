import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { eventNamed, Program, within } from "./program.mjs";
import { LACUNA, rounded } from "./record.mjs";

const TCP = fileURLToPath(new URL("tcp.mjs", import.meta.url));
const PORT = 7316;

/**
 * Sends a file by Lacuna between two ends, each of which is told by the beginning of a command line.
 *
 * @param state the folder where the sender remembers paths: a fresh one makes a cold start
 * @param sendFlags further flags of `lacuna send`
 * @returns seconds (of the sender's `complete` event), wholeSeconds (from the sending process's start to its end),
 * and its counts; undefined when given up
 */
export async function byLacuna({ from, to, address, file, giveUpSeconds, state, sendFlags = [] }) {
  const out = mkdtempSync(join(tmpdir(), "lacuna-bench-"));
  const started = [];
  const lacuna = (at, ...args) => {
    const command = [...at, process.execPath, LACUNA, ...args, "--json"];
    const program = new Program(command, { LACUNA_STATE_DIR: state });
    started.push(program);
    return program;
  };
  try {
    const flags = ["--listen", `${address}:${PORT}`, "--out", out, "--once", "--no-view"];
    const receiver = lacuna(to, "receive", ...flags);
    await receiver.first(eventNamed("listening"));
    const offered = receiver.first(eventNamed("offer"));
    offered.catch(() => undefined);
    const startMs = performance.now();
    const goal = ["--mode", "file", "--to", `${address}:${PORT}`];
    const sender = lacuna(from, "send", file, ...goal, ...sendFlags);
    const complete = sender.first(eventNamed("complete"));
    const done = Promise.all([complete, offered, sender.ended]);
    const result = await within(giveUpSeconds, done);
    if (result === undefined) {
      done.catch(() => undefined);
      return undefined;
    }
    const wholeSeconds = rounded((performance.now() - startMs) / 1_000);
    const [{ seconds, wireBytes, payloadBytes, repairedPieces }, { pieces }, code] = result;
    if (code !== 0) throw new Error(`lacuna send ended with ${code}: ${sender.errors}`);
    return { seconds, wholeSeconds, wireBytes, payloadBytes, pieces, repairedPieces };
  } finally {
    await Promise.all(started.map((program) => program.stop()));
    rmSync(out, { recursive: true, force: true });
  }
}

/** The same by TCP, whose congestion control is set at both ends; seconds as `tcp.mjs` tells them. */
export async function byTcp({ from, to, address, file, giveUpSeconds }) {
  const tcp = (at, ...args) => new Program([...at, process.execPath, TCP, ...args]);
  const receiver = tcp(to, "receive", address, String(PORT));
  let sender;
  try {
    await receiver.first((line) => line === "listening" || undefined);
    const startMs = performance.now();
    sender = tcp(from, "send", address, String(PORT), file);
    const told = sender.first(Number);
    const seconds = await within(giveUpSeconds, told);
    if (seconds === undefined) {
      told.catch(() => undefined);
      return undefined;
    }
    await sender.ended;
    const wholeSeconds = rounded((performance.now() - startMs) / 1_000);
    return { seconds: rounded(seconds), wholeSeconds };
  } finally {
    await Promise.all([receiver.stop(), sender?.stop()]);
  }
}

/** The congestion controls of TCP that this kernel has. */
export function congestionControls() {
  try {
    const text = readFileSync("/proc/sys/net/ipv4/tcp_available_congestion_control", "utf8");
    return text.trim().split(" ");
  } catch {
    // Not Linux: TCP's congestion control cannot be chosen.
    return [];
  }
}

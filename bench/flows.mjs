import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { eventNamed, Program } from "./program.mjs";
import { LACUNA } from "./record.mjs";

const TCP = fileURLToPath(new URL("tcp.mjs", import.meta.url));

/** Somebody who sends without end from end a of a rig to end b, and how far that has come. */
export class Flow {
  /** What had come when, oldest first: `{ atMs, bytes }`. */
  samples = [];
  #programs;

  /** @param read what of a line of the last program tells how many bytes have come, else undefined */
  constructor(programs, read) {
    this.#programs = programs;
    const note = (line) => {
      const bytes = read(line);
      if (bytes !== undefined) this.samples.push({ atMs: performance.now(), bytes });
      return undefined;
    };
    // Nothing is waited for: it ends when it is stopped.
    programs
      .at(-1)
      .first(note)
      .catch(() => undefined);
  }

  /** Resolves once something has come. */
  async moves() {
    while (this.samples.length === 0) {
      const ended = await Promise.race([this.#ended(), pause(20)]);
      if (ended) throw new Error(`a flow ended: ${this.#programs.map((p) => p.errors).join(" ")}`);
    }
  }

  /** Bytes that had come at an instant, drawn evenly between two samples. */
  bytesAt(ms) {
    const next = this.samples.findIndex(({ atMs }) => atMs >= ms);
    if (next === -1) return this.samples.at(-1).bytes;
    const [before, after] = [this.samples[next - 1], this.samples[next]];
    if (before === undefined) return 0;
    const share = (ms - before.atMs) / (after.atMs - before.atMs);
    return before.bytes + share * (after.bytes - before.bytes);
  }

  async stop() {
    await Promise.all(this.#programs.map((program) => program.stop()));
  }

  #ended() {
    return Promise.race(this.#programs.map((program) => program.ended.then(() => true)));
  }
}

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** The kernel's TCP; counted by the receiving program. */
export async function tcpFlow(rig, port) {
  const tcp = (end, role) =>
    new Program([...rig.at(end), process.execPath, TCP, role, rig.address.b, String(port)]);
  const receiver = tcp("b", "count");
  await receiver.first((line) => line === "listening" || undefined);
  return new Flow([tcp("a", "flood"), receiver], (line) =>
    /^\d+$/.test(line) ? +line : undefined,
  );
}

/** Lacuna, with a file too long to be done; counted is what the receiver has confirmed. */
export async function lacunaFlow(rig, port, { file, folder, flags = [] }) {
  const at = `${rig.address.b}:${port}`;
  const lacuna = (end, ...args) => {
    const env = { LACUNA_STATE_DIR: join(folder, `state-${port}`) };
    return new Program([...rig.at(end), process.execPath, LACUNA, ...args, "--json"], env);
  };
  const out = join(folder, `out-${port}`);
  const receiver = lacuna("b", "receive", "--listen", at, "--out", out, "--once", "--no-view");
  await receiver.first(eventNamed("listening"));
  const plain = ["--mode", "file", "--no-path-memory", "--to", at, ...flags];
  const sender = lacuna("a", "send", file, ...plain);
  let bytesOfPiece = 0;
  return new Flow([receiver, sender], (line) => {
    const { event, bytes, pieces, acknowledgedPieces } = JSON.parse(line);
    if (event === "offer") bytesOfPiece = bytes / pieces;
    return event === "progress" ? acknowledgedPieces * bytesOfPiece : undefined;
  });
}

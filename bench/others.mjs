import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { pause } from "./flows.mjs";
import { Program, within } from "./program.mjs";
import { rounded } from "./record.mjs";

const HTTP = fileURLToPath(new URL("http.mjs", import.meta.url));
const PORT = 7316;
/** Their receivers do not say when they are ready. */
const READY_MS = 500;
/** uftp sends at the rate that it is told: nearly the link's, which nobody else here is told. */
const UFTP_RATE_SHARE = 0.95;

/**
 * Programs of others that bring a file from end a to end b. Of each: the programs that it takes, and the command lines, given the
 * place (its addresses, the file, the folder for it, and the link's rate). `ends` names whose end is the transfer's.
 */
export const OTHERS = {
  uftp: {
    takes: ["uftp", "uftpd"],
    receive: ({ to, out }) => ["uftpd", "-d", "-q", "-I", to, "-D", out],
    send: ({ from, to, file, rateMbit }) => {
      const rate = String(Math.round(rateMbit * 1_000 * UFTP_RATE_SHARE));
      return ["uftp", "-R", rate, "-I", from, "-M", to, "-q", file];
    },
    ends: ["sender"],
  },
  srt: {
    takes: ["srt-file-transmit"],
    receive: ({ to, out }) => [
      "srt-file-transmit",
      "-q",
      `srt://${to}:${PORT}?mode=listener`,
      `file://${out}`,
    ],
    send: ({ to, file }) => ["srt-file-transmit", "-q", `file://${file}`, `srt://${to}:${PORT}`],
    ends: ["sender", "receiver"],
  },
  curl: {
    takes: ["curl"],
    // The server is at end a: it is the side that sends.
    send: ({ from, file }) => [process.execPath, HTTP, from, String(PORT), file],
    receive: ({ from, out, file }) => {
      return ["curl", "-sS", "-o", join(out, basename(file)), `http://${from}:${PORT}/`];
    },
    receiverStarts: true,
    ends: ["receiver"],
  },
};

/** The program that is missing on this machine, if any. */
export function missingOf(name) {
  return OTHERS[name].takes.find(
    (program) => spawnSync("which", [program], { stdio: "ignore" }).status !== 0,
  );
}

/**
 * @returns seconds from the start of the program that begins the transfer until those have ended that know it done: whole
 * processes, for these tell nothing else; undefined when given up
 * @throws Error when what came is not what was sent
 */
export async function byOther(name, { rig, file, rateMbit, giveUpSeconds }) {
  const other = OTHERS[name];
  const out = mkdtempSync(join(tmpdir(), "lacuna-bench-"));
  const place = { from: rig.address.a, to: rig.address.b, file, out, rateMbit };
  const starts = {
    receiver: () => new Program([...rig.at("b"), ...other.receive(place)]),
    sender: () => new Program([...rig.at("a"), ...other.send(place)]),
  };
  const [first, second] = other.receiverStarts ? ["sender", "receiver"] : ["receiver", "sender"];
  const running = { [first]: starts[first]() };
  try {
    await pause(READY_MS);
    const startMs = performance.now();
    running[second] = starts[second]();
    const codes = await within(
      giveUpSeconds,
      Promise.all(other.ends.map((end) => running[end].ended)),
    );
    if (codes === undefined) return undefined;
    const wholeSeconds = rounded((performance.now() - startMs) / 1_000);
    const same = codes.every((code) => code === 0) && arrived(out, file);
    if (same) return { wholeSeconds };
    const said = Object.values(running).map(({ errors }) => errors);
    throw new Error(`${name} ended with ${codes.join(", ")}: ${said.join(" ").slice(-500)}`);
  } finally {
    await Promise.all(Object.values(running).map((program) => program.stop()));
    rmSync(out, { recursive: true, force: true });
  }
}

function arrived(out, file) {
  try {
    return readFileSync(join(out, basename(file))).equals(readFileSync(file));
  } catch {
    return false;
  }
}

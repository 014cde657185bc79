import { execFile } from "node:child_process";
import { copyFile, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { failureLines, failureOf, tellFailure } from "../../src/cli/failure.js";
import { main } from "../../src/cli/main.js";
import { Output } from "../../src/cli/output.js";
import { LacunaError } from "../../src/node/errors.js";

interface Run {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function lacuna(...argv: string[]): Promise<Run> {
  const said = { stdout: "", stderr: "" };
  const outlet = (name: keyof typeof said) => ({
    write: (text: string) => {
      said[name] += text;
    },
  });
  const exit = await main(argv, { stdout: outlet("stdout"), stderr: outlet("stderr"), env: {} });
  return { exit, ...said };
}

const COMMANDS = [
  "receive",
  "send",
  "ticket",
  "pause",
  "resume",
  "plan",
  "inspect",
  "link",
  "demo",
];

test("the version is the package's", async () => {
  expect(await lacuna("--version")).toEqual({ exit: 0, stdout: "0.1.0\n", stderr: "" });
});

test("without a command, the help goes to people and the exit code is that of wrong usage", async () => {
  const { exit, stdout, stderr } = await lacuna();
  expect(exit).toBe(2);
  expect(stdout).toBe("");
  for (const command of COMMANDS) expect(stderr).toMatch(new RegExp(`^  ${command} `, "m"));
});

test.each(COMMANDS)("the help of %s teaches by two to four examples", async (command) => {
  const { exit, stdout, stderr } = await lacuna(command, "--help");
  expect(exit).toBe(0);
  expect(stderr).toBe("");
  const [, examples = ""] = stdout.split("Examples:\n");
  const shown = examples.match(new RegExp(`^  lacuna ${command}\\b.*\\n {6}\\S`, "gm")) ?? [];
  expect(shown.length).toBeGreaterThanOrEqual(2);
  expect(shown.length).toBeLessThanOrEqual(4);
  expect(await lacuna("help", command)).toEqual({ exit, stdout, stderr });
});

test("the help of each command has the flags of the contract", async () => {
  const flags: Record<string, string[]> = {
    receive: [
      ..."--listen --out --ticket-file --once --no-repair --deadline --view --no-view --json".split(
        " ",
      ),
      "--on-existing",
      "--event-log",
      ..."--max-size --max-pixels --max-time --max-senders --keep-free".split(" "),
    ],
    send: "--to --via --mode --rate --polite --drop --json --timeout".split(" "),
    ticket: ["create", "list", "show", "revoke", "save", "forget", "key"],
    plan: ["--mode", "--json"],
    inspect: ["--json"],
    link: "--listen --to --loss --burst --delay --jitter --rate --reorder --dup --corrupt --seed --queue".split(
      " ",
    ),
    demo: "--once --out --view --no-view --loss --burst --rate --seed".split(" "),
  };
  for (const [command, wanted] of Object.entries(flags)) {
    const { stdout } = await lacuna(command, "--help");
    for (const flag of wanted) expect(stdout).toMatch(new RegExp(`^  ${flag}\\b`, "m"));
  }
});

test.each([
  [["recieve"], "unknown command 'recieve' (Did you mean receive?)", "see lacuna --help"],
  [["send", "a.png"], "required option '--to <TICKET>' not specified", "see lacuna send --help"],
  [["ticket"], "ticket needs a command", "see lacuna ticket --help"],
  [
    ["ticket", "revok", "anna"],
    "unknown command 'revok' (Did you mean revoke?)",
    "see lacuna ticket --help",
  ],
  [
    ["ticket", "create", "--expires", "soon"],
    '--expires takes a length of time (s, min, h, d), such as 7d; got "soon"',
    "see lacuna ticket --help",
  ],
  [
    ["ticket", "create", "--max-size", "5 apples"],
    '--max-size takes a number of bytes (kB, MB, GB, TB), such as 100MB; got "5 apples"',
    "see lacuna ticket --help",
  ],
  [["send", "--to", "x"], "missing required argument 'PATH'", "see lacuna send --help"],
  [
    ["link", "--listen", "a:1", "--to", "b:1", "--los", "1"],
    "unknown option '--los' (Did you mean --loss?)",
    "see lacuna link --help",
  ],
  [
    ["receive", "--deadline", "soon"],
    '--deadline takes seconds, more than 0, such as 30; got "soon"',
    "see lacuna receive --help",
  ],
  [
    ["receive", "--on-existing", "explode"],
    '--on-existing takes rename, skip, overwrite; got "explode"',
    "see lacuna receive --help",
  ],
])("wrong usage is told with a remedy and exit code 2: %j", async (argv, message, remedy) => {
  expect(await lacuna(...argv)).toEqual({
    exit: 2,
    stdout: "",
    stderr: `error: ${message}\n  try: ${remedy} (LACUNA_BAD_OPTION)\n`,
  });
});

test("with --json, an error is a line on standard output as well", async () => {
  const { exit, stdout, stderr } = await lacuna(
    "send",
    "a.png",
    "--to",
    "x",
    "--rate",
    "0",
    "--json",
  );
  expect(exit).toBe(2);
  expect(stderr).toMatch(/^error: --rate takes /);
  const lines = stdout.trimEnd().split("\n");
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0] as string)).toMatchObject({
    event: "error",
    t: expect.any(Number) as unknown,
    code: "LACUNA_BAD_OPTION",
    message: '--rate takes megabits a second, more than 0, such as 8; got "0"',
    remedy: "see lacuna send --help",
  });
});

test("a ticket file that does not exist is told before anything is sent", async () => {
  const { exit, stderr } = await lacuna("send", "a.png", "--to", "@/nowhere/lacuna.ticket");
  expect(exit).toBe(1);
  expect(stderr).toContain("error: there is no ticket file /nowhere/lacuna.ticket\n");
  expect(stderr).toContain("(LACUNA_NO_SUCH_FILE)");
});

test("a link at an address that makes no sense is told with its code", async () => {
  const { exit, stderr } = await lacuna("link", "--listen", "here", "--to", "127.0.0.1:9");
  expect(exit).toBe(2);
  expect(stderr).toBe(
    'error: "here" is not an address\n  try: write HOST:PORT, for example 192.0.2.7:7316 (LACUNA_BAD_ADDRESS)\n',
  );
});

test("what nobody foresaw is called so, with its stack only when asked for", () => {
  const surprise = new TypeError("x is not a function");
  const failure = failureOf(surprise, "send", {});
  expect(failure).toMatchObject({ code: "LACUNA_UNEXPECTED", exit: 1, message: surprise.message });
  expect(failure.details).toBeUndefined();
  expect(failureOf(surprise, "send", { LACUNA_DEBUG: "1" }).details).toBe(surprise.stack);
});

test("a peer's words in an error cannot command the terminal", () => {
  const error = new LacunaError("LACUNA_REFUSED", "the receiver says: \u001b[2J\nerror: none");
  expect(failureLines(failureOf(error, "send", {}))[0]).toBe(
    "error: the receiver says: ?[2J?error: none",
  );
});

test("an error that came as an event is not told again at the end", () => {
  const said: string[] = [];
  const outlet = { write: (text: string) => said.push(text) };
  const output = new Output(outlet, outlet, {}, true);
  const error = new LacunaError("LACUNA_NO_ANSWER", "nobody answered");
  expect(output.isNews(error)).toBe(true);
  expect(tellFailure(failureOf(error, "send", {}), output)).toBe(4);
  expect(said).toEqual([]);
});

test("the launcher says what to run when nothing is built", async () => {
  const folder = await mkdtemp(join(tmpdir(), "lacuna-launcher-"));
  try {
    await mkdir(join(folder, "bin"));
    // As in the package: the launcher is an ES module.
    const launcher = join(folder, "bin", "lacuna.mjs");
    await copyFile(fileURLToPath(new URL("../../bin/lacuna", import.meta.url)), launcher);
    const ran = promisify(execFile)(process.execPath, [launcher, "--version"]);
    await expect(ran).rejects.toMatchObject({
      code: 1,
      stdout: "",
      stderr: "error: Lacuna is not built yet\n  try: npm ci && npm run build\n",
    });
  } finally {
    await rm(folder, { recursive: true });
  }
});

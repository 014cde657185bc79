import { expect, test } from "vitest";
import { follow, receiveTeller } from "../../src/cli/follow.js";
import { Output } from "../../src/cli/output.js";
import { HoleTracker } from "../../src/cli/terminal/hole-tracker.js";
import type { ReceivedFile, ReceiveResult, Transfer } from "../../src/node/api-types.js";
import { LacunaError } from "../../src/node/errors.js";
import type { ReceiveEvent } from "../../src/node/events.js";

const LISTENING: ReceiveEvent = { event: "listening", t: 0, address: "0.0.0.0:1", ticket: "a:1" };
const DISK_FULL: ReceiveEvent = {
  event: "error",
  t: 1,
  id: "a",
  code: "LACUNA_DISK_FULL",
  message: "no room",
  remedy: "free some",
};
const FILE: ReceivedFile = {
  id: "a",
  name: "a.png",
  outcome: "complete",
  path: "a.png",
  sha256: "00",
  seconds: 1,
  missingPixels: 0,
  missingPieces: 0,
  receipt: { seconds: 1, lossShare: 0 },
  bytes: 1,
};

/** A transfer that has ended: it tells its events, then its result or its error. */
function ended(
  events: readonly ReceiveEvent[],
  end: ReceiveResult | LacunaError,
): Transfer<ReceiveEvent, ReceiveResult> {
  const result =
    end instanceof LacunaError ? Promise.reject<ReceiveResult>(end) : Promise.resolve(end);
  // As in the library, nobody has to wait for the result.
  result.catch(() => undefined);
  return Object.assign(result, {
    stop: () => undefined,
    snapshot: async () => undefined,
    async *[Symbol.asyncIterator]() {
      yield* events;
      await result;
    },
  });
}

async function followed(
  events: readonly ReceiveEvent[],
  end: ReceiveResult | LacunaError,
  json = false,
): Promise<{ exit: number; stdout: string; stderr: string }> {
  const said = { stdout: "", stderr: "" };
  const outlet = (name: keyof typeof said) => ({
    write: (text: string) => {
      said[name] += text;
    },
  });
  const output = new Output(outlet("stdout"), outlet("stderr"), {}, json);
  const teller = await receiveTeller(output, new HoleTracker());
  try {
    const { exit } = await follow(ended(events, end), teller, output);
    return { exit, ...said };
  } finally {
    teller.end();
  }
}

const partial = { ...FILE, outcome: "partial" } as const;

test.each([
  ["complete", [], { files: [FILE], interrupted: false }, 0],
  ["partly partial", [], { files: [FILE, partial], interrupted: false }, 3],
  ["interrupted", [], { files: [partial], interrupted: true }, 130],
  ["failed for one image", [DISK_FULL], { files: [FILE], interrupted: false }, 1],
] as const)("a transfer that is %s has its exit code", async (_, events, result, exit) => {
  expect((await followed(events, result)).exit).toBe(exit);
});

test("a transfer's own error passes through", async () => {
  const error = new LacunaError("LACUNA_PORT_TAKEN", "taken");
  await expect(followed([LISTENING], error)).rejects.toBe(error);
});

test("without --json, standard output stays empty", async () => {
  const { stdout, stderr } = await followed([LISTENING, DISK_FULL], {
    files: [],
    interrupted: false,
  });
  expect(stdout).toBe("");
  expect(stderr.split("\n")).toEqual([
    "listening at 0.0.0.0:1",
    "  on the other side: lacuna send PICTURE --to a:1",
    "error: no room",
    "  try: free some (LACUNA_DISK_FULL)",
    "",
  ]);
});

test("with --json, each event is a line as it is, and people get results only", async () => {
  const events = [LISTENING, DISK_FULL];
  const { stdout, stderr } = await followed(events, { files: [], interrupted: false }, true);
  const lines = stdout.trimEnd().split("\n");
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(events);
  expect(stderr).toBe("error: no room\n  try: free some (LACUNA_DISK_FULL)\n");
});

import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ERRORS, type ErrorCode } from "../../src/node/errors.js";
import {
  ANY_NUMBER,
  ANY_TEXT,
  expectSamePixels,
  folder,
  ran,
  receiver,
  sender,
  writePicture,
} from "./lacuna.js";

async function cup(name = "cup.png", width = 60): Promise<string> {
  const picture = join(folder(), name);
  await writePicture(picture, width, 40);
  return picture;
}

/** The command fails with this code: as a line of JSON, in words with the remedy, and by its exit code. */
async function expectFailure(code: ErrorCode, ...argv: string[]): Promise<void> {
  const { exit, events, stderr } = await ran(...argv, "--json");
  const { exit: wanted, remedy } = ERRORS[code];
  expect(exit, stderr).toBe(wanted);
  expect(events.filter(({ event }) => event === "error")).toEqual([
    {
      event: "error",
      t: ANY_NUMBER,
      code,
      message: ANY_TEXT,
      remedy: ANY_TEXT,
    },
  ]);
  expect(stderr).toMatch(/^error: \S/m);
  if (code !== "LACUNA_BAD_OPTION") expect(stderr).toContain(`  try: ${remedy} (${code})\n`);
  expect(stderr).not.toContain("    at ");
}

const NOBODY = "127.0.0.1:9";

describe("a sender that cannot begin says why", () => {
  test("no such file", () =>
    expectFailure("LACUNA_NO_SUCH_FILE", "send", join(folder(), "none.png"), "--to", NOBODY));

  test("none of several files", async () => {
    const paths = [join(folder(), "none.png"), folder()];
    const begun = performance.now();
    const { exit, events } = await ran("send", ...paths, "--to", NOBODY, "--json");
    expect(exit).toBe(1);
    expect(events.map(({ code }) => code)).toEqual(["LACUNA_NO_SUCH_FILE", "LACUNA_NOT_A_FILE"]);
    expect(performance.now() - begun).toBeLessThan(5_000);
  });

  test("a folder", () => expectFailure("LACUNA_NOT_A_FILE", "send", folder(), "--to", NOBODY));

  test("an empty file", () => {
    const path = join(folder(), "empty.png");
    writeFileSync(path, "");
    return expectFailure("LACUNA_EMPTY_FILE", "send", path, "--to", NOBODY);
  });

  test("no image, though pixels are wanted", () => {
    const path = join(folder(), "text.png");
    writeFileSync(path, "no picture");
    return expectFailure("LACUNA_NOT_AN_IMAGE", "send", path, "--mode", "pixels", "--to", NOBODY);
  });

  test("odd rows of what is no picture", () => {
    const path = join(folder(), "text.txt");
    writeFileSync(path, "no picture");
    return expectFailure("LACUNA_BAD_OPTION", "send", path, "--drop", "odd-rows", "--to", NOBODY);
  });

  test("no address, no ticket, no name of one", async () => {
    await expectFailure("LACUNA_BAD_ADDRESS", "send", await cup(), "--to", "somewhere:far");
    await expectFailure("LACUNA_UNKNOWN_TICKET", "send", await cup(), "--to", "somewhere");
    await expectFailure("LACUNA_BAD_TICKET", "send", await cup(), "--to", "some@where:1");
  });

  test("no such host", async () =>
    expectFailure("LACUNA_UNKNOWN_HOST", "send", await cup(), "--to", "no-such-host.invalid:7316"));

  test("nobody answers", async () => {
    const begun = performance.now();
    await expectFailure("LACUNA_NO_ANSWER", "send", await cup(), "--timeout", "1", "--to", NOBODY);
    const seconds = (performance.now() - begun) / 1_000;
    expect(seconds).toBeGreaterThan(1);
    expect(seconds).toBeLessThan(5);
  });

  test("nothing to inspect, nothing to plan", async () => {
    await expectFailure("LACUNA_NOTHING_TO_INSPECT", "inspect", folder());
    await expectFailure("LACUNA_NO_SUCH_FILE", "plan", join(folder(), "none.png"));
  });
});

describe("a receiver that cannot begin says why", () => {
  test("its port is taken", async () => {
    const { address } = await receiver(folder());
    await expectFailure("LACUNA_PORT_TAKEN", "receive", "--listen", address, "--out", folder());
  });

  test.skipIf(process.getuid?.() === 0)("it may not write to its folder", async () => {
    const parent = folder();
    chmodSync(parent, 0o500);
    const argv = ["receive", "--listen", "127.0.0.1:0", "--out", join(parent, "in")];
    await expectFailure("LACUNA_NO_PERMISSION", ...argv);
  });

  test("no sender comes before the deadline", () =>
    expectFailure(
      "LACUNA_NO_SENDER",
      "receive",
      "--listen",
      "127.0.0.1:0",
      "--out",
      folder(),
      "--deadline",
      "0.3",
    ));

  test("its folder is a file", async () => {
    const path = join(folder(), "file");
    writeFileSync(path, "");
    const argv = ["receive", "--listen", "127.0.0.1:0", "--out", path];
    await expectFailure("LACUNA_DISK_ERROR", ...argv);
  });
});

describe("what is more than a receiver allows is refused, and both sides are told", () => {
  async function refused(
    flags: readonly string[],
    ...sendFlags: string[]
  ): Promise<{ exits: (number | null)[]; codes: string[]; out: string }> {
    const out = folder();
    const picture = join(folder(), "cup.png");
    await writePicture(picture, 300, 200);
    const { received, ticket } = await receiver(out, "--once", ...flags);
    const sent = sender(picture, ticket, ...sendFlags);
    const exits = [await sent.exit, await received.exit];
    const codes = [...sent.all("error"), ...received.all("error")].map(({ code }) => code);
    return { exits, codes, out };
  }

  test.each([
    ["pixels", ["--max-pixels", "59k"]],
    ["bytes", ["--max-size", "179kB"]],
  ])("%s", async (_, flags) => {
    const { exits, codes, out } = await refused(flags);
    expect({ exits, codes }).toEqual({
      exits: [5, 5],
      codes: ["LACUNA_OVER_LIMIT", "LACUNA_OVER_LIMIT"],
    });
    expect(readdirSync(out)).toEqual([]);
  });

  test("time, and what has come is kept", async () => {
    const { exits, codes, out } = await refused(["--max-time", "1s"], "--rate", "0.1");
    expect({ exits, codes }).toEqual({
      exits: [5, 5],
      codes: ["LACUNA_OVER_LIMIT", "LACUNA_OVER_LIMIT"],
    });
    expect(readdirSync(out)).toEqual([".lacuna"]);
  });

  test("room on the disk, with what is to stay free", async () => {
    const { exits, codes, out } = await refused(["--keep-free", "9000TB"]);
    expect({ exits, codes }).toEqual({
      exits: [1, 1],
      codes: ["LACUNA_DISK_FULL", "LACUNA_DISK_FULL"],
    });
    expect(readdirSync(out)).toEqual([]);
  });
});

describe("a name that is taken", () => {
  async function arrive(
    onExisting: string,
  ): Promise<{ out: string; picture: string; exits: (number | null)[]; codes: string[] }> {
    const [picture, out] = [await cup(), folder()];
    writeFileSync(join(out, "cup.png"), "something else");
    const { received, ticket } = await receiver(out, "--once", "--on-existing", onExisting);
    const sent = sender(picture, ticket);
    const exits = [await sent.exit, await received.exit];
    const codes = [...sent.all("error"), ...received.all("error")].map(({ code }) => code);
    return { out, picture, exits, codes };
  }

  test("is kept, and the new picture gets a number", async () => {
    const { out, picture, exits } = await arrive("rename");
    expect(exits).toEqual([0, 0]);
    expect(readFileSync(join(out, "cup.png"), "utf8")).toBe("something else");
    await expectSamePixels(join(out, "cup (2).png"), picture);
  });

  test("is kept, and both sides are told, when it is to be skipped", async () => {
    const { out, exits, codes } = await arrive("skip");
    expect(exits).toEqual([5, 5]);
    expect(codes).toEqual(["LACUNA_NAME_TAKEN", "LACUNA_NAME_TAKEN"]);
    expect(readFileSync(join(out, "cup.png"), "utf8")).toBe("something else");
    expect(readdirSync(out).filter((name) => name !== ".lacuna")).toEqual(["cup.png"]);
  });

  test("goes to the new picture when that is asked for", async () => {
    const { out, picture, exits } = await arrive("overwrite");
    expect(exits).toEqual([0, 0]);
    await expectSamePixels(join(out, "cup.png"), picture);
    expect(readdirSync(out).filter((name) => name !== ".lacuna")).toEqual(["cup.png"]);
  });
});

test("a skipped name does not keep the other files from coming", async () => {
  const out = folder();
  mkdirSync(join(out, "cup.png"));
  const { received, ticket } = await receiver(out, "--once", "--on-existing", "skip");
  const other = await cup("other.png", 61);
  const sent = sender([await cup(), other], ticket);
  expect([await sent.exit, await received.exit], sent.stderr).toEqual([5, 5]);
  await expectSamePixels(join(out, "other.png"), other);
});

test("the demo ends by itself: no pixel is missing, the digests are equal", async () => {
  const { exit, events, stderr } = await ran(
    "demo",
    "--once",
    "--no-view",
    "--rate",
    "0",
    "--json",
  );
  expect(exit, stderr).toBe(0);
  const { sha256, ...proof } = events.find(({ event }) => event === "proof") ?? { sha256: "" };
  expect(proof).toMatchObject({ missingPixels: 0, digestsEqual: true });
  expect(stderr).toContain("0 pixels missing");
  expect(stderr).toContain(`digests equal: sender ${sha256} receiver ${sha256}`);
}, 60_000);

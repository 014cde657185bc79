import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { main } from "../../src/cli/main.js";
import { ASCII, type Look, UNICODE } from "../../src/cli/terminal/look.js";
import { qrArt } from "../../src/cli/terminal/qr-art.js";
import { parseTicket } from "../../src/node/secure/ticket-text.js";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lacuna-ticket-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
});

interface Run {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function ticket(...argv: string[]): Promise<Run> {
  const said = { stdout: "", stderr: "" };
  const outlet = (name: keyof typeof said) => ({
    write: (text: string) => {
      said[name] += text;
    },
  });
  const env = { LACUNA_STATE_DIR: folder };
  const streams = { stdout: outlet("stdout"), stderr: outlet("stderr"), env };
  const exit = await main(["ticket", ...argv], streams);
  return { exit, ...said };
}

const events = ({ stdout }: Run): Record<string, unknown>[] =>
  stdout
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe("lacuna ticket", () => {
  test("create prints the ticket alone on standard output, and show prints it again", async () => {
    const made = await ticket("create", "--name", "anna", "--address", "192.0.2.7:7316");
    expect(made).toMatchObject({ exit: 0, stderr: "" });
    expect(parseTicket(made.stdout.trim())).toMatchObject({ host: "192.0.2.7", port: 7316 });
    expect(await ticket("show", "anna")).toEqual(made);
  });

  test("list tells limits and states, and no secret", async () => {
    const key = (await ticket("key")).stdout.trim();
    expect(key).toMatch(/^[\w-]{43}$/);
    const limits = ["--uses", "3", "--expires", "2d", "--max-size", "100MB", "--senders", "2"];
    const { stdout: made } = await ticket("create", "--name", "anna", ...limits, "--only", key);
    await ticket("create");
    await ticket("revoke", "ticket-1");
    await ticket("save", "studio", made.trim());
    const { stderr } = await ticket("list");
    expect(stderr.split("\n").slice(0, -1)).toEqual([
      expect.stringMatching(
        /^anna {6}valid {4}0 of 3 files came, (2 d|1 d 23 h) left, up to 100.0 MB each, 0 of 2 senders, for 1 given key$/,
      ),
      "ticket-1  revoked  0 files came",
      expect.stringMatching(/^studio {4}saved {4}to [\d.]+:7316$/),
    ]);
    const listed = await ticket("list", "--json");
    expect(events(listed)).toMatchObject([
      { event: "ticket", name: "anna", state: "valid", uses: 3, maxBytes: 1e8, only: [key] },
      { event: "ticket", name: "ticket-1", state: "revoked" },
      { event: "saved", name: "studio" },
    ]);
    const [word = ""] = made.split("@");
    const secret = Buffer.from(parseTicket(made.trim()).secret).toString("base64url");
    for (const text of [listed.stdout, stderr]) {
      expect(text).not.toContain(word);
      expect(text).not.toContain(secret);
    }
  });

  test("with --json, create gives one object with the ticket", async () => {
    const [made, ...more] = events(await ticket("create", "--uses", "1", "--json"));
    expect(more).toEqual([]);
    expect(made).toMatchObject({ event: "ticket", name: "ticket-1", state: "valid", uses: 1 });
    expect(parseTicket(String(made?.ticket)).secret).toHaveLength(16);
  });

  test.each([
    ["LACUNA_UNKNOWN_TICKET", 1, ["show", "nobody"]],
    ["LACUNA_UNKNOWN_TICKET", 1, ["revoke", "nobody"]],
    ["LACUNA_UNKNOWN_TICKET", 1, ["forget", "nobody"]],
    ["LACUNA_BAD_TICKET", 2, ["save", "studio", "nonsense@192.0.2.7:1"]],
    ["LACUNA_BAD_ADDRESS", 2, ["create", "--address", "here"]],
    ["LACUNA_BAD_OPTION", 2, ["create", "--name", "a b"]],
    ["LACUNA_BAD_OPTION", 2, ["create", "--only", "short"]],
  ])("fails with %s, exit %d: %j", async (code, exit, argv) => {
    const run = await ticket(...argv, "--json");
    expect(run.exit).toBe(exit);
    expect(events(run)).toMatchObject([{ event: "error", code }]);
  });

  test("says what to do when there is none", async () => {
    expect((await ticket("list")).stderr).toMatch(/^no tickets yet: `lacuna receive` makes one/);
  });
});

describe("a QR code in the terminal", () => {
  const TEXT = `${"A".repeat(70)}@192.0.2.7:7316`;
  const look: Look = {
    ...{ columns: 80, rows: 40, colour: false, pictures: "none" },
    glyphs: UNICODE,
  };

  test("is drawn two rows to a line, with a light edge around", () => {
    const art = qrArt(TEXT, look);
    // Version 5 has 37 modules a side.
    expect(art).toHaveLength(21);
    for (const line of art) expect(line).toMatch(/^[█▀▄ ]{41}$/);
    expect(art[0]).toBe("█".repeat(41));
    expect(art[1]?.slice(0, 10)).toBe("██ ▄▄▄▄▄ █");
    expect(art.every((line) => line.startsWith("██") && line.endsWith("██"))).toBe(true);
  });

  test("has dark ink on light paper where there are colours", () => {
    const [plain, coloured] = [qrArt(TEXT, look), qrArt(TEXT, { ...look, colour: true })];
    const [start, end] = ["\u001b[30m\u001b[107m", "\u001b[49m\u001b[39m"];
    for (const line of coloured)
      expect([line.startsWith(start), line.endsWith(end)]).toEqual([true, true]);
    const swapped = coloured.map((line) => line.slice(start.length, -end.length));
    const inverse: Record<string, string> = { "█": " ", " ": "█", "▀": "▄", "▄": "▀" };
    expect(swapped.map((line) => [...line].map((c) => inverse[c]).join(""))).toEqual(plain);
  });

  test.each([
    ["too narrow", { ...look, columns: 40 }],
    ["too low", { ...look, rows: 22 }],
    ["without block characters", { ...look, glyphs: ASCII }],
  ])("is left out where the terminal is %s", (_, small) => {
    expect(qrArt(TEXT, small)).toEqual([]);
  });
});

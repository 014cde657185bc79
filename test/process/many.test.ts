import { readFileSync, writeFileSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { Random } from "../../src/base/random.js";
import { milliseconds } from "../../src/base/units.js";
import { receive, send } from "../../src/node/index.js";
import { startRelay } from "../../src/node/socket/relay.js";
import { folder } from "./lacuna.js";

/** A receiver in this process; gives its address, which is all that a sender with the same state folder needs. */
async function listening(out: string): Promise<string> {
  const transfer = receive({ listen: "127.0.0.1:0", out });
  onTestFinished(async () => {
    transfer.stop();
    await transfer;
  });
  for await (const event of transfer) if (event.event === "listening") return event.address;
  throw new Error("it ended before it listened");
}

function files(count: number, bytes: number): string[] {
  const from = folder();
  return Array.from({ length: count }, (_, index) => {
    const path = join(from, `${index}.bin`);
    writeFileSync(path, new Random(index).bytes(bytes));
    return path;
  });
}

test("64 senders at once, through a link that loses one datagram in twenty, end exact", async () => {
  const out = folder();
  const way = { seed: 1, lossShare: 0.05, delayUs: milliseconds(2) };
  const to = await listening(out);
  const link = await startRelay({ listen: "127.0.0.1:0", to, forward: way, backward: way });
  onTestFinished(() => link.close());
  const paths = files(64, 40_000);
  const sent = await Promise.all(
    paths.map((path) => send(path, { to: link.address, mode: "file" })),
  );
  expect(sent.flatMap((result) => result.files.map(({ outcome }) => outcome))).toEqual(
    paths.map(() => "complete"),
  );
  for (const [index, path] of paths.entries()) {
    expect(readFileSync(join(out, `${index}.bin`)).equals(readFileSync(path))).toBe(true);
  }
}, 60_000);

test("a slow disk slows the sender, and nothing is lost or sent in vain", async () => {
  const out = folder();
  const [path = ""] = files(1, 20_000_000);
  const handle = await open(path);
  const prototype = Object.getPrototypeOf(handle) as FileHandle;
  await handle.close();
  const { write } = prototype;
  onTestFinished(() => {
    prototype.write = write;
  });
  let writes = 0;
  // 256 kB each: some 10 MB a second, far less than loopback carries.
  prototype.write = async function (this: FileHandle, ...how: Parameters<typeof write>) {
    writes += 1;
    await new Promise((resolve) => setTimeout(resolve, 20));
    return write.apply(this, how);
  } as typeof write;
  const to = await listening(out);
  const { files: sent } = await send(path, { to, mode: "file" });
  expect(writes).toBeGreaterThan(50);
  const pieces = 20_000_000 / 1_150;
  expect(sent[0]?.repairedPieces).toBeLessThan(pieces / 20);
  expect(readFileSync(join(out, "0.bin")).equals(readFileSync(path))).toBe(true);
}, 60_000);

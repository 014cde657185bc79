import { createSocket, type Socket } from "node:dgram";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { Random } from "../../src/base/random.js";
import { expectSamePixels, folder, receiver, sender, writePicture } from "./lacuna.js";

const DATAGRAMS = 20_000;
/** Kept of what passes by, to be mutated. */
const SAMPLES_MAX = 500;

/**
 * A relay of the test's own, so that it sees real datagrams: each way to `to` passes unharmed, and
 * is kept to make bad ones of.
 */
async function eavesdrop(to: {
  host: string;
  port: number;
}): Promise<{ port: number; seen: Buffer[] }> {
  const seen: Buffer[] = [];
  const [front, back] = [createSocket("udp4"), createSocket("udp4")];
  onTestFinished(() => {
    front.close();
    back.close();
  });
  let client = { address: "", port: 0 };
  front.on("message", (datagram, from) => {
    client = from;
    if (seen.length < SAMPLES_MAX) seen.push(datagram);
    back.send(datagram, to.port, to.host);
  });
  back.on("message", (datagram) => {
    if (seen.length < SAMPLES_MAX) seen.push(datagram);
    front.send(datagram, client.port, client.address);
  });
  await new Promise<void>((resolve) => front.bind(0, "127.0.0.1", resolve));
  return { port: front.address().port, seen };
}

/** Noise, or a true datagram with some bytes changed, its end cut off, or made longer. Never a true one. */
function badDatagram(random: Random, seen: readonly Buffer[]): Buffer {
  const model = seen[random.between(0, seen.length - 1)];
  if (model === undefined || random.chance(0.4))
    return Buffer.from(random.bytes(random.between(0, 1_400)));
  const mutant = Buffer.from(model);
  const at = random.between(0, mutant.length - 1);
  switch (random.between(0, 2)) {
    case 0:
      for (let flips = random.between(1, 4); flips > 0; flips -= 1) {
        const place = random.between(0, mutant.length - 1);
        mutant[place] = (mutant[place] as number) ^ (1 << random.between(0, 7));
      }
      return mutant.equals(model) ? mutant.subarray(0, at) : mutant;
    case 1:
      return mutant.subarray(0, at);
    default:
      return Buffer.concat([mutant, random.bytes(random.between(1, 50))]);
  }
}

function sendTo(socket: Socket, datagram: Buffer, port: number): Promise<void> {
  return new Promise((resolve) => socket.send(datagram, port, "127.0.0.1", () => resolve()));
}

test("20,000 random and mutated datagrams at its port do not keep a picture from ending exact", async () => {
  const [picture, out] = [join(folder(), "cup.png"), folder()];
  await writePicture(picture, 700, 600);
  const { received, address } = await receiver(out);
  const port = Number(address.split(":")[1]);
  const path = await eavesdrop({ host: "127.0.0.1", port });
  // About 600 kB at 1 Mbit/s: nearly five seconds, longer than the attack.
  const sent = sender(picture, `127.0.0.1:${path.port}`, "--rate", "1");
  await received.event("progress", (progress) => progress.received > 10);

  const random = new Random(20_000);
  const attacker = createSocket("udp4");
  onTestFinished(() => {
    attacker.close();
  });
  for (let count = 1; count <= DATAGRAMS; count += 1) {
    await sendTo(attacker, badDatagram(random, path.seen), port);
    // A socket's buffer is small; what it cannot hold would never have reached the receiver.
    if (count % 100 === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const during = received.all("progress").at(-1);
  expect(during?.missingPieces, "the picture was under way all the while").toBeGreaterThan(0);

  expect(await sent.exit, sent.stderr).toBe(0);
  await expectSamePixels(join(out, "cup.png"), picture);
  const { malformed = 0 } = received.all("progress").at(-1) ?? {};
  // The others bear the number of a packet that has come, and are not even looked at.
  expect(malformed).toBeGreaterThan(DATAGRAMS * 0.4);
  expect(malformed).toBeLessThanOrEqual(DATAGRAMS);
  expect(received.all("offer")).toHaveLength(1);
  expect(received.all("error")).toEqual([]);
  received.signal("SIGINT");
  expect(await received.exit).toBe(130);
}, 60_000);

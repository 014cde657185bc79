import { describe, expect, test } from "vitest";
import { type InstantUs, instantUs, NEVER, seconds } from "../../src/base/units.js";
import { Receiver } from "../../src/protocol/receiver.js";
import type { ByteWriter } from "../../src/wire/bytes.js";
import { type Frame, padTo, writePing } from "../../src/wire/frames/frame.js";
import { writeHello } from "../../src/wire/frames/handshake.js";
import { writePieceHead } from "../../src/wire/frames/image.js";
import { datagramOf, framesOf, opened, sealing } from "../wire/plain.js";

function datagram(
  id: number,
  packetNumber: number,
  write: (writer: ByteWriter) => void,
  opening = false,
) {
  const connectionId = new Uint8Array(8).fill(id);
  return datagramOf({ from: "sender", connectionId, packetNumber }, write, { opening });
}

const hello = (id: number, size = 1_200): Uint8Array =>
  datagram(
    id,
    0,
    (writer) => {
      writeHello(writer, { kind: "hello", maxDatagramBytes: 1_200 });
      padTo(writer, size - sealing.seal.tagBytes);
    },
    true,
  );

const ping = (id: number, number = 1): Uint8Array => datagram(id, number, writePing);

interface Answer {
  readonly to: string;
  readonly frames: readonly Frame[];
  readonly bytes: number;
  readonly answer: Uint8Array;
}

function drain(receiver: Receiver, nowUs: InstantUs): { answers: Answer[]; events: string[] } {
  const answers: Answer[] = [];
  const events: string[] = [];
  for (;;) {
    const out = receiver.pollOutput(nowUs);
    if (out.kind === "waitUntil") return { answers, events };
    if (out.kind === "event") events.push(out.event.kind);
    else {
      const { datagram: answer, to } = out;
      const isReset = opened(answer) === "stateless";
      answers.push({ to, frames: isReset ? [] : framesOf(answer), bytes: answer.length, answer });
    }
  }
}

const at = (us: number): InstantUs => instantUs(us);

describe("a receiver", () => {
  test("answers a full HELLO with its terms, to where it came from", () => {
    const receiver = new Receiver({ security: sealing.receiver(), repair: false });
    receiver.handleDatagram(hello(1), "there", at(0));
    const { answers } = drain(receiver, at(0));
    expect(answers).toHaveLength(1);
    expect(answers[0]?.to).toBe("there");
    expect(answers[0]?.frames.map(({ kind }) => kind)).toEqual(["ack", "welcome"]);
    expect(answers[0]?.frames[1]).toMatchObject({ repair: false, windowBytes: 8 * 1024 * 1024 });
  });

  test("does not answer a HELLO shorter than 1,200 bytes: nobody's address is flooded by us", () => {
    const receiver = new Receiver({ security: sealing.receiver(), repair: true });
    receiver.handleDatagram(hello(1, 600), "victim", at(0));
    expect(drain(receiver, at(0)).answers).toEqual([]);
    expect(receiver.malformed).toBe(1);
    expect([...receiver.open]).toEqual([]);
  });

  test("tells a sender whose connection it does not know, in fewer bytes than it was asked with", () => {
    const receiver = new Receiver({ security: sealing.receiver(), repair: true });
    const piece = datagram(1, 9, (writer) => {
      writePieceHead(writer, 0, 0, 10, 100);
    });
    receiver.handleDatagram(piece, "there", at(0));
    const { answers } = drain(receiver, at(0));
    expect(answers[0]?.answer).toEqual(sealing.reset(new Uint8Array(8).fill(1)));
    expect(answers[0]?.bytes).toBeLessThan(piece.length);
    const short = ping(1);
    receiver.handleDatagram(short, "there", at(0));
    expect(drain(receiver, at(0)).answers[0]?.bytes).toBeLessThan(short.length);
  });

  test("refuses a newcomer when the house is full of senders that speak", () => {
    const receiver = new Receiver({
      security: sealing.receiver(),
      repair: true,
      connectionsMax: 2,
    });
    for (const id of [1, 2]) {
      receiver.handleDatagram(hello(id), `from ${id}`, at(0));
      receiver.handleDatagram(ping(id), `from ${id}`, at(0));
    }
    drain(receiver, at(0));
    receiver.handleDatagram(hello(3), "from 3", at(1));
    const { answers } = drain(receiver, at(1));
    expect(answers).toMatchObject([
      { to: "from 3", frames: [{ kind: "close", reason: "tooManyConnections" }] },
    ]);
    expect([...receiver.open]).toHaveLength(2);
  });

  test("gives a newcomer the place of one that never said more than HELLO", () => {
    const receiver = new Receiver({
      security: sealing.receiver(),
      repair: true,
      connectionsMax: 2,
    });
    receiver.handleDatagram(hello(1), "from 1", at(0));
    receiver.handleDatagram(ping(1), "from 1", at(0));
    receiver.handleDatagram(hello(2), "from 2", at(0));
    receiver.handleDatagram(hello(3), "from 3", at(1));
    expect([...receiver.open].map(({ path }) => path)).toEqual(["from 1", "from 3"]);
  });

  test("forgets a connection that says nothing for a minute, having asked at most every three seconds", () => {
    const receiver = new Receiver({ security: sealing.receiver(), repair: true });
    receiver.handleDatagram(hello(1), "there", at(0));
    let nowUs = at(0);
    let answers = 0;
    const events: string[] = [];
    for (;;) {
      const drained = drain(receiver, nowUs);
      answers += drained.answers.length;
      events.push(...drained.events);
      const out = receiver.pollOutput(nowUs);
      if (out.kind !== "waitUntil" || out.deadlineUs === NEVER) break;
      nowUs = out.deadlineUs;
      receiver.handleTimeout(nowUs);
    }
    expect(nowUs).toBe(seconds(60));
    expect(answers).toBeLessThanOrEqual(22);
    expect(events).toEqual(["closed"]);
    expect([...receiver.open]).toEqual([]);
  });

  test("says CLOSE with every answer while it closes, and is gone in five probe timeouts", () => {
    const receiver = new Receiver({ security: sealing.receiver(), repair: true });
    receiver.handleDatagram(hello(1), "there", at(0));
    receiver.handleDatagram(ping(1), "there", at(0));
    drain(receiver, at(0));
    const [connection] = [...receiver.open];
    connection?.close("interrupted", at(1_000));
    if (connection !== undefined) receiver.touch(connection);
    const close = { kind: "close", reason: "interrupted" };
    expect(drain(receiver, at(1_000)).answers[0]?.frames).toContainEqual(close);
    receiver.handleDatagram(ping(1, 2), "there", at(2_000));
    expect(drain(receiver, at(50_000)).answers[0]?.frames).toContainEqual(close);
    receiver.handleTimeout(at(1_000 + 5 * 1_024_000));
    expect(drain(receiver, at(1_000 + 5 * 1_024_000)).events).toEqual(["closed"]);
    expect([...receiver.open]).toEqual([]);
  });
});

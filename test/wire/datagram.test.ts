import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Random } from "../../src/base/random.js";
import {
  CONNECTION_ID_BYTES,
  connectionKey,
  headerBytes,
  KEY_PHASE_BIT,
  KIND_EARLY,
  KIND_OPENING,
  KIND_STATELESS,
  OutgoingDatagram,
  PROTOCOL_VERSION,
  readHeader,
  statelessDatagram,
} from "../../src/wire/datagram.js";
import { readFrames, writePing } from "../../src/wire/frames/frame.js";
import { ANSWER_BYTES, HELLO_BYTES } from "../../src/wire/security.js";
import { hex } from "./crc.js";
import { datagramOf, opened, sealing } from "./plain.js";

const connectionId = new Random(1).bytes(CONNECTION_ID_BYTES);
const { tagBytes } = sealing.seal;

test("a header comes back as it was written, and its frames behind it", () => {
  const names = fc.record({
    from: fc.constantFrom("sender" as const, "receiver" as const),
    connectionId: fc.uint8Array({ minLength: 8, maxLength: 8 }),
    packetNumber: fc.oneof(fc.nat(70), fc.nat(20_000), fc.nat(), fc.maxSafeNat()),
  });
  fc.assert(
    fc.property(names, fc.boolean(), (name, opening) => {
      const bytes = datagramOf(name, writePing, { opening });
      const handshake = name.from === "sender" ? HELLO_BYTES : ANSWER_BYTES;
      const head = headerBytes(name.packetNumber) + (opening ? handshake : 0);
      expect(bytes.length).toBe(head + 2 + tagBytes);
      const datagram = opened(bytes);
      if (typeof datagram === "string") throw new Error(datagram);
      const { reader, kind, ...told } = datagram;
      expect(told).toEqual(name);
      expect(kind).toBe(opening ? "opening" : "sealed");
      expect(readFrames(reader, bytes)).toEqual([{ kind: "ping" }]);
    }),
  );
});

describe("of the 256 first bytes", () => {
  const outcomes = Array.from({ length: 256 }, (_, first) => {
    const bytes = datagramOf({ from: "sender", connectionId, packetNumber: 0 }, writePing);
    const longer = Uint8Array.from([...bytes, ...new Uint8Array(HELLO_BYTES)]);
    longer[0] = first;
    const header = readHeader(longer);
    return typeof header === "string" ? header : `${header.kind} of ${header.from}`;
  });

  test("those of the version name kind, direction and key phase", () => {
    const named = outcomes.flatMap((outcome, first) => (/ of /.test(outcome) ? [first] : []));
    const kinds = [0, KEY_PHASE_BIT, KIND_EARLY, KIND_OPENING];
    const firsts = kinds.flatMap((kind) => [kind, kind + 0x10]);
    const expected = [...firsts, KIND_STATELESS + 0x10].map((bits) => bits + PROTOCOL_VERSION);
    expect(named).toEqual(expected.sort((a, b) => a - b));
    expect(outcomes[PROTOCOL_VERSION]).toBe("sealed of sender");
    expect(outcomes[PROTOCOL_VERSION + 0x10 + KIND_OPENING]).toBe("opening of receiver");
  });

  test("those of another version are told apart from those with reserved bits set", () => {
    outcomes.forEach((outcome, first) => {
      const isPhased = (first & KEY_PHASE_BIT) !== 0 && first >= KIND_EARLY;
      if (first % 16 !== PROTOCOL_VERSION) expect(outcome).toBe("unknownVersion");
      else if (isPhased) expect(outcome).toBe("reservedBits");
      else if (first === KIND_STATELESS + PROTOCOL_VERSION) expect(outcome).toBe("badHeader");
    });
  });
});

test("a datagram cut short anywhere is refused", () => {
  for (const opening of [false, true]) {
    const name = { from: "receiver", connectionId, packetNumber: 70_000 } as const;
    const bytes = datagramOf(name, writePing, { opening });
    for (let length = 0; length < bytes.length; length += 1) {
      const outcome = opened(bytes.subarray(0, length));
      if (length < 9) expect(outcome).toBe("tooShort");
      else if (length < 13) expect(outcome).toBe("badHeader");
      else expect(["damaged", "badHeader"]).toContain(outcome);
    }
  }
});

test("a packet number that runs past the end, or is too large for a double, is a bad header", () => {
  const cut = new Uint8Array(14);
  cut[0] = PROTOCOL_VERSION;
  cut[9] = 0xc0;
  expect(readHeader(cut)).toBe("badHeader");
  const large = new Uint8Array(37);
  large[0] = PROTOCOL_VERSION;
  large.fill(0xff, 9, 17);
  expect(readHeader(large)).toBe("badHeader");
});

test("every flipped bit is noticed", () => {
  const bytes = datagramOf({ from: "sender", connectionId, packetNumber: 300 }, writePing);
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const damaged = bytes.slice();
    damaged[bit >>> 3] = (damaged[bit >>> 3] as number) ^ (1 << (bit & 7));
    expect(typeof opened(damaged)).toBe("string");
  }
});

test("the tag stands behind the frames, within the buffer, and nothing behind it is touched", () => {
  const target = new Uint8Array(64).fill(0xee);
  const name = { from: "sender", connectionId, packetNumber: 5 } as const;
  const outgoing = new OutgoingDatagram(target.subarray(0, 40), name, sealing.seal);
  expect(outgoing.writer.room).toBe(40 - 10 - tagBytes);
  outgoing.writer.bytes(new Uint8Array(outgoing.writer.room));
  expect(outgoing.finish()).toHaveLength(40);
  expect([...target.subarray(40)].every((byte) => byte === 0xee)).toBe(true);
});

test("a datagram of no connection has its body behind the connection id", () => {
  const datagram = statelessDatagram(connectionId, Uint8Array.of(1, 2, 3));
  const header = { kind: "stateless", from: "receiver", connectionId, bodyAt: 9 };
  expect(readHeader(datagram)).toEqual(header);
  expect([...datagram.subarray(9)]).toEqual([1, 2, 3]);
});

test("the key of a connection is its id in hex", () => {
  expect(connectionKey(connectionId)).toBe(hex(connectionId));
  expect(connectionKey(Uint8Array.of(0, 1, 0x0a, 0xff))).toBe("00010aff");
});

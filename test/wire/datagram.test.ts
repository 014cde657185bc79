import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Random } from "../../src/base/random.js";
import {
  beginDatagram,
  CONNECTION_ID_BYTES,
  connectionKey,
  type Header,
  headerBytes,
  openDatagram,
  PROTOCOL_VERSION,
  sealDatagram,
} from "../../src/wire/datagram.js";
import { readFrames, writePing } from "../../src/wire/frames/frame.js";
import { guard, hex } from "./crc.js";

const connectionId = new Random(1).bytes(CONNECTION_ID_BYTES);

function seal(header: Header, size = 100): Uint8Array {
  const writer = beginDatagram(new Uint8Array(size), header, guard);
  writePing(writer);
  return sealDatagram(writer, guard);
}

/** A sealed datagram whose first byte is changed and whose checksum is made right again. */
function withFlags(flags: number): Uint8Array {
  const datagram = seal({ from: "sender", connectionId, packetNumber: 0 });
  datagram[0] = flags;
  guard.seal(datagram, datagram.length - guard.tagBytes);
  return datagram;
}

test("a header comes back as it was written, and its frames behind it", () => {
  const headers = fc.record({
    from: fc.constantFrom("sender" as const, "receiver" as const),
    connectionId: fc.uint8Array({ minLength: 8, maxLength: 8 }),
    packetNumber: fc.oneof(fc.nat(70), fc.nat(20_000), fc.nat(), fc.maxSafeNat()),
  });
  fc.assert(
    fc.property(headers, (header) => {
      const datagram = seal(header);
      expect(datagram.length).toBe(headerBytes(header.packetNumber) + 2 + guard.tagBytes);
      const opened = openDatagram(datagram, guard);
      if (typeof opened === "string") throw new Error(opened);
      expect(opened.header).toEqual(header);
      expect(readFrames(opened.frames, datagram)).toEqual([{ kind: "ping" }]);
    }),
  );
});

describe("of the 256 first bytes", () => {
  const outcomes = Array.from({ length: 256 }, (_, flags) => {
    const opened = openDatagram(withFlags(flags), guard);
    return typeof opened === "string" ? opened : opened.header.from;
  });

  test("one is a sender's and one a receiver's; all others are refused", () => {
    expect(outcomes.indexOf("sender")).toBe(PROTOCOL_VERSION);
    expect(outcomes.indexOf("receiver")).toBe(PROTOCOL_VERSION + 0x10);
    expect(outcomes.filter((o) => o === "sender" || o === "receiver")).toHaveLength(2);
  });

  test("those of another version are told apart from those with reserved bits set", () => {
    outcomes.forEach((outcome, flags) => {
      if (flags % 16 !== PROTOCOL_VERSION) expect(outcome).toBe("unknownVersion");
      else if (flags >= 0x20) expect(outcome).toBe("reservedBits");
    });
  });
});

test("a datagram cut short anywhere is refused", () => {
  const datagram = seal({ from: "receiver", connectionId, packetNumber: 70_000 });
  for (let length = 0; length < datagram.length; length += 1) {
    const opened = openDatagram(datagram.subarray(0, length), guard);
    expect(opened).toBe(length < 14 ? "tooShort" : "damaged");
  }
});

test("a packet number that runs into the checksum is a bad header", () => {
  const datagram = new Uint8Array(14);
  datagram[0] = PROTOCOL_VERSION;
  datagram[9] = 0xc0;
  guard.seal(datagram, 10);
  expect(openDatagram(datagram, guard)).toBe("badHeader");
});

test("a packet number too large for a double is a bad header", () => {
  const datagram = new Uint8Array(21);
  datagram[0] = PROTOCOL_VERSION;
  datagram.fill(0xff, 9, 17);
  guard.seal(datagram, 17);
  expect(openDatagram(datagram, guard)).toBe("badHeader");
});

test("every flipped bit is noticed", () => {
  const datagram = seal({ from: "sender", connectionId, packetNumber: 300 });
  for (let bit = 0; bit < datagram.length * 8; bit += 1) {
    const damaged = datagram.slice();
    damaged[bit >>> 3] = (damaged[bit >>> 3] as number) ^ (1 << (bit & 7));
    expect(typeof openDatagram(damaged, guard)).toBe("string");
  }
});

test("the guard's tag stands behind the frames, within the buffer, and nothing behind it is touched", () => {
  const target = new Uint8Array(64).fill(0xee);
  const header = { from: "sender", connectionId, packetNumber: 5 } as const;
  const writer = beginDatagram(target.subarray(0, 40), header, guard);
  expect(writer.room).toBe(40 - 10 - guard.tagBytes);
  writer.bytes(new Uint8Array(writer.room));
  expect(sealDatagram(writer, guard)).toHaveLength(40);
  expect([...target.subarray(40)].every((byte) => byte === 0xee)).toBe(true);
});

test("the key of a connection is its id in hex", () => {
  expect(connectionKey(connectionId)).toBe(hex(connectionId));
  expect(connectionKey(Uint8Array.of(0, 1, 0x0a, 0xff))).toBe("00010aff");
});

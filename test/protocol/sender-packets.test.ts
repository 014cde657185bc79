import { expect, test } from "vitest";
import { instantUs } from "../../src/base/units.js";
import { NewReno } from "../../src/protocol/new-reno.js";
import { ReceivedPackets } from "../../src/protocol/received-packets.js";
import { Recovery } from "../../src/protocol/recovery.js";
import { SenderPackets } from "../../src/protocol/sender-packets.js";
import { padTo } from "../../src/wire/frames/frame.js";
import { framesOf, sealing } from "../wire/plain.js";

test("a filled datagram has its full length, however much its frames leave free", () => {
  const start = instantUs(0);
  const congestion = new NewReno();
  const options = {
    connectionId: new Uint8Array(8),
    security: sealing.sender(),
    congestion,
    nowUs: start,
  };
  const packets = new SenderPackets(options, new Recovery(congestion), new ReceivedPackets());
  for (let written = 100; written <= 1_200; written += 1) {
    const datagram = packets.build(1_200, { filled: true }, start, (writer) => {
      padTo(writer, written);
      return [{ kind: "hello" }];
    });
    expect(datagram).toHaveLength(1_200);
    expect(framesOf(datagram)).toEqual([]);
  }
});

import { expect, test } from "vitest";
import { instantUs } from "../../src/base/units.js";
import { NewReno } from "../../src/protocol/new-reno.js";
import { ReceivedPackets } from "../../src/protocol/received-packets.js";
import { Recovery } from "../../src/protocol/recovery.js";
import { SenderPackets } from "../../src/protocol/sender-packets.js";
import { openDatagram } from "../../src/wire/datagram.js";
import { padTo, readFrames } from "../../src/wire/frames/frame.js";
import { guard } from "../sim/story.js";

test("a filled datagram has its full length, however much its frames leave free", () => {
  const start = instantUs(0);
  const congestion = new NewReno();
  const options = { connectionId: new Uint8Array(8), guard, congestion, nowUs: start };
  const packets = new SenderPackets(options, new Recovery(congestion), new ReceivedPackets());
  for (let written = 100; written <= 1_200; written += 1) {
    const datagram = packets.build(1_200, true, start, (writer) => {
      padTo(writer, written);
      return [{ kind: "hello" }];
    });
    expect(datagram).toHaveLength(1_200);
    const opened = openDatagram(datagram, guard);
    expect(typeof opened !== "string" && readFrames(opened.frames, datagram)).toEqual([]);
  }
});

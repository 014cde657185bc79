import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { SEAL_LIMITS } from "../../src/secure/connection-seal.js";
import { IK_PSK2 } from "../../src/secure/handshake.js";
import { LOAD_LIMITS } from "../../src/secure/load.js";
import {
  REPLAY_OPENED_MAX,
  REPLAY_SENDERS_MAX,
  REPLAY_WINDOW_US,
} from "../../src/secure/replays.js";
import { TICKET_WORD_LETTERS } from "../../src/secure/ticket.js";
import { PROTOCOL_VERSION } from "../../src/wire/datagram.js";
import { ANSWER_BYTES, COOKIE_BYTES, HELLO_BYTES } from "../../src/wire/security.js";

const doc = readFileSync(new URL("../../docs/protocol.md", import.meta.url), "utf8");
const start = doc.indexOf("\n## 12. Handshake and sealing");
const section = doc
  .slice(start, doc.indexOf("\n## ", start + 1) + 1 || undefined)
  .replaceAll("\n", " ");
const shown = (value: number) => value.toLocaleString("en-US");

test.each([
  `"lacuna ${PROTOCOL_VERSION}"`,
  `Noise_${IK_PSK2.name}_25519_ChaChaPoly_SHA256`,
  `${TICKET_WORD_LETTERS} letters`,
  `${HELLO_BYTES} bytes in each opening datagram of the sender`,
  `${ANSWER_BYTES} bytes in each opening datagram of the receiver`,
  `${COOKIE_BYTES} bytes`,
  `has looked at ${LOAD_LIMITS.free} handshakes within a second`,
  `${LOAD_LIMITS.perHost} a second are looked at of each host, and ${LOAD_LIMITS.total} in all`,
  `the last ${shown(REPLAY_SENDERS_MAX)} senders, up to ${REPLAY_OPENED_MAX} timestamps`,
  `has sealed ${shown(SEAL_LIMITS.updateAfter)} packets`,
  `when 2^${Math.log2(SEAL_LIMITS.forgedMax)} datagrams of it were forged`,
  `2^${Math.log2(SEAL_LIMITS.sealedMax)} packets were sealed`,
])("docs/protocol.md section 12 has %s", (words) => {
  expect(section).toContain(words);
});

test("an hour is an hour", () => {
  expect(section).toContain("or an hour before the newest");
  expect(REPLAY_WINDOW_US).toBe(60 * 60 * 1_000_000);
});

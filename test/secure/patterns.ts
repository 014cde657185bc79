import type { HandshakePattern, Token } from "../../src/secure/handshake.js";

/** The fundamental patterns that the vectors use, in the notation of Noise section 7.5. */
const FUNDAMENTAL: Record<string, string> = {
  NN: "-> e | <- e, ee",
  NK: "<- s ... -> e, es | <- e, ee",
  XX: "-> e | <- e, ee, s, es | -> s, se",
  XK: "<- s ... -> e, es | <- e, ee | -> s, se",
  KK: "-> s <- s ... -> e, es, ss | <- e, ee, se",
  IK: "<- s ... -> e, es, s, ss | <- e, ee, se",
  IX: "-> e, s | <- e, ee, se, s, es",
};

/** The pattern of a name with modifiers, as "XXpsk0+psk3": pskN at the end of message N, psk0 at the start of the first. */
export function patternOf(name: string): HandshakePattern {
  const [, base = "", modifiers = ""] = /^([A-Z]+)(.*)$/.exec(name) ?? [];
  const [before, after] = FUNDAMENTAL[base]?.split(" ... ") ?? [];
  const [known, script] = after === undefined ? ["", before ?? ""] : [before ?? "", after];
  const messages = script.split(" | ").map((line) => line.slice(3).split(", ") as Token[]);
  for (const [, number] of modifiers.matchAll(/psk(\d)/g)) {
    if (number === "0") messages[0]?.unshift("psk");
    else messages[Number(number) - 1]?.push("psk");
  }
  return {
    name,
    known: { initiator: known.includes("-> s"), responder: known.includes("<- s") },
    messages,
  };
}

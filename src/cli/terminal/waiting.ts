import type { WaitingEvent } from "../../node/events.js";
import { formatSpan } from "./format.js";
import { cleaned } from "./text.js";

/** What a sender waits for, and until when. */
export function waitingSentence(
  { reason, retryInSeconds }: Pick<WaitingEvent, "reason" | "retryInSeconds">,
  peer: string,
): string {
  const again = `trying again in ${formatSpan(Math.ceil(retryInSeconds))}`;
  return `${WHY[reason](cleaned(peer))}; ${again}`;
}

const WHY: Readonly<Record<WaitingEvent["reason"], (peer: string) => string>> = {
  silent: (peer) => `waiting for ${peer}, which is silent`,
  restarted: (peer) => `${peer} was started anew`,
  busy: (peer) => `${peer} has no room for more senders now`,
  "no-way": (peer) => `waiting for a way to ${peer}`,
};

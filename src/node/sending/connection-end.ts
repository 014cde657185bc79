import type { SenderEnd } from "../../protocol/sender.js";
import type { Reason } from "../../wire/frames/end.js";
import { LacunaError } from "../errors.js";
import type { WaitingEvent } from "../events.js";

/**
 * How a connection ended. `noWay`: the system could not reach the address at all, by its own word; `dropped`: this side
 * begins another at once.
 */
export type ConnectionEnd =
  | SenderEnd
  | { readonly how: "noWay"; readonly code: string }
  | { readonly how: "dropped" };

/** Whether a connection may have ended because the receiver, or the way to it, is away for a while. */
export function isLoss(end: ConnectionEnd): boolean {
  if (end.how === "closedByPeer") return LOST_BY_REASON.has(end.reason);
  return end.how === "noAnswer" || end.how === "noWay" || end.how === "peerGone";
}

/** Why a sender waits. */
export function waitingReason(end: ConnectionEnd): WaitingEvent["reason"] {
  if (end.how === "noWay") return "no-way";
  if (end.how !== "closedByPeer") return "silent";
  return end.reason === "tooManyConnections" ? "busy" : "restarted";
}

/** What a sender's user is told when the receiver was not there for as long as it was worth waiting; undefined of other ends. */
export function absence(
  end: ConnectionEnd,
  where: string,
  { wasConnected, isRefused }: { readonly wasConnected: boolean; readonly isRefused: boolean },
): LacunaError | undefined {
  const facts = { address: where };
  if (end.how === "notAuthentic") {
    const message = `who answers at ${where} is not the receiver that the ticket is of`;
    return new LacunaError("LACUNA_NOT_AUTHENTIC", message, facts);
  }
  if (end.how !== "noAnswer" && end.how !== "noWay" && end.how !== "peerGone") return undefined;
  if (wasConnected) {
    const message = `the receiver at ${where} has fallen silent`;
    return new LacunaError("LACUNA_PEER_GONE", message, facts);
  }
  if (end.how === "noWay") {
    const message = `there is no way to ${where} (${end.code})`;
    return new LacunaError("LACUNA_NO_ANSWER", message, facts);
  }
  const message = isRefused ? `nothing listens at ${where}` : `no answer from ${where}`;
  return new LacunaError("LACUNA_NO_ANSWER", message, facts);
}

/** A receiver that was started anew, and one that has no room now. */
const LOST_BY_REASON: ReadonlySet<Reason> = new Set(["unknownConnection", "tooManyConnections"]);

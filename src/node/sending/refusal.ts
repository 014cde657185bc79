import type { Reason } from "../../wire/frames/end.js";
import { type ErrorCode, LacunaError } from "../errors.js";

/** Why a ticket lets nobody in, or not this sender. */
export const TICKET_WORDS = {
  ticketRevoked: "the ticket was revoked",
  ticketExpired: "the ticket has expired",
  ticketUsedUp: "the ticket is used up",
  senderNotAdmitted: "the ticket is for other senders",
} as const satisfies Partial<Record<Reason, string>>;

/** What a sender's user is told when the receiver does not take a file, by the reason given. */
const REFUSALS: Partial<Record<Reason, [ErrorCode, string]>> = {
  nameTaken: ["LACUNA_NAME_TAKEN", "a file of this name is there already"],
  tooLarge: ["LACUNA_OVER_LIMIT", "it is larger than the receiver takes"],
  outOfTime: ["LACUNA_OVER_LIMIT", "it took longer than the receiver gives a file"],
  ticketRevoked: ["LACUNA_TICKET_REFUSED", TICKET_WORDS.ticketRevoked],
  ticketExpired: ["LACUNA_TICKET_REFUSED", TICKET_WORDS.ticketExpired],
  ticketUsedUp: ["LACUNA_TICKET_REFUSED", TICKET_WORDS.ticketUsedUp],
  senderNotAdmitted: ["LACUNA_TICKET_REFUSED", TICKET_WORDS.senderNotAdmitted],
  diskFull: ["LACUNA_DISK_FULL", "the receiver's disk is full"],
  diskError: ["LACUNA_DISK_ERROR", "the receiver's disk failed"],
  noPermission: ["LACUNA_NO_PERMISSION", "the receiver may not write to its folder"],
  digestDiffers: ["LACUNA_DIGEST_DIFFERS", "what arrived is not what was sent"],
  badManifest: ["LACUNA_REFUSED", "the receiver does not understand its description"],
};

export function refusalOf(reason: Reason, name: string): LacunaError {
  const [code, sentence] = REFUSALS[reason] ?? ["LACUNA_REFUSED", `the receiver refused it`];
  return new LacunaError(code, `${name}: ${sentence}`, { name, reason });
}

/** The path does not carry the pieces that were asked for. */
export function tooNarrow(datagramBytes: number): LacunaError {
  const message = `the pieces are too long: the path carries ${datagramBytes} bytes in a datagram`;
  return new LacunaError("LACUNA_PATH_TOO_NARROW", message, { datagramBytes });
}

/** The receiver ended the connection before every file had its result. */
export function closedEarly(reason: Reason, where: string): LacunaError {
  const facts = { address: where, reason };
  if (reason === "tooManyConnections") {
    return new LacunaError(
      "LACUNA_REFUSED",
      `the receiver at ${where} has too many senders`,
      facts,
    );
  }
  const refusal = REFUSALS[reason];
  if (refusal?.[0] === "LACUNA_TICKET_REFUSED") {
    return new LacunaError(refusal[0], `the receiver at ${where} refuses: ${refusal[1]}`, facts);
  }
  const why = reason === "unknownConnection" ? "was started anew" : "has stopped";
  return new LacunaError("LACUNA_PEER_GONE", `the receiver at ${where} ${why}`, facts);
}

/** What a sender is told of a receiver's failure. */
export function wireReasonOf(failure: LacunaError): Reason {
  switch (failure.code) {
    case "LACUNA_NAME_TAKEN":
      return "nameTaken";
    case "LACUNA_TICKET_REFUSED":
      return failure.facts.reason as keyof typeof TICKET_WORDS;
    case "LACUNA_OVER_LIMIT":
      return failure.facts.reason === "outOfTime" ? "outOfTime" : "tooLarge";
    case "LACUNA_DISK_FULL":
      return "diskFull";
    case "LACUNA_NO_PERMISSION":
      return "noPermission";
    case "LACUNA_DIGEST_DIFFERS":
      return "digestDiffers";
    default:
      return "diskError";
  }
}

import type { TicketRefusal } from "../../secure/receiver.js";
import { TICKET_SECRET_BYTES, ticketIdOf } from "../../secure/ticket-keys.js";
import { cipherSuite } from "./suite.js";

/** What a ticket allows; what is absent is not limited by it. */
export interface TicketLimits {
  /** Files that may come whole by it. */
  readonly uses?: number;
  /** Milliseconds since 1970. */
  readonly expiresAt?: number;
  /** Of one file: its bytes, or those of its pixels before they are coded. */
  readonly maxBytes?: number;
  /** Different senders, told by their keys: the first that come. */
  readonly senders?: number;
  /** Public keys, base64url, of the only senders that may come. */
  readonly only?: readonly string[];
}

/** A ticket as the receiver keeps it. */
export interface TicketRecord {
  readonly name: string;
  /** 16 bytes that only who has the ticket knows. */
  readonly secret: Uint8Array;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly limits: TicketLimits;
  /** HOST:PORT that stands in the ticket, when it was given with it. */
  readonly address?: string;
  /** Files that have come whole by it. */
  readonly used: number;
  /** Public keys, base64url, of who has come; only where their number is limited. */
  readonly senders: readonly string[];
  /** Milliseconds since 1970. A revoked ticket is remembered, so that its holder can be told. */
  readonly revokedAt?: number;
}

/** Why this sender may not come in by this ticket now; undefined when it may. `sender`: its public key, base64url. */
export function ticketRefusal(
  record: TicketRecord,
  sender: string,
  nowMs: number,
): TicketRefusal | undefined {
  const state = ticketState(record, nowMs);
  if (state !== "valid") return STATE_REASONS[state];
  const { limits, senders } = record;
  if (limits.only !== undefined && !limits.only.includes(sender)) return "senderNotAdmitted";
  const isNew = limits.senders !== undefined && !senders.includes(sender);
  return isNew && senders.length >= (limits.senders ?? 0) ? "senderNotAdmitted" : undefined;
}

/** How it stands with a ticket, for whoever it is. */
export function ticketState(
  { limits, used, revokedAt }: TicketRecord,
  nowMs: number,
): "valid" | "revoked" | "expired" | "used up" {
  if (revokedAt !== undefined) return "revoked";
  if (limits.expiresAt !== undefined && nowMs >= limits.expiresAt) return "expired";
  return limits.uses !== undefined && used >= limits.uses ? "used up" : "valid";
}

/** What a handshake names the ticket by, in hex. */
export function ticketIdText(secret: Uint8Array): string {
  return Buffer.from(ticketIdOf(cipherSuite(), secret)).toString("hex");
}

/** A name that no address and no file can be mistaken for. */
export const isTicketName = (name: string): boolean =>
  /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name);

/** The book as text, to be read by `recordsFromText`. */
export function recordsToText(records: readonly TicketRecord[]): string {
  const tickets = records.map(({ secret, ...record }) => ({
    ...record,
    secret: Buffer.from(secret).toString("base64url"),
  }));
  return `${JSON.stringify({ version: VERSION, tickets }, undefined, 1)}\n`;
}

/** Undefined when any part of the text is not as it was written: limits that are lost would let anybody in. */
export function recordsFromText(text: string): TicketRecord[] | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(json) || json.version !== VERSION || !Array.isArray(json.tickets)) return undefined;
  const records = json.tickets.map((ticket) => recordFrom(ticket));
  return records.every((record) => record !== undefined) ? records : undefined;
}

function recordFrom(json: unknown): TicketRecord | undefined {
  if (!isObject(json)) return undefined;
  const { name, secret, createdAt, limits, address, used, senders, revokedAt } = json;
  if (typeof name !== "string" || !isTicketName(name)) return undefined;
  if (typeof secret !== "string" || !isLimits(limits)) return undefined;
  const bytes = Uint8Array.from(Buffer.from(secret, "base64url"));
  if (bytes.length !== TICKET_SECRET_BYTES || !isCount(createdAt) || !isCount(used))
    return undefined;
  if (!isTexts(senders) || !isMaybe(revokedAt, isCount) || !isMaybe(address, isText))
    return undefined;
  return {
    ...{ name, secret: bytes, createdAt, limits, used, senders },
    ...(address !== undefined && { address }),
    ...(revokedAt !== undefined && { revokedAt }),
  };
}

function isLimits(value: unknown): value is TicketLimits {
  if (!isObject(value)) return false;
  const { uses, expiresAt, maxBytes, senders, only, ...others } = value;
  const counts = [uses, expiresAt, maxBytes, senders];
  // A limit of a later version cannot be kept.
  if (Object.keys(others).length > 0) return false;
  return counts.every((count) => isMaybe(count, isCount)) && isMaybe(only, isTexts);
}

function isMaybe<T>(value: unknown, is: (value: unknown) => value is T): value is T | undefined {
  return value === undefined || is(value);
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;
const isText = (value: unknown): value is string => typeof value === "string";
const isTexts = (value: unknown): value is string[] => Array.isArray(value) && value.every(isText);
const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && Number(value) >= 0;

const STATE_REASONS = {
  revoked: "ticketRevoked",
  expired: "ticketExpired",
  "used up": "ticketUsedUp",
} as const;
const VERSION = 1;

import { type TicketRecord, ticketState } from "../../node/secure/ticket-record.js";
import { formatBytes, formatCount, formatSpan } from "./format.js";

/** A ticket that was saved for sending. */
export interface SavedTicket {
  readonly name: string;
  readonly address: string;
}

/** What a script is told of a ticket: all but its secret. Times as in ISO 8601. */
export function ticketFacts(record: TicketRecord, nowMs: number): object {
  const { name, createdAt, limits, address, used, senders, revokedAt } = record;
  const { uses, expiresAt, maxBytes, senders: sendersMax, only } = limits;
  const at = (ms: number | undefined): string | undefined =>
    ms === undefined ? undefined : new Date(ms).toISOString();
  return {
    name,
    state: ticketState(record, nowMs),
    created: at(createdAt),
    address,
    used,
    ...{ uses, expires: at(expiresAt), maxBytes, sendersMax, only },
    ...(sendersMax !== undefined && { senders }),
    revoked: at(revokedAt),
  };
}

/** All tickets, for people. */
export function ticketLines(
  records: readonly TicketRecord[],
  saved: readonly SavedTicket[],
  nowMs: number,
): string[] {
  if (records.length === 0 && saved.length === 0) {
    return ["no tickets yet: `lacuna receive` makes one, `lacuna ticket create` makes others"];
  }
  const rows = [
    ...records.map((one) => [one.name, ticketState(one, nowMs), ...limitWords(one, nowMs)]),
    ...saved.map(({ name, address }) => [name, "saved", `to ${address}`]),
  ];
  const nameWidth = Math.max(...rows.map(([name = ""]) => name.length));
  const stateWidth = Math.max(...rows.map(([, state = ""]) => state.length));
  return rows.map(([name = "", state = "", ...words]) =>
    `${name.padEnd(nameWidth)}  ${state.padEnd(stateWidth)}  ${words.join(", ")}`.trimEnd(),
  );
}

function limitWords({ limits, used, senders }: TicketRecord, nowMs: number): string[] {
  const { uses, expiresAt, maxBytes, senders: sendersMax, only } = limits;
  const files =
    uses === undefined ? formatCount(used) : `${formatCount(used)} of ${formatCount(uses)}`;
  const words = [`${files} ${(uses ?? used) === 1 ? "file" : "files"} came`];
  if (expiresAt !== undefined && expiresAt > nowMs) {
    words.push(`${formatSpan((expiresAt - nowMs) / 1_000)} left`);
  }
  if (maxBytes !== undefined) words.push(`up to ${formatBytes(maxBytes)} each`);
  if (sendersMax !== undefined) words.push(`${senders.length} of ${sendersMax} senders`);
  if (only !== undefined)
    words.push(`for ${only.length} given ${only.length === 1 ? "key" : "keys"}`);
  return words;
}

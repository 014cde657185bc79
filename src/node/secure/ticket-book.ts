import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { TicketRefusal } from "../../secure/receiver.js";
import { TICKET_SECRET_BYTES } from "../../secure/ticket-keys.js";
import { LacunaError } from "../errors.js";
import { damaged, readStateFile, versionOf, writeStateFile } from "./state-file.js";
import { withStateLock } from "./state-lock.js";
import {
  isTicketName,
  recordsFromText,
  recordsToText,
  type TicketLimits,
  type TicketRecord,
  ticketIdText,
  ticketRefusal,
} from "./ticket-record.js";

/** What a ticket's holder is let in by, or told. */
export interface TicketJudgement {
  readonly record: TicketRecord;
  /** Undefined: it may come in. */
  readonly refusal: TicketRefusal | undefined;
}

/**
 * The tickets that this user's receivers have given out. It lies in the state folder and is read again whenever another
 * process has changed it, so that a ticket that is revoked is worth nothing from then on, wherever a receiver runs.
 *
 * Reading throws LACUNA_STATE_DAMAGED, LACUNA_STATE_EXPOSED, LACUNA_NO_PERMISSION or LACUNA_READ_FAILED; changing it,
 * what `withStateLock` and `writeStateFile` throw.
 */
export class TicketBook {
  private version: string | undefined;
  private byId = new Map<string, TicketRecord>();
  /** Senders that came and are not in the file yet, by ticket. */
  private readonly arriving = new Map<string, Set<string>>();

  constructor(private readonly folder: string) {
    this.refresh();
  }

  /** All tickets, the revoked among them, in the order in which they were made. */
  get records(): TicketRecord[] {
    this.refresh();
    return [...this.byId.values()];
  }

  /** The ticket of this name that is not revoked. */
  named(name: string): TicketRecord | undefined {
    return this.records.find((one) => one.name === name && one.revokedAt === undefined);
  }

  /** The ticket of this id, be it revoked. */
  byTicketId(ticketId: Uint8Array): TicketRecord | undefined {
    this.refresh();
    return this.byId.get(Buffer.from(ticketId).toString("hex"));
  }

  /**
   * Whether a sender may come in by a ticket; undefined when there is no such ticket.
   *
   * @param ticketId 8 bytes
   * @param sender its public key, 32 bytes
   */
  judge(ticketId: Uint8Array, sender: Uint8Array, nowMs: number): TicketJudgement | undefined {
    this.refresh();
    const id = Buffer.from(ticketId).toString("hex");
    const found = this.byId.get(id);
    if (found === undefined) return undefined;
    const senders = [...new Set([...found.senders, ...(this.arriving.get(id) ?? [])])];
    const record = { ...found, senders };
    return { record, refusal: ticketRefusal(record, textOf(sender), nowMs) };
  }

  /** Remembers that a sender was let in, where their number is limited: at once here, soon in the file. */
  async admit(ticketId: Uint8Array, sender: Uint8Array): Promise<void> {
    const id = Buffer.from(ticketId).toString("hex");
    const key = textOf(sender);
    const record = this.byId.get(id);
    if (record?.limits.senders === undefined || record.senders.includes(key)) return;
    const waiting = this.arriving.get(id) ?? new Set();
    this.arriving.set(id, waiting.add(key));
    await this.change((records) =>
      records.map((one) =>
        ticketIdText(one.secret) === id && !one.senders.includes(key)
          ? { ...one, senders: [...one.senders, key] }
          : one,
      ),
    );
    waiting.delete(key);
    if (waiting.size === 0) this.arriving.delete(id);
  }

  /** Counts a file that has come whole by a ticket. */
  async spend(ticketId: Uint8Array): Promise<void> {
    const id = Buffer.from(ticketId).toString("hex");
    await this.change((records) =>
      records.map((one) =>
        ticketIdText(one.secret) === id ? { ...one, used: one.used + 1 } : one,
      ),
    );
  }

  /** The ticket that a receiver prints; made when there is none. */
  async ensureDefault(nowMs: number): Promise<TicketRecord> {
    const found = this.named(DEFAULT_TICKET);
    if (found !== undefined) return found;
    return this.add(nowMs, {}, DEFAULT_TICKET, undefined, "keep");
  }

  /**
   * Makes a ticket.
   *
   * @param name one is found when undefined
   * @param address HOST:PORT
   * @throws LacunaError LACUNA_BAD_OPTION for a name that is none, LACUNA_TICKET_EXISTS, LACUNA_TOO_MANY_TICKETS
   */
  create(
    nowMs: number,
    limits: TicketLimits,
    name?: string,
    address?: string,
  ): Promise<TicketRecord> {
    return this.add(nowMs, limits, name, address, "refuse");
  }

  /** From now on nobody comes in by it. Throws LACUNA_UNKNOWN_TICKET. */
  async revoke(name: string, nowMs: number): Promise<void> {
    await this.change((records) => {
      const found = records.find((one) => one.name === name && one.revokedAt === undefined);
      if (found === undefined) throw unknownTicket(name);
      return records.map((one) => (one === found ? { ...one, revokedAt: nowMs } : one));
    });
  }

  private async add(
    nowMs: number,
    limits: TicketLimits,
    name: string | undefined,
    address: string | undefined,
    taken: "keep" | "refuse",
  ): Promise<TicketRecord> {
    if (name !== undefined && !isTicketName(name)) throw badName(name);
    const secret = Uint8Array.from(randomBytes(TICKET_SECRET_BYTES));
    let made: TicketRecord | undefined;
    await this.change((records) => {
      const valid = records.filter(({ revokedAt }) => revokedAt === undefined);
      made = taken === "keep" ? valid.find((one) => one.name === name) : undefined;
      if (made !== undefined) return records;
      if (valid.some((one) => one.name === name)) {
        const message = `there is a ticket named ${name}`;
        throw new LacunaError("LACUNA_TICKET_EXISTS", message, { name: name ?? "" });
      }
      const [called, used, senders] = [name ?? freeName(valid), 0, []];
      made = { name: called, secret, createdAt: nowMs, limits, used, senders };
      if (address !== undefined) made = { ...made, address };
      return withRoom([...records, made], nowMs);
    });
    return made as unknown as TicketRecord;
  }

  private async change(edit: (records: TicketRecord[]) => TicketRecord[]): Promise<void> {
    await withStateLock(this.folder, async () => {
      const before = this.records;
      const after = edit(before);
      if (after === before) return;
      await writeStateFile(this.folder, FILE, recordsToText(after));
      this.refresh();
    });
  }

  private refresh(): void {
    const version = versionOf(this.folder, FILE);
    if (version === this.version) return;
    const text = readStateFile(this.folder, FILE);
    const records = text === undefined ? [] : recordsFromText(text);
    if (records === undefined) throw damaged(join(this.folder, FILE), "it holds no tickets");
    this.byId = new Map(records.map((record) => [ticketIdText(record.secret), record]));
    this.version = version;
  }
}

export function unknownTicket(name: string): LacunaError {
  return new LacunaError("LACUNA_UNKNOWN_TICKET", `there is no ticket named "${name}"`, { name });
}

export function badName(name: string): LacunaError {
  const message = `a ticket's name has up to 64 letters, digits, ".", "_" and "-"; got "${name}"`;
  return new LacunaError("LACUNA_BAD_OPTION", message, { name });
}

function freeName(records: readonly TicketRecord[]): string {
  for (let number = 1; ; number += 1) {
    const name = `ticket-${number}`;
    if (!records.some((one) => one.name === name)) return name;
  }
}

/** Beyond the bound, the oldest of those that let nobody in are forgotten. */
function withRoom(records: TicketRecord[], nowMs: number): TicketRecord[] {
  let tooMany = records.length - TICKETS_MAX;
  const kept = records.filter(({ revokedAt, limits }) => {
    const isOver =
      revokedAt !== undefined || nowMs >= (limits.expiresAt ?? Number.POSITIVE_INFINITY);
    if (tooMany <= 0 || !isOver) return true;
    tooMany -= 1;
    return false;
  });
  if (tooMany <= 0) return kept;
  const message = `there are ${TICKETS_MAX} tickets already`;
  throw new LacunaError("LACUNA_TOO_MANY_TICKETS", message, { tickets: TICKETS_MAX });
}

const textOf = (key: Uint8Array): string => Buffer.from(key).toString("base64url");

/** The ticket that a receiver prints unless told otherwise. */
export const DEFAULT_TICKET = "default";
const FILE = "tickets.json";
/** Ours: what is read again in a few milliseconds. */
const TICKETS_MAX = 1_000;

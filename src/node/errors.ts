/** Every failure that a person can meet. docs/errors.md lists exactly these codes. */
export const ERRORS = {
  LACUNA_NO_SUCH_FILE: { exit: 1, remedy: "check the path; the name is case-sensitive" },
  LACUNA_NOT_A_FILE: { exit: 1, remedy: "name the files in it, for example FOLDER/*" },
  LACUNA_READ_FAILED: {
    exit: 1,
    remedy: "check the disk, and that nothing changes the file while it is sent",
  },
  LACUNA_SOURCE_CHANGED: {
    exit: 1,
    remedy: "send it again once nothing writes to it any more",
  },
  LACUNA_NOT_AN_IMAGE: { exit: 1, remedy: "send it as a plain file: --mode file" },
  LACUNA_IMAGE_TOO_LARGE: { exit: 1, remedy: "send it as a plain file: --mode file" },
  LACUNA_NO_SCRATCH_ROOM: {
    exit: 1,
    remedy:
      "free some space there, name another folder in LACUNA_CACHE_DIR, or send it as a plain file: --mode file",
  },
  LACUNA_CODER_FAILED: {
    exit: 1,
    remedy: "send it as a plain file: --mode file; this is a defect, so please report it",
  },
  LACUNA_NOTHING_RUNS: {
    exit: 1,
    remedy: "see which run: lacuna pause names those that it pauses",
  },
  LACUNA_EMPTY_FILE: { exit: 1, remedy: "send a file that holds at least one byte" },
  LACUNA_NOTHING_TO_INSPECT: {
    exit: 1,
    remedy: "name a NAME.report.json, a NAME.partial.png, or the folder given to --out",
  },
  LACUNA_NO_PERMISSION: { exit: 1, remedy: "run as a user who may, or choose another folder" },
  LACUNA_PORT_TAKEN: { exit: 1, remedy: "choose another port: --listen HOST:PORT" },
  LACUNA_VIEW_PORT_TAKEN: {
    exit: 1,
    remedy: "choose another port for the live page: --view HOST:PORT, or do without: --no-view",
  },
  LACUNA_BAD_ADDRESS: { exit: 2, remedy: "write HOST:PORT, for example 192.0.2.7:7316" },
  LACUNA_BAD_TICKET: {
    exit: 2,
    remedy: "copy the whole ticket that `lacuna receive` printed, or give its file: --to @FILE",
  },
  LACUNA_NO_TICKET: {
    exit: 2,
    remedy:
      "give the ticket that `lacuna receive` printed there; an address alone reaches only receivers of your own",
  },
  LACUNA_UNKNOWN_TICKET: { exit: 1, remedy: "see `lacuna ticket list`" },
  LACUNA_TICKET_EXISTS: {
    exit: 1,
    remedy: "choose another name, or first revoke that ticket: lacuna ticket revoke NAME",
  },
  LACUNA_TOO_MANY_TICKETS: {
    exit: 1,
    remedy: "revoke some that are needed no more: lacuna ticket revoke NAME",
  },
  LACUNA_TICKET_REFUSED: { exit: 5, remedy: "ask the receiver's user for another ticket" },
  LACUNA_STATE_EXPOSED: {
    exit: 1,
    remedy:
      "set that mode with chmod; if somebody may have read it, remove the file instead, and give out new tickets",
  },
  LACUNA_STATE_DAMAGED: {
    exit: 1,
    remedy:
      "bring it back from a copy, or remove it: a key or tickets are then made anew, and old tickets are worth nothing",
  },
  LACUNA_STATE_BUSY: {
    exit: 1,
    remedy: "wait, then try again; if no Lacuna runs, remove that lock",
  },
  LACUNA_UNKNOWN_HOST: { exit: 4, remedy: "check the host's name, or give its address" },
  LACUNA_NO_ANSWER: {
    exit: 4,
    remedy:
      "check that `lacuna receive` runs there, that the ticket is of that receiver, and that UDP may pass its firewall",
  },
  LACUNA_PEER_GONE: { exit: 4, remedy: "run the same command again: it goes on where it stopped" },
  LACUNA_PATH_TOO_NARROW: { exit: 1, remedy: "send shorter pieces, or leave out --piece-bytes" },
  LACUNA_NO_SENDER: { exit: 4, remedy: "start `lacuna send` on the other side, or wait longer" },
  LACUNA_DISK_FULL: { exit: 1, remedy: "free some space at the receiver, then send again" },
  LACUNA_DISK_ERROR: { exit: 1, remedy: "check the disk and the folder given to --out" },
  LACUNA_IN_USE: {
    exit: 1,
    remedy: "wait until the other receiver has this image, or choose another --out",
  },
  LACUNA_NAME_TAKEN: {
    exit: 5,
    remedy: "remove the other file, or receive with --on-existing rename or overwrite",
  },
  LACUNA_NOT_AUTHENTIC: {
    exit: 5,
    remedy: "check the address in the ticket, and ask the receiver's user for a new ticket",
  },
  LACUNA_OVER_LIMIT: {
    exit: 5,
    remedy:
      "where it is received, allow more, if its sender is trusted: see `lacuna receive --help`",
  },
  LACUNA_REFUSED: { exit: 5, remedy: "see the receiver's own message" },
  LACUNA_DIGEST_DIFFERS: {
    exit: 5,
    remedy: "the file may have changed while it was sent: send it again",
  },
  LACUNA_INTERRUPTED: {
    exit: 130,
    remedy: "run the same command again: it goes on where it stopped",
  },
  LACUNA_BAD_OPTION: { exit: 2, remedy: "see --help" },
  LACUNA_UNEXPECTED: { exit: 1, remedy: "this is a defect: please report it with the lines above" },
} as const satisfies Record<string, { exit: number; remedy: string }>;

export type ErrorCode = keyof typeof ERRORS;

/** An error with a stable code, a remedy and the facts that it is about. */
export class LacunaError extends Error {
  override readonly name = "LacunaError";
  readonly code: ErrorCode;
  readonly remedy: string;
  readonly facts: Readonly<Record<string, string | number>>;

  constructor(
    code: ErrorCode,
    message: string,
    facts: Record<string, string | number> = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.code = code;
    this.remedy = ERRORS[code].remedy;
    this.facts = facts;
  }

  get exitCode(): number {
    return ERRORS[this.code].exit;
  }
}

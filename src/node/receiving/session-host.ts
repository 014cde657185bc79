import type { ReceiverConnection } from "../../protocol/receiver-connection.js";
import type { Reason } from "../../wire/frames/end.js";
import type { Manifest } from "../../wire/manifest.js";
import type { PartialEvent, ReceiveEvent } from "../events.js";
import type { LiveDecoder } from "../live/decoder.js";
import type { MemoryBudget } from "../memory-budget.js";
import type { AllowanceHost } from "./allowance.js";
import type { MissingCounter } from "./missing-counter.js";
import type { Observers } from "./observer.js";
import type { PlacedFiles } from "./placed-files.js";
import type { Feed } from "./session-feeds.js";

/** What a session needs of the receiver around it. */
export interface SessionHost extends AllowanceHost {
  /** Shared by all images that are made into files at the same time. */
  readonly budget: MemoryBudget;
  readonly placed: PlacedFiles;
  readonly observers: Observers;
  readonly live: LiveDecoder;
  tell(event: ReceiveEvent): void;
  /** The session has said something to a connection. */
  wake(connection: ReceiverConnection): void;
  /** Datagrams so far that were nobody's. */
  malformed(): number;
  /** Seconds since the receiver began. */
  t(): number;
}

export type PartialReason = PartialEvent["reason"];

/** The reasons that the protocol has a word for. */
export const WIRE_REASON: Partial<Record<PartialReason, Reason>> = {
  "no-repair": "noRepair",
  deadline: "deadline",
  interrupted: "interrupted",
};

/** An image that a sender offers. */
export interface OfferedImage {
  readonly id: string;
  /** Names its content: `storeKey`. */
  readonly key: string;
  /** Where it was offered. */
  readonly feed: Feed;
  readonly manifest: Manifest;
  /** Counts for this image, from nothing on. */
  readonly missing: MissingCounter;
}

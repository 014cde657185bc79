/** Lacuna's library: `import { send, receive } from "lacuna"`. */
export type {
  Inspection,
  MissingRegion,
  Plan,
  PlanOptions,
  ReceivedFile,
  ReceiveOptions,
  ReceiveResult,
  SendOptions,
  SendResult,
  SendTransfer,
  SentFile,
  Snapshot,
  Transfer,
} from "./api-types.js";
export { ERRORS, type ErrorCode, LacunaError } from "./errors.js";
export type * from "./events.js";
export { inspect } from "./receiving/inspect.js";
export type { PieceOrigin, ReceiveObserver } from "./receiving/observer.js";
export { DEFAULT_LISTEN, receive } from "./receiving/receive.js";
export { plan } from "./sending/plan.js";
export { send } from "./sending/send.js";
export { stateFolder } from "./socket/path-memory.js";

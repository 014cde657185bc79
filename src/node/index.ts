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
  SentFile,
  Snapshot,
  Transfer,
} from "./api-types.js";
export { ERRORS, type ErrorCode, LacunaError } from "./errors.js";
export type * from "./events.js";
export { inspect } from "./inspect.js";
export type { PieceOrigin, ReceiveObserver } from "./observer.js";
export { stateFolder } from "./path-memory.js";
export { plan } from "./plan.js";
export { DEFAULT_LISTEN, receive } from "./receive.js";
export { send } from "./send.js";

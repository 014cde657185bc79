import type { ReceiveObserver } from "../node/receiving/observer.js";
import { parseAddress } from "../node/socket/address.js";
import { failureOf } from "./failure.js";
import type { Output } from "./output.js";

export const VIEW_FLAG = "--view [HOST:PORT]";

/** HOST:PORT; true: asked for, anywhere; false: not wanted; undefined: nothing said. */
export type ViewFlag = string | boolean;

/** The live page while it is shown. */
export interface View {
  readonly url: string;
  readonly observer: ReceiveObserver;
  close(): Promise<void>;
}

/**
 * Opens the live page, if one is wanted.
 *
 * @param byDefault whether one is wanted when nothing was said
 * @throws LacunaError when a page that was asked for cannot be opened; one that was not is only missed
 */
export async function openView(
  flag: ViewFlag | undefined,
  byDefault: boolean,
  output: Output,
): Promise<View | undefined> {
  if (!(flag ?? byDefault)) return undefined;
  const { host, port } = typeof flag === "string" ? parseAddress(flag) : ANYWHERE;
  try {
    const { isLoopback } = await import("../viewer/guard.js");
    const { startViewer } = await import("../viewer/server.js");
    const view = await startViewer({ host, port });
    if (!isLoopback(host)) output.say([EXPOSED]);
    return view;
  } catch (error) {
    if (flag !== undefined) throw error;
    output.say([`no live page: ${failureOf(error, "", output.env).message}`]);
    return undefined;
  }
}

const EXPOSED =
  "the live page is not encrypted: whoever is on the way to it can see its address, and the pictures";

/** This machine only: a picture is not shown to a network unless someone says so. */
const ANYWHERE = { host: "127.0.0.1", port: 0 };

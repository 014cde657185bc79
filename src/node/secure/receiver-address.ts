import { join } from "node:path";
import { formatAddress, parseAddress, reachableHost } from "../socket/address.js";
import { damaged, readStateFile, writeStateFile } from "./state-file.js";

/** Keeps the address that a receiver has told last, HOST:PORT, for tickets that are made while none runs. */
export async function noteReceiverAddress(folder: string, address: string): Promise<void> {
  const text = `${address}\n`;
  if (readStateFile(folder, FILE) !== text) await writeStateFile(folder, FILE, text);
}

/** The address that stands in tickets unless told otherwise: the last one of a receiver here, or where it would be. */
export function receiverAddress(folder: string): string {
  const text = readStateFile(folder, FILE);
  if (text === undefined) {
    return formatAddress({
      host: reachableHost({ host: "0.0.0.0", port: 0, family: 4 }),
      port: DEFAULT_PORT,
    });
  }
  try {
    return formatAddress(parseAddress(text.trimEnd()));
  } catch {
    throw damaged(join(folder, FILE), "it holds no address");
  }
}

/** Where receivers listen unless told otherwise. */
export const DEFAULT_PORT = 7316;
const FILE = "receiver.address";

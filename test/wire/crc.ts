import { crc32c } from "@node-rs/crc32";
import { crcGuard } from "../../src/wire/guard.js";

/** The guard that real datagrams bear. */
export const guard = crcGuard((bytes) => crc32c(bytes));

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
export const fromHex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "hex"));

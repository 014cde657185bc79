import { crc32c } from "@node-rs/crc32";
import { crcGuard } from "../../wire/guard.js";

/** Guards datagrams by CRC-32C. */
export const datagramGuard = crcGuard((bytes) => crc32c(bytes));

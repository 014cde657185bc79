import { crc32c } from "@node-rs/crc32";
import { ChecksumSealing } from "../../sim/checksum-sealing.js";

export const sealing = new ChecksumSealing((bytes) => crc32c(bytes));

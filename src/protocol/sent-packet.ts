import type { InstantUs } from "../base/units.js";
import type { DeliveryStamp } from "./delivery-rate.js";

/** A packet that asks for an acknowledgement, remembered until it is acknowledged or long lost. */
export interface SentPacket<Content> {
  readonly packetNumber: number;
  readonly sentUs: InstantUs;
  /** UDP payload bytes. */
  readonly bytes: number;
  /** What it carried, to be confirmed or to be sent again. */
  readonly contents: readonly Content[];
  /** True when it left to try its size: its loss says nothing of congestion. RFC 9000 section 14.4. */
  readonly triesSize?: boolean;
  /** What the rate of delivery is measured by. */
  readonly delivery?: DeliveryStamp;
}

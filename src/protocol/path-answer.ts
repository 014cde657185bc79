import { type ByteWriter, sameBytes } from "../wire/bytes.js";
import { type PathChallengeFrame, writePathResponse } from "../wire/frames/path.js";
import type { Sent } from "./outgoing-image.js";

/**
 * A sender's answer to a receiver that sees it elsewhere than before: to answer shows that it is there. RFC 9000
 * section 8.2.2. An answer that is lost is not repeated; the question is.
 */
export class PathAnswer {
  isDue = false;
  private data: Uint8Array | undefined;

  /** True when it tells that the path has changed, and not only a port. RFC 9000 section 9.4. */
  take({ data, sameHost }: PathChallengeFrame): boolean {
    const isNew = this.data === undefined || !sameBytes(this.data, data);
    this.data = data.slice();
    this.isDue = true;
    return isNew && !sameHost;
  }

  write(writer: ByteWriter): Sent {
    this.isDue = false;
    const { data } = this;
    if (data !== undefined) writePathResponse(writer, { kind: "pathResponse", data });
    return { kind: "ping" };
  }
}

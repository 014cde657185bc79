import type { ByteReader, ByteWriter } from "../bytes.js";
import { CHALLENGE_BYTES } from "../security.js";
import { FrameType, varintsBytes, writeFrameHead } from "./type.js";

/** PATH_CHALLENGE: a receiver asks an address whether the sender is there now. RFC 9000 section 19.17. */
export interface PathChallengeFrame {
  readonly kind: "pathChallenge";
  /** CHALLENGE_BYTES that nobody can guess. */
  readonly data: Uint8Array;
  /** Only the port is another: a NAT has forgotten, and the path is likely the same. RFC 9000 section 9.4. */
  readonly sameHost: boolean;
}

/** PATH_RESPONSE: the sender says the same bytes from there. RFC 9000 section 19.18. */
export interface PathResponseFrame {
  readonly kind: "pathResponse";
  readonly data: Uint8Array;
}

const SAME_HOST_FLAG = 1;

export function writePathChallenge(writer: ByteWriter, frame: PathChallengeFrame): void {
  const flags = frame.sameHost ? SAME_HOST_FLAG : 0;
  writeFrameHead(writer, FrameType.pathChallenge, CHALLENGE_BYTES + varintsBytes(flags));
  writer.bytes(frame.data);
  writer.varint(flags);
}

export function readPathChallenge(body: ByteReader): PathChallengeFrame | undefined {
  const data = body.view(CHALLENGE_BYTES);
  const flags = body.varint();
  if (body.failed) return undefined;
  return { kind: "pathChallenge", data, sameHost: flags % 2 === SAME_HOST_FLAG };
}

export function writePathResponse(writer: ByteWriter, frame: PathResponseFrame): void {
  writeFrameHead(writer, FrameType.pathResponse, CHALLENGE_BYTES);
  writer.bytes(frame.data);
}

export function readPathResponse(body: ByteReader): PathResponseFrame | undefined {
  const data = body.view(CHALLENGE_BYTES);
  return body.failed ? undefined : { kind: "pathResponse", data };
}

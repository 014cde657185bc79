import { after, type DurationUs, type InstantUs, NEVER } from "../base/units.js";
import { sameSecret } from "../wire/bytes.js";
import { BASE_DATAGRAM_BYTES, OutgoingDatagram } from "../wire/datagram.js";
import { padTo } from "../wire/frames/frame.js";
import { writePathChallenge } from "../wire/frames/path.js";
import type { ConnectionOptions } from "./connection-state.js";
import { AMPLIFICATION_MAX, PATH_CHALLENGES_MAX } from "./limits.js";
import type { Transmit } from "./output.js";

/** An address that a sender may have moved to. */
interface Candidate {
  readonly path: string;
  readonly data: Uint8Array;
  /** Bytes that came from there, and went there. */
  receivedBytes: number;
  sentBytes: number;
  challenges: number;
  dueUs: InstantUs;
}

/**
 * Where a sender is, as far as it has shown that it is there. A NAT that forgets, or another network, gives it another
 * address in the middle of a connection; that one is asked before it is used. RFC 9000 sections 8.2 and 9.
 */
export class SenderPath {
  /** As text; the port stands behind the last colon. */
  current: string;
  private candidate: Candidate | undefined;

  constructor(private readonly options: ConnectionOptions) {
    this.current = options.path;
  }

  /** Something genuine has come from another address than the current one, newer than all before. */
  onElsewhere(path: string, bytes: number, nowUs: InstantUs): void {
    if (this.candidate?.path !== path) {
      const counts = { receivedBytes: 0, sentBytes: 0, challenges: 0 };
      this.candidate = { path, data: this.options.challenge(), ...counts, dueUs: nowUs };
    }
    this.candidate.receivedBytes += bytes;
  }

  /** True when this answers the question, from where it was asked: the sender has moved. */
  onResponse(data: Uint8Array, path: string): boolean {
    const { candidate } = this;
    if (candidate === undefined || candidate.path !== path) return false;
    if (!sameSecret(candidate.data, data)) return false;
    this.current = path;
    this.candidate = undefined;
    return true;
  }

  get dueUs(): InstantUs {
    return this.candidate?.dueUs ?? NEVER;
  }

  /**
   * The question that is due, asked again after `patienceUs`, a few times. It has as many bytes as a path must carry,
   * and no more than so many for each that came: nobody's address is flooded by us. RFC 9000 section 8.2.1.
   */
  nextQuestion(
    nowUs: InstantUs,
    patienceUs: DurationUs,
    takePacketNumber: () => number,
  ): Transmit | undefined {
    const { candidate } = this;
    if (candidate === undefined || candidate.dueUs > nowUs) return undefined;
    const room = AMPLIFICATION_MAX * candidate.receivedBytes - candidate.sentBytes;
    if (candidate.challenges === PATH_CHALLENGES_MAX || room < QUESTION_BYTES_MIN) {
      this.candidate = undefined;
      return undefined;
    }
    candidate.challenges += 1;
    candidate.dueUs = after(nowUs, patienceUs);
    const { connectionId, seal } = this.options;
    const name = { from: "receiver", connectionId, packetNumber: takePacketNumber() } as const;
    const memory = new Uint8Array(Math.min(BASE_DATAGRAM_BYTES, room));
    const outgoing = new OutgoingDatagram(memory, name, seal);
    const { path, data } = candidate;
    const sameHost = hostOf(path) === hostOf(this.current);
    writePathChallenge(outgoing.writer, { kind: "pathChallenge", data, sameHost });
    padTo(outgoing.writer, memory.length);
    const datagram = outgoing.finish();
    candidate.sentBytes += datagram.length;
    return { kind: "transmit", datagram, to: path };
  }
}

/** A header, PATH_CHALLENGE and a tag, and some. */
const QUESTION_BYTES_MIN = 64;

const hostOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf(":")));

import { type BytesPerSecond, bytesPerSecond, type InstantUs } from "../base/units.js";
import { BASE_DATAGRAM_BYTES, MAX_DATAGRAM_BYTES } from "../wire/datagram.js";
import type { CongestionControl } from "./congestion.js";
import { RECEIVE_WINDOW_BYTES_MIN } from "./limits.js";
import { Pacer } from "./pacer.js";
import type { ParityTerms } from "./parity-policy.js";
import { ETHERNET_DATAGRAM_BYTES, PathMtu, usefulDatagramBytes } from "./path-mtu.js";
import type { Recovery } from "./recovery.js";
import type { SenderOptions } from "./sender-events.js";

/** What a sender may let go, and when: both windows, the pace, and the size of a datagram. */
export class SendingRoom {
  pathMtu: PathMtu;
  readonly pacer = new Pacer();
  /** Until the receiver has told its window: what it does not take will be asked for again. */
  peerWindowBytes: number;
  /** The datagram that the longest piece needs. */
  neededBytes = BASE_DATAGRAM_BYTES;
  private windowIsGuess = true;
  private toldTooNarrow = false;
  private congestion: CongestionControl;
  /** What the receiver takes, once it has said so. */
  private peerDatagramBytes = MAX_DATAGRAM_BYTES;

  constructor(
    private readonly options: SenderOptions,
    private readonly recovery: Recovery<unknown>,
  ) {
    this.peerWindowBytes = Math.max(RECEIVE_WINDOW_BYTES_MIN, options.congestion.windowBytes);
    this.pathMtu = new PathMtu(options.path ?? { mostBytes: BASE_DATAGRAM_BYTES });
    this.congestion = options.congestion;
  }

  /** Another path: of its datagrams' size and of its congestion nothing is known. */
  movePath(congestion: CongestionControl): void {
    this.congestion = congestion;
    this.recovery.movePath(congestion);
    this.pathMtu = new PathMtu(this.options.path ?? { mostBytes: BASE_DATAGRAM_BYTES });
    this.pathMtu.limit(this.peerDatagramBytes);
  }

  /** The receiver's newest word on its window. */
  onWindow(bytes: number): void {
    this.peerWindowBytes = bytes;
    this.windowIsGuess = false;
  }

  /** The receiver's terms; of its window an acknowledgement may have told newer. */
  onTerms(windowBytes: number, datagramBytes: number): void {
    if (this.windowIsGuess) this.peerWindowBytes = windowBytes;
    this.peerDatagramBytes = datagramBytes;
    this.pathMtu.limit(datagramBytes);
  }

  get pacingRate(): BytesPerSecond {
    const rate = this.congestion.pacingRate(this.recovery.rtt);
    return bytesPerSecond(Math.min(rate, this.options.rateCap ?? rate));
  }

  /** True when the host's cap, not the congestion window, spaces datagrams. */
  get isCapped(): boolean {
    return this.pacingRate < this.congestion.pacingRate(this.recovery.rtt);
  }

  /** A full datagram, as long as the path carries and as is worth sending now. */
  get datagramBytes(): number {
    const { confirmedBytes } = this.pathMtu;
    return confirmedBytes <= ETHERNET_DATAGRAM_BYTES
      ? confirmedBytes
      : Math.min(confirmedBytes, this.usefulBytes);
  }

  /** Whether congestion control lets a full datagram go; one always may, however long pieces are. */
  get fitsPath(): boolean {
    return this.recovery.inFlightBytes === 0 || this.fits(this.congestion.windowBytes);
  }

  /** Whether pieces may leave: the path carries them whole, and the receiver has room for those of a full datagram. */
  get takesPieces(): boolean {
    return !this.isPaused && this.carriesPieces && this.fits(this.peerWindowBytes);
  }

  /** The same for a probe, which the bytes on the way do not hold back. */
  get takesPiecesAsProbe(): boolean {
    const hasRoom = this.peerWindowBytes >= this.datagramBytes;
    return !this.isPaused && this.carriesPieces && hasRoom;
  }

  private get isPaused(): boolean {
    return this.options.isPaused?.() ?? false;
  }

  /** Whether some pieces are too long for the path, whatever is tried. */
  private get isTooNarrow(): boolean {
    return !this.carriesPieces && this.pathMtu.state === "complete";
  }

  /** True once, when it has turned out that some pieces are too long for the path. */
  noticeTooNarrow(): boolean {
    if (this.toldTooNarrow || !this.isTooNarrow) return false;
    this.toldTooNarrow = true;
    return true;
  }

  /** When the next datagram may leave; not after `nowUs` means at once. */
  nextUs(nowUs: InstantUs): InstantUs {
    return this.pacer.nextUs(nowUs, this.pacingRate);
  }

  /** The datagram size to try now, if one is due. What is not worth sending is not tried, unless pieces wait for it. */
  sizeToTry(nowUs: InstantUs): number | undefined {
    const size = this.pathMtu.probeBytes(nowUs);
    if (size === undefined) return undefined;
    return !this.carriesPieces || size <= this.usefulBytes ? size : undefined;
  }

  private get carriesPieces(): boolean {
    return this.neededBytes <= this.pathMtu.confirmedBytes;
  }

  /** What it depends on how much parity is worth sending. */
  get parityTerms(): ParityTerms {
    const { pathLoss, rtt } = this.recovery;
    const { pacingRate, datagramBytes } = this;
    return { loss: pathLoss.shape, rttUs: rtt.smoothedUs, pacingRate, datagramBytes };
  }

  private get usefulBytes(): number {
    const window = Math.min(this.congestion.windowBytes, this.peerWindowBytes);
    return Math.max(this.neededBytes, usefulDatagramBytes(window, this.pacingRate));
  }

  private fits(windowBytes: number): boolean {
    return this.recovery.inFlightBytes + this.datagramBytes <= windowBytes;
  }
}

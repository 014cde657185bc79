import { between, type InstantUs, seconds } from "../base/units.js";

/** How many handshakes are looked at in a second. */
export interface LoadLimits {
  /** Without asking for a cookie. */
  readonly free: number;
  /** Of one host, once cookies are asked for. */
  readonly perHost: number;
  /** In all. */
  readonly total: number;
}

/** docs/protocol.md section 12. */
export const LOAD_LIMITS: LoadLimits = { free: 100, perHost: 100, total: 500 };

/** Hosts that are counted in a second; others are then turned away. */
const HOSTS_MAX = 1_024;
const WINDOW_US = seconds(1);

/** Counts the handshakes of a second: each costs some tenths of a millisecond before it is known what it is worth. */
export class HandshakeLoad {
  private begunUs: InstantUs | undefined;
  private taken = 0;
  private readonly byHost = new Map<string, number>();

  constructor(private readonly limits: LoadLimits = LOAD_LIMITS) {}

  /** Only those that bear a cookie are looked at now. */
  isHigh(nowUs: InstantUs): boolean {
    this.turn(nowUs);
    return this.taken >= this.limits.free;
  }

  /**
   * Whether one more may be looked at.
   *
   * @param from its address, when a cookie has proven it
   */
  take(from: string | undefined, nowUs: InstantUs): boolean {
    this.turn(nowUs);
    if (this.taken >= this.limits.total) return false;
    if (from !== undefined && !this.takeOf(hostOf(from))) return false;
    this.taken += 1;
    return true;
  }

  private takeOf(host: string): boolean {
    const ofHost = this.byHost.get(host) ?? 0;
    if (ofHost >= this.limits.perHost) return false;
    if (ofHost === 0 && this.byHost.size >= HOSTS_MAX) return false;
    this.byHost.set(host, ofHost + 1);
    return true;
  }

  private turn(nowUs: InstantUs): void {
    if (this.begunUs !== undefined && between(this.begunUs, nowUs) < WINDOW_US) return;
    this.begunUs = nowUs;
    this.taken = 0;
    this.byHost.clear();
  }
}

/** An address without its port. */
function hostOf(address: string): string {
  const colon = address.lastIndexOf(":");
  return colon < 0 ? address : address.slice(0, colon);
}

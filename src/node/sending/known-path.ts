import { type BytesPerSecond, bytesPerSecond } from "../../base/units.js";
import type { SendOptions } from "../api-types.js";
import { type KnownPath, PathMemory } from "../socket/path-memory.js";

/** What a sender knows of the path to its receiver from earlier transfers, and leaves to later ones. */
export class PathKnowledge {
  /** Of the address asked for last. */
  path: KnownPath | undefined;
  private readonly memory: PathMemory | undefined;

  constructor(
    stateFolder: string,
    private readonly options: Pick<SendOptions, "pathMemory" | "polite" | "rateMbit">,
  ) {
    const { pathMemory = true, polite = false } = options;
    // Who gives way finds no capacity, and does not start with what another found.
    this.memory = pathMemory && !polite ? new PathMemory(stateFolder) : undefined;
  }

  /** @param host the receiver's IP address */
  async recall(host: string): Promise<void> {
    this.path = await this.memory?.recall(host, Date.now());
  }

  async save(host: string, learnt: KnownPath | undefined): Promise<void> {
    if (learnt !== undefined) await this.memory?.save(host, learnt, Date.now());
  }

  /** What the path is remembered to carry, but no more than may be sent. */
  get rate(): BytesPerSecond | undefined {
    if (this.path === undefined) return undefined;
    const { rateMbit = Number.POSITIVE_INFINITY } = this.options;
    return bytesPerSecond(Math.min(this.path.bytesPerSecond, rateMbit * 125_000));
  }
}

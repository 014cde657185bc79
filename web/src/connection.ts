import {
  type BlockMessage,
  CLOSE_ENDED,
  CLOSE_FULL,
  decodeBlock,
  type FeedMessage,
  PULSE_MS,
  type WatchMessage,
} from "../../src/viewer/feed.js";

/** How the page stands with the receiver. Lost and full try again by themselves; ended does not. */
export type Link =
  | { readonly kind: "connecting" }
  | { readonly kind: "open" }
  | { readonly kind: "lost"; readonly sinceMs: number; readonly retryMs: number }
  | { readonly kind: "full"; readonly sinceMs: number; readonly retryMs: number }
  | { readonly kind: "ended"; readonly sinceMs: number };

export interface Listener {
  onLink(link: Link): void;
  onMessage(message: FeedMessage): void;
  onBlock(block: BlockMessage): void;
}

/** The page's end of the feed: comes back by itself when it is cut off. */
export class Connection {
  private socket: WebSocket | undefined;
  private retryTimer = 0;
  private silenceTimer = 0;
  private failures = 0;
  private sinceMs = 0;
  private watched: number | null = null;

  constructor(
    private readonly address: URL,
    private readonly listener: Listener,
  ) {}

  open(): void {
    clearTimeout(this.retryTimer);
    if (this.failures === 0) this.listener.onLink({ kind: "connecting" });
    const socket = new WebSocket(this.address);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    this.listenForSilence();
    socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
      this.listenForSilence();
      if (typeof data !== "string") {
        const block = decodeBlock(new Uint8Array(data));
        if (block) this.listener.onBlock(block);
        return;
      }
      const message = JSON.parse(data) as FeedMessage;
      if (message.event === "hello") {
        this.failures = 0;
        this.listener.onLink({ kind: "open" });
        this.say();
      }
      this.listener.onMessage(message);
    };
    socket.onclose = ({ code }) => this.onClose(code);
  }

  /** Asks for the blocks of an image, all that are there first. */
  watch(image: number | null): void {
    this.watched = image;
    if (this.socket?.readyState === WebSocket.OPEN) this.say();
  }

  private say(): void {
    this.socket?.send(JSON.stringify({ watch: this.watched } satisfies WatchMessage));
  }

  private onClose(code: number): void {
    clearTimeout(this.silenceTimer);
    if (this.failures === 0) this.sinceMs = performance.now();
    if (code === CLOSE_ENDED) {
      this.listener.onLink({ kind: "ended", sinceMs: this.sinceMs });
      return;
    }
    // Half to the whole of the delay, so that many pages do not come back at once.
    const delay = Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** this.failures);
    const retryMs = performance.now() + delay * (0.5 + Math.random() / 2);
    this.failures += 1;
    this.retryTimer = window.setTimeout(() => this.open(), retryMs - performance.now());
    const kind = code === CLOSE_FULL ? "full" : "lost";
    this.listener.onLink({ kind, sinceMs: this.sinceMs, retryMs });
  }

  /** A cable that was pulled closes nothing: silence has to be noticed. */
  private listenForSilence(): void {
    clearTimeout(this.silenceTimer);
    const { socket } = this;
    this.silenceTimer = window.setTimeout(() => {
      if (socket === undefined) return;
      socket.onclose = null;
      socket.onmessage = null;
      socket.close();
      this.onClose(0);
    }, 3 * PULSE_MS);
  }
}

const RETRY_MS_MIN = 500;
const RETRY_MS_MAX = 15_000;

import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from "node:http";
import { type AddressInfo, isIPv6 } from "node:net";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { fileURLToPath } from "node:url";
import sirv from "sirv";
import { type WebSocket, WebSocketServer } from "ws";
import { LacunaError } from "../node/errors.js";
import type { ReceiveEvent } from "../node/events.js";
import type { ReceiveObserver } from "../node/receiving/observer.js";
import { Audience } from "./audience.js";
import { Board } from "./board.js";
import { CLOSE_ENDED, CLOSE_FULL, PULSE_MS, type WatchMessage } from "./feed.js";
import {
  isLoopback,
  pathBehindToken,
  type Refusal,
  refuseHost,
  refuseMethod,
  refuseOrigin,
  setStrictHeaders,
} from "./guard.js";

export interface ViewerOptions {
  /** Address to bind; the loopback address by default, which other machines cannot reach. */
  readonly host?: string;
  /** 0, the default, takes any free port. */
  readonly port?: number;
  /** Folder of the built page; by default the one that `npm run build` fills. */
  readonly pageDir?: string;
}

export interface Viewer {
  /** The page's address with its secret part. Whoever has it can see the pictures. */
  readonly url: string;
  /** To be told what the receiver does. Its calls do little and never throw. */
  readonly observer: ReceiveObserver;
  /** Tells the viewers the last state, then ends. */
  close(): Promise<void>;
}

/**
 * Starts the live page: a small web server for the page's files and a feed of
 * what arrives (feed.ts). It runs until it is closed.
 *
 * Throws LACUNA_VIEW_PORT_TAKEN, LACUNA_NO_PERMISSION or LACUNA_BAD_ADDRESS
 * when it cannot listen.
 */
export async function startViewer(options: ViewerOptions = {}): Promise<Viewer> {
  const { host = "127.0.0.1", port = 0, pageDir = BUILT_PAGE } = options;
  const token = randomBytes(TOKEN_BYTES).toString("base64url");
  const board = new Board();
  const feed = new Feed(board);
  const server = createServer(servePage(token, pageDir));
  server.maxConnections = CONNECTIONS_MAX;
  server.on("upgrade", (request, socket, head) => {
    const refusal = refuseHost(request) ?? refuseOrigin(request);
    // A caller who hangs up early must not end the whole receiver.
    socket.on("error", () => socket.destroy());
    if (refusal !== undefined || pathBehindToken(request.url, token) !== "/feed") {
      socket.end("HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
      return;
    }
    feed.accept(request, socket, head);
  });
  await listen(server, host, port);
  const bound = server.address() as AddressInfo;
  return {
    url: `http://${addressFor(host)}:${bound.port}/v/${token}/`,
    observer: {
      onImage: (id, manifest) => {
        board.image(id, manifest, performance.now());
        feed.wake();
      },
      onPiece: (id) => board.piece(id, performance.now()),
      onPicture: (id, picture) => board.picture(id, picture, () => feed.wake()),
      onEvent: (event) => {
        board.event(isLoopback(host) ? event : withoutTicket(event));
        feed.wake();
      },
    },
    close: async () => {
      await feed.close();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** The sockets of the audience, and the beat at which it is told. */
class Feed {
  private readonly audience: Audience;
  private readonly sockets = new WebSocketServer({
    noServer: true,
    maxPayload: WATCH_BYTES_MAX,
    perMessageDeflate: false,
  });
  private readonly unanswered = new WeakSet<WebSocket>();
  private readonly pulse: NodeJS.Timeout;
  private frame: NodeJS.Timeout | undefined;
  private lastFrameMs = 0;

  constructor(board: Board) {
    this.audience = new Audience(board);
    this.pulse = setInterval(() => this.beat(), PULSE_MS).unref();
  }

  accept(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.sockets.handleUpgrade(request, socket, head, (viewer) => this.admit(viewer));
  }

  /** Something changed: a frame is due, unless one is already. */
  wake(): void {
    if (this.frame !== undefined || this.audience.size === 0) return;
    const due = Math.max(0, this.lastFrameMs + FRAME_MS - performance.now());
    this.frame = setTimeout(() => this.tell(), due).unref();
  }

  async close(): Promise<void> {
    clearInterval(this.pulse);
    if (this.audience.size > 0) this.tell();
    clearTimeout(this.frame);
    const ends = [...this.sockets.clients].map(
      (viewer) => new Promise((resolve) => viewer.once("close", resolve)),
    );
    for (const viewer of this.sockets.clients) viewer.close(CLOSE_ENDED, "the receiver has ended");
    const patience = new Promise((resolve) => setTimeout(resolve, CLOSE_PATIENCE_MS).unref());
    await Promise.race([Promise.all(ends), patience]);
    for (const viewer of this.sockets.clients) viewer.terminate();
    clearTimeout(this.frame);
  }

  private admit(viewer: WebSocket): void {
    // Without a listener a broken connection would end the whole receiver.
    viewer.on("error", () => viewer.terminate());
    if (this.audience.size >= VIEWERS_MAX) {
      viewer.close(CLOSE_FULL, `${VIEWERS_MAX} viewers watch already`);
      return;
    }
    viewer.on("close", () => this.audience.leave(viewer));
    viewer.on("pong", () => this.unanswered.delete(viewer));
    viewer.on("message", (data, isBinary) => {
      const said = isBinary ? undefined : readWatch(data.toString());
      if (said === undefined) {
        viewer.close(1008, "not a message of this feed");
        return;
      }
      this.audience.watch(viewer, said.watch);
      this.wake();
    });
    this.audience.join(viewer, performance.now());
    this.wake();
  }

  private tell(): void {
    this.frame = undefined;
    this.lastFrameMs = performance.now();
    if (this.audience.tell()) this.wake();
  }

  /** A viewer that has not answered since the last beat is gone. */
  private beat(): void {
    this.audience.pulse();
    for (const viewer of this.sockets.clients) {
      if (this.unanswered.has(viewer)) viewer.terminate();
      this.unanswered.add(viewer);
      viewer.ping();
    }
  }
}

/** Viewers at once. */
export const VIEWERS_MAX = 32;
/** At most ten frames a second: smooth enough for progress, cheap enough to forget. Ours. */
export const FRAME_MS = 100;

const TOKEN_BYTES = 16;
/** A browser holds one feed and, briefly, up to six connections for files. */
const CONNECTIONS_MAX = 8 * VIEWERS_MAX;
const WATCH_BYTES_MAX = 256;
const CLOSE_PATIENCE_MS = 500;
/** dist/web, seen from dist/viewer. */
const BUILT_PAGE = fileURLToPath(new URL("../web", import.meta.url));

/** Who looks on from elsewhere sees the pictures, but may not send any. */
function withoutTicket(event: ReceiveEvent): ReceiveEvent {
  return event.event === "listening" ? { ...event, ticket: "TICKET" } : event;
}

function servePage(token: string, pageDir: string): RequestListener {
  // `dev` looks files up anew: a page rebuilt meanwhile is served, not missed.
  const serveFile = sirv(pageDir, { dev: true });
  return (request, response) => {
    setStrictHeaders(response);
    const refusal: Refusal = refuseHost(request) ?? refuseMethod(request);
    if (refusal !== undefined) return answer(response, refusal.status, refusal.reason);
    const path = pathBehindToken(request.url, token);
    if (path === undefined) return answer(response, 403, "open the address as printed, to its end");
    if (path === "") return redirectInto(request, response);
    if (!existsSync(join(pageDir, "index.html"))) {
      return answer(response, 503, "the page is not built: run npm run build");
    }
    request.url = path;
    // The files are small, and a range that runs backwards would throw in the file stream.
    delete request.headers.range;
    serveFile(request, response, () => answer(response, 404, "there is no such file"));
  };
}

function answer(response: ServerResponse, status: number, sentence: string): void {
  response.writeHead(status, { "Content-Type": "text/plain; charset=utf-8" });
  response.end(`${sentence}\n`);
}

/** The page's own links are relative to its folder. */
function redirectInto(request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(308, { Location: `${(request.url ?? "").split("?", 1)[0]}/` });
  response.end();
}

function readWatch(text: string): WatchMessage | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null || !("watch" in value)) return undefined;
  const { watch } = value;
  if (watch === null) return { watch };
  return typeof watch === "number" && Number.isSafeInteger(watch) ? { watch } : undefined;
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      reject(asLacunaError(error, host, port));
    });
    server.listen({ host, port }, () => {
      // From now on only a connection that could not be accepted: its caller tries again.
      server.removeAllListeners("error").on("error", () => undefined);
      resolve();
    });
  });
}

function asLacunaError(error: NodeJS.ErrnoException, host: string, port: number): LacunaError {
  const facts = { host, port };
  if (error.code === "EADDRINUSE") {
    const sentence = `port ${port}, for the live page, is used by another program`;
    return new LacunaError("LACUNA_VIEW_PORT_TAKEN", sentence, facts, { cause: error });
  }
  if (error.code === "EACCES") {
    const sentence = `this user may not use port ${port} for the live page`;
    return new LacunaError("LACUNA_NO_PERMISSION", sentence, facts, { cause: error });
  }
  const sentence = `the live page cannot listen on ${host}: ${error.message}`;
  return new LacunaError("LACUNA_BAD_ADDRESS", sentence, facts, { cause: error });
}

/** What others can type for the address that is bound. */
function addressFor(host: string): string {
  if (host !== "0.0.0.0" && host !== "::") return isIPv6(host) ? `[${host}]` : host;
  const all = Object.values(networkInterfaces()).flatMap((one) => one ?? []);
  return all.find((one) => one.family === "IPv4" && !one.internal)?.address ?? "127.0.0.1";
}

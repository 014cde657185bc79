import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { decodeBlock, type FeedMessage } from "../../src/viewer/feed.js";
import { FRAME_MS, startViewer, VIEWERS_MAX, type Viewer } from "../../src/viewer/server.js";
import { complete, noisePicture, offer, progress } from "./scene.js";

let folder: string;
let viewer: Viewer;
let url: URL;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "lacuna-page-"));
  mkdirSync(join(folder, "page/assets"), { recursive: true });
  writeFileSync(join(folder, "page/index.html"), "<!doctype html><title>page</title>");
  writeFileSync(join(folder, "page/assets/page.js"), "0");
  writeFileSync(join(folder, "secret.txt"), "not yours");
  viewer = await startViewer({ pageDir: join(folder, "page") });
  url = new URL(viewer.url);
});

afterEach(async () => {
  await viewer.close();
  rmSync(folder, { recursive: true });
});

interface Answer {
  readonly status: number | undefined;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: string;
}

/** As fetch, but the path goes out as it is written, and Host may be set. */
function get(path: string, headers: Record<string, string> = {}, method = "GET"): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: url.hostname, port: url.port, path, headers, method }, (got) => {
      let body = "";
      got.on("data", (chunk) => {
        body += chunk;
      });
      got.on("end", () => resolve({ status: got.statusCode, headers: got.headers, body }));
    });
    sent.on("error", reject).end();
  });
}

/** A viewer's end of the feed, with all that it was told so far. */
function listen(options: { path?: string; origin?: string; host?: string } = {}) {
  const { path = `${url.pathname}feed`, origin = url.origin, host } = options;
  const socket = new WebSocket(`ws://${url.host}${path}`, {
    origin,
    ...(host && { headers: { host } }),
  });
  const messages: FeedMessage[] = [];
  const blocks: Uint8Array[] = [];
  socket.on("message", (data, isBinary) => {
    if (isBinary) blocks.push(data as Buffer);
    else messages.push(JSON.parse(String(data)));
  });
  return { socket, messages, blocks };
}

async function until(happened: () => boolean): Promise<void> {
  const patience = Date.now() + 5_000;
  while (!happened()) {
    if (Date.now() > patience) throw new Error("it never happened");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe("the page", () => {
  test("is served at the secret address, with its files", async () => {
    expect(await get(url.pathname)).toMatchObject({
      status: 200,
      body: "<!doctype html><title>page</title>",
    });
    expect(await get(`${url.pathname}assets/page.js`)).toMatchObject({ status: 200, body: "0" });
    expect(await get(url.pathname.slice(0, -1))).toMatchObject({
      status: 308,
      headers: { location: url.pathname },
    });
  });

  test("binds to the loopback address and has a long random secret", () => {
    expect(url.hostname).toBe("127.0.0.1");
    expect(url.pathname).toMatch(/^\/v\/[A-Za-z0-9_-]{22}\/$/);
  });

  test("says how to build it when it is not built", async () => {
    rmSync(join(folder, "page/index.html"));
    expect(await get(url.pathname)).toMatchObject({ status: 503 });
  });

  test("carries strict headers on every answer, the refusals too", async () => {
    for (const path of [url.pathname, `${url.pathname}assets/page.js`, "/", `${url.pathname}no`]) {
      const { headers } = await get(path);
      expect(headers["content-security-policy"]).toMatch(/^default-src 'none'; script-src 'self';/);
      expect(headers["content-security-policy"]).toContain("frame-ancestors 'none'");
      expect(headers["content-security-policy"]).not.toMatch(/unsafe|\*|https?:/);
      expect(headers["x-content-type-options"]).toBe("nosniff");
      expect(headers["referrer-policy"]).toBe("no-referrer");
      expect(headers["cache-control"]).toBe("no-store");
      expect(headers["x-frame-options"]).toBe("DENY");
      expect(headers["cross-origin-opener-policy"]).toBe("same-origin");
      expect(headers["cross-origin-resource-policy"]).toBe("same-origin");
      expect(headers["access-control-allow-origin"]).toBeUndefined();
    }
  });

  test.each([
    ["no secret", () => "/"],
    ["the secret missing", () => "/v//"],
    ["a wrong secret of the right length", () => `/v/${"A".repeat(22)}/`],
    ["the secret cut short", () => `${url.pathname.slice(0, -2)}/`],
    ["the secret as a query", () => `/?v=${url.pathname.split("/")[2]}`],
  ])("is refused with %s", async (_, path) => {
    expect(await get(path())).toMatchObject({ status: 403 });
  });

  test("is refused under a foreign name, and given under this machine's", async () => {
    for (const host of ["evil.example", `evil.example:${url.port}`, "127.0.0.1.evil.example"]) {
      expect(await get(url.pathname, { host })).toMatchObject({ status: 403 });
    }
    for (const host of [`localhost:${url.port}`, "127.0.0.1:9999", "[::1]:80", "192.0.2.4"]) {
      expect(await get(url.pathname, { host })).toMatchObject({ status: 200 });
    }
  });

  test("never leaves its folder, and takes only GET and HEAD", async () => {
    for (const path of [
      "../secret.txt",
      "%2e%2e/secret.txt",
      "assets/../../secret.txt",
      "%",
      "\\",
    ]) {
      const { status, body } = await get(url.pathname + path);
      expect(status).toBe(404);
      expect(body).not.toContain("not yours");
    }
    expect(await get(url.pathname, {}, "POST")).toMatchObject({ status: 405 });
  });

  test("has neither scripts nor styles of its own in its markup, which the headers forbid", () => {
    const markup = readFileSync(new URL("../../web/index.html", import.meta.url), "utf8");
    expect(markup).toMatch(/<script [^>]*src=/);
    expect(markup).not.toMatch(/<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)/i);
  });

  test("survives a range that runs backwards", async () => {
    expect(await get(url.pathname, { range: "bytes=9-2" })).toMatchObject({ status: 200 });
  });
});

describe("the feed", () => {
  test.each([
    ["a wrong secret", () => ({ path: `/v/${"A".repeat(22)}/feed` })],
    ["another path", () => ({ path: `${url.pathname}other` })],
    ["another site's page", () => ({ origin: "http://evil.example" })],
    ["another port's page", () => ({ origin: "http://127.0.0.1:1" })],
    ["a foreign name", () => ({ host: "evil.example", origin: "http://evil.example" })],
  ])("is refused to %s", async (_, options) => {
    const { socket } = listen(options());
    const [error] = await once(socket, "error");
    expect(error.message).toBe("Unexpected server response: 403");
  });

  test("is refused without an origin", async () => {
    const socket = new WebSocket(`ws://${url.host}${url.pathname}feed`);
    const [error] = await once(socket, "error");
    expect(error.message).toContain("403");
  });

  test("outlives a caller who hangs up in the middle of asking", async () => {
    const caller = connect(Number(url.port), url.hostname);
    await once(caller, "connect");
    caller.write(
      `GET / HTTP/1.1\r\nHost: ${url.host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n`,
    );
    caller.resetAndDestroy();
    const { messages, socket } = listen();
    await until(() => messages.length > 0);
    socket.close();
  });

  test("tells a viewer who comes late, or again, the whole present state", async () => {
    const { partition, manifest, pieceOf, live } = noisePicture(100, 80);
    const { observer } = viewer;
    observer.onEvent?.(offer("a"));
    observer.onImage?.("a", manifest);
    observer.onPicture?.("a", live);
    for (let piece = 0; piece < 5; piece += 1) live.take(piece, pieceOf(piece));
    observer.onEvent?.(progress("a", 7_000));
    for (const visit of ["late", "again"]) {
      const { socket, messages, blocks } = listen();
      await until(() => messages.length >= 4);
      expect(messages.map((message) => message.event)).toEqual([
        "hello",
        "offer",
        "image",
        "progress",
      ]);
      socket.send(JSON.stringify({ watch: 1 }));
      await until(() => blocks.length >= 2);
      const present = blocks
        .map((bytes) => decodeBlock(bytes))
        .reduce((sum, block) => sum + (block?.state.reduce((a, b) => a + b, 0) ?? 0), 0);
      const expected = [0, 1, 2, 3, 4].reduce((sum, piece) => sum + partition.pixelsOf(piece), 0);
      expect(present, visit).toBe(expected);
      socket.terminate();
    }
  });

  test("gathers what happens into at most ten frames a second", async () => {
    const { manifest } = noisePicture(64, 64);
    viewer.observer.onImage?.("a", manifest);
    const { socket, messages } = listen();
    await until(() => messages.length >= 2);
    const startMs = performance.now();
    let missing = 0;
    while (performance.now() - startMs < 600) {
      missing += 1;
      viewer.observer.onEvent?.(progress("a", missing));
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await until(() =>
      messages.some((it) => it.event === "progress" && it.missingPixels === missing),
    );
    const frames = messages.filter((message) => message.event === "progress").length;
    expect(frames).toBeGreaterThan(1);
    expect(frames).toBeLessThanOrEqual(Math.ceil((performance.now() - startMs) / FRAME_MS) + 1);
    socket.close();
  });

  test.each([
    "nonsense",
    "[]",
    "null",
    '{"watch":"1"}',
    '{"watch":1.5}',
    `{"watch":${"1".repeat(300)}}`,
  ])("closes on a viewer that says %s, and serves the others", async (text) => {
    const good = listen();
    const bad = listen();
    await once(bad.socket, "open");
    bad.socket.on("error", () => undefined);
    bad.socket.send(text);
    const [code] = await once(bad.socket, "close");
    expect([1008, 1009]).toContain(code);
    viewer.observer.onEvent?.(offer("a"));
    await until(() => good.messages.some((message) => message.event === "offer"));
  });

  test("takes 32 viewers, and tells the next one why not", async () => {
    const all = Array.from({ length: VIEWERS_MAX }, () => listen());
    await until(() => all.every((one) => one.messages.length > 0));
    const next = listen();
    const [code, reason] = await once(next.socket, "close");
    expect([code, String(reason)]).toEqual([1013, "32 viewers watch already"]);
    all[0]?.socket.terminate();
    const retry = async (): Promise<boolean> => {
      const again = listen();
      await Promise.race([once(again.socket, "close"), until(() => again.messages.length > 0)]);
      return again.messages.length > 0;
    };
    let admitted = false;
    for (let attempt = 0; attempt < 20 && !admitted; attempt += 1) admitted = await retry();
    expect(admitted).toBe(true);
  });

  test("tells the end before it closes", async () => {
    const { manifest } = noisePicture(64, 64);
    viewer.observer.onEvent?.(offer("a"));
    viewer.observer.onImage?.("a", manifest);
    const { socket, messages } = listen();
    await until(() => messages.length >= 3);
    viewer.observer.onEvent?.(complete("a"));
    const closed = once(socket, "close");
    await viewer.close();
    expect((await closed)[0]).toBe(1001);
    expect(messages.at(-1)).toMatchObject({ event: "complete", missingPixels: 0 });
  });
});

test.each([
  ["127.0.0.1", "word@192.0.2.7:7316"],
  ["0.0.0.0", "TICKET"],
])(
  "a page at %s tells the ticket as %s: only this machine's may help others to send",
  async (host, told) => {
    const shown = await startViewer({ host, pageDir: join(folder, "page") });
    url = new URL(shown.url);
    const address = "192.0.2.7:7316";
    shown.observer.onEvent?.({ event: "listening", t: 0, address, ticket: `word@${address}` });
    const { messages, socket } = listen();
    await until(() => messages.length >= 2);
    expect(messages[1]).toMatchObject({ event: "listening", ticket: told });
    socket.terminate();
    await shown.close();
  },
);

test("a taken port, a foreign address: each failure has its code", async () => {
  await expect(startViewer({ port: Number(url.port) })).rejects.toMatchObject({
    code: "LACUNA_VIEW_PORT_TAKEN",
  });
  await expect(startViewer({ host: "192.0.2.77" })).rejects.toMatchObject({
    code: "LACUNA_BAD_ADDRESS",
  });
});

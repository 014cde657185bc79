import { timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { isIP } from "node:net";
import { hostname } from "node:os";

/** Why a request is turned away, as an HTTP status and a sentence; undefined lets it pass. */
export type Refusal = { readonly status: 403 | 405; readonly reason: string } | undefined;

/** The path below the secret part of the address, or undefined when the secret is wrong. */
export function pathBehindToken(url: string | undefined, token: string): string | undefined {
  const path = (url ?? "").split(/[?#]/, 1)[0] ?? "";
  const match = /^\/v\/([^/]*)(\/.*)?$/.exec(path);
  if (match === null || !sameSecret(match[1] ?? "", token)) return undefined;
  return match[2] ?? "";
}

/**
 * A page of another site can make a browser send requests here, and by
 * rebinding its own name even read the answers. Its name in `Host` gives it
 * away: only addresses and this machine's own names pass. The port may differ,
 * so that a forwarded one works.
 */
export function refuseHost(request: IncomingMessage): Refusal {
  const name = hostOf(request.headers.host);
  if (name !== undefined && (isIP(name) !== 0 || OWN_NAMES.has(name))) return undefined;
  return { status: 403, reason: "this name is not this machine's: open the address as printed" };
}

/** Browsers put the asking page's origin on every WebSocket: it must be the page that was served here. */
export function refuseOrigin(request: IncomingMessage): Refusal {
  const { origin, host } = request.headers;
  if (origin !== undefined && origin === `http://${host}`) return undefined;
  return { status: 403, reason: "only the page served here may listen" };
}

export function refuseMethod(request: IncomingMessage): Refusal {
  if (request.method === "GET" || request.method === "HEAD") return undefined;
  return { status: 405, reason: "only GET and HEAD" };
}

/** Set on every answer. The page needs no more than its own files and its own feed. */
export function setStrictHeaders(response: ServerResponse): void {
  for (const [name, value] of Object.entries(STRICT_HEADERS)) response.setHeader(name, value);
}

export const STRICT_HEADERS = {
  "Content-Security-Policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  "Cache-Control": "no-store",
  "X-Frame-Options": "DENY",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
} as const;

/** Whether only this machine reaches what listens there. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}

const OWN_NAMES: ReadonlySet<string> = new Set(["localhost", hostname().toLowerCase()]);

function sameSecret(given: string, secret: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(secret)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** The name in a Host header, without port and brackets. */
function hostOf(header: string | undefined): string | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^:[\]]+))(?::\d+)?$/.exec((header ?? "").toLowerCase());
  return match?.[1] ?? match?.[2];
}

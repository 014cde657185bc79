import { lookup } from "node:dns/promises";
import { networkInterfaces } from "node:os";
import { LacunaError } from "../errors.js";

/** A name or address and a port, as a person writes them. */
export interface Address {
  readonly host: string;
  /** 0..65,535; 0 lets the system choose when listening. */
  readonly port: number;
}

/** An address that needs no more asking. */
export interface ResolvedAddress extends Address {
  readonly family: 4 | 6;
}

/**
 * Reads HOST:PORT, or [IPV6]:PORT.
 *
 * @throws LacunaError LACUNA_BAD_ADDRESS
 */
export function parseAddress(text: string): Address {
  const match = /^(?:\[([^\]\s]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || port > PORT_MAX) {
    throw new LacunaError("LACUNA_BAD_ADDRESS", `"${text}" is not an address`, { address: text });
  }
  return { host, port };
}

export function formatAddress({ host, port }: Address): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/**
 * Finds the IP address of a host.
 *
 * @throws LacunaError LACUNA_UNKNOWN_HOST
 */
export async function resolveAddress({ host, port }: Address): Promise<ResolvedAddress> {
  try {
    const found = await lookup(host);
    return { host: found.address, port, family: found.family === 6 ? 6 : 4 };
  } catch (cause) {
    const facts = { host };
    throw new LacunaError("LACUNA_UNKNOWN_HOST", `no host named "${host}" is known`, facts, {
      cause,
    });
  }
}

/** An address that a sender elsewhere can use: that of the first network when listening on all. */
export function reachableHost({ host, family }: ResolvedAddress): string {
  if (host !== "0.0.0.0" && host !== "::") return host;
  const wanted = family === 6 ? "IPv6" : "IPv4";
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const outward = addresses.find((a) => !a.internal && a.family === wanted && a.scopeid !== 0);
  const plain = addresses.find((a) => !a.internal && a.family === wanted);
  return (outward ?? plain)?.address ?? (family === 6 ? "::1" : "127.0.0.1");
}

const PORT_MAX = 65_535;

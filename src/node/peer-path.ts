import type { Address } from "./address.js";

/** A peer's address as the receiver machine keeps it: short, and quick to take apart for each datagram. */
export const pathOf = ({ host, port }: Address): string => `${port} ${host}`;

export function addressOf(path: string): Address {
  const gap = path.indexOf(" ");
  return { port: Number(path.slice(0, gap)), host: path.slice(gap + 1) };
}

import type { Address } from "./address.js";

/** Names peers' addresses as the receiver machine keeps them. Datagrams come in runs of one peer, so its name is kept. */
export class PathNames {
  private host = "";
  private port = 0;
  private path = "";

  of(host: string, port: number): string {
    if (port !== this.port || host !== this.host) {
      this.host = host;
      this.port = port;
      this.path = `${port} ${host}`;
    }
    return this.path;
  }
}

export function addressOf(path: string): Address {
  const gap = path.indexOf(" ");
  return { port: Number(path.slice(0, gap)), host: path.slice(gap + 1) };
}

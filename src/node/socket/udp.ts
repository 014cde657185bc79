import { createSocket, type Socket } from "node:dgram";
import { type ErrorCode, LacunaError } from "../errors.js";
import { type Address, formatAddress, type ResolvedAddress } from "./address.js";

/** A socket of the given family with large buffers that never asks the name service. Not yet bound. */
export function createUdpSocket(family: 4 | 6): Socket {
  const socket = createSocket({
    type: family === 6 ? "udp6" : "udp4",
    // Only resolved addresses are used here; Node's own look-up would cost a trip
    // through the event loop for each datagram.
    lookup: (host, _options, done) => done(null, host, family),
  });
  socket.once("listening", () => {
    growBuffer(() => socket.setRecvBufferSize(SOCKET_BUFFER_BYTES));
    growBuffer(() => socket.setSendBufferSize(SOCKET_BUFFER_BYTES));
  });
  return socket;
}

/**
 * Opens a socket and waits until it is bound.
 *
 * @throws LacunaError LACUNA_PORT_TAKEN, LACUNA_NO_PERMISSION, LACUNA_BAD_ADDRESS
 */
export async function bindUdp(address: ResolvedAddress): Promise<Socket> {
  const socket = createUdpSocket(address.family);
  await new Promise<void>((resolve, reject) => {
    const fail = (cause: NodeJS.ErrnoException): void => {
      socket.close();
      reject(bindFailure(address, cause));
    };
    socket.once("error", fail);
    socket.bind(address.port, address.host, () => {
      socket.off("error", fail);
      resolve();
    });
  });
  return socket;
}

function bindFailure(address: Address, cause: NodeJS.ErrnoException): LacunaError {
  const where = formatAddress(address);
  const [code, sentence] = BIND_FAILURES[cause.code ?? ""] ?? [
    "LACUNA_BAD_ADDRESS" as const,
    `cannot listen at ${where}: ${cause.code ?? cause.message}`,
  ];
  return new LacunaError(code, sentence.replace("ADDRESS", where), { address: where }, { cause });
}

/** The system may refuse or quietly cap what is asked; either way the socket works. */
function growBuffer(ask: () => void): void {
  try {
    ask();
  } catch {
    // A smaller buffer only loses datagrams sooner, which is what this program is made for.
  }
}

/** Ours: 0.2 s at 20,000 datagrams of 1,200 bytes a second, the longest pause of a busy event loop. */
const SOCKET_BUFFER_BYTES = 4 * 1024 * 1024;

const BIND_FAILURES: Record<string, [ErrorCode, string] | undefined> = {
  EADDRINUSE: ["LACUNA_PORT_TAKEN", "the port of ADDRESS is in use by another program"],
  EACCES: ["LACUNA_NO_PERMISSION", "this user may not listen at ADDRESS"],
  EPERM: ["LACUNA_NO_PERMISSION", "this user may not listen at ADDRESS"],
  EADDRNOTAVAIL: ["LACUNA_BAD_ADDRESS", "ADDRESS is not an address of this machine"],
};

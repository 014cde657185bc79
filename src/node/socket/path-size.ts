import type { Socket } from "node:dgram";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { networkInterfaces } from "node:os";
import {
  datagramBytesFor,
  ETHERNET_DATAGRAM_BYTES,
  type PathMtuOptions,
} from "../../protocol/path-mtu.js";
import type { Sender } from "../../protocol/sender.js";
import { BASE_DATAGRAM_BYTES } from "../../wire/datagram.js";
import type { SendOptions } from "../api-types.js";
import { nowUs } from "./clock.js";

/**
 * What this host sends without cutting it into IP fragments, from a connected socket.
 *
 * Linux forbids fragments on UDP sockets up to the MTU that it knows, and cuts what is longer itself; so the
 * interface's MTU is the bound. Node cannot ask other systems to forbid them, and there a probe that came
 * would prove nothing: they keep to the base size, as RFC 9000 section 14 demands. Loopback counts as Ethernet: a
 * program on it stands for a link, and loses whole datagrams.
 */
export async function hostDatagramBytes(local: {
  readonly address: string;
  readonly family: string;
}): Promise<number> {
  if (process.platform !== "linux" || !(await forbidsFragments(local.family))) {
    return BASE_DATAGRAM_BYTES;
  }
  const headers = local.family === "IPv6" ? IPV6_HEADERS_BYTES : IPV4_HEADERS_BYTES;
  const mtu = await mtuOf(local.address);
  return Math.max(BASE_DATAGRAM_BYTES, Math.min(mtu, JUMBO_MTU) - headers);
}

/** Fragments that this host has made since it started, of any program's datagrams; 0 where it cannot be known. */
function fragmentsMade(): number {
  const ip6 = /^Ip6FragCreates\s+(\d+)/m.exec(readNow("/proc/net/snmp6"))?.[1];
  return fragmentsIn(readNow("/proc/net/snmp")) + Number(ip6 ?? 0);
}

/**
 * Notices when this host makes IP fragments: then a router has told it, this time or for another program, that
 * the path is narrower, and what passes does so in parts. Other programs' fragments look the same, and only
 * make the search end lower.
 */
export class FragmentWatch {
  private seenBytes: number;
  private seenFragments: number;

  /** @param count how many fragments the host has made so far */
  constructor(
    private readonly sender: Pick<Sender, "pathDatagramBytes" | "handleTooLong">,
    private readonly count: () => number = fragmentsMade,
  ) {
    this.seenBytes = sender.pathDatagramBytes;
    this.seenFragments = count();
  }

  /** Before a size is used that was found just now. Costs nothing while none is. */
  lookAtChange(): void {
    if (this.sender.pathDatagramBytes !== this.seenBytes) this.look();
  }

  /** Now and then, while longer datagrams than the base size are sent: some 50 us. */
  look(): void {
    if (this.sender.pathDatagramBytes > BASE_DATAGRAM_BYTES) {
      const fragments = this.count();
      if (fragments > this.seenFragments) this.sender.handleTooLong(nowUs());
      this.seenFragments = fragments;
    }
    this.seenBytes = this.sender.pathDatagramBytes;
  }
}

/** The column FragCreates of the two lines that begin with "Ip:", names above values. */
export function fragmentsIn(snmp: string): number {
  const [names = "", values = ""] = snmp.split("\n").filter((line) => line.startsWith("Ip: "));
  const column = names.split(" ").indexOf("FragCreates");
  return column < 0 ? 0 : Number(values.split(" ")[column] ?? 0);
}

/** Where the search for the path's datagram size begins and ends. */
export async function pathOptions(
  socket: Socket,
  { maxDatagramBytes, pieceBytes = 0 }: Pick<SendOptions, "maxDatagramBytes" | "pieceBytes">,
  rememberedBytes = 0,
): Promise<PathMtuOptions> {
  const mostBytes = maxDatagramBytes ?? (await hostDatagramBytes(socket.address()));
  const hopedBytes = Math.max(datagramBytesFor(pieceBytes), rememberedBytes);
  return hopedBytes > BASE_DATAGRAM_BYTES ? { mostBytes, firstBytes: hopedBytes } : { mostBytes };
}

/** ip_no_pmtu_disc is 0 unless somebody turned the flag off that forbids fragments; IPv6 knows no such switch. */
async function forbidsFragments(family: string): Promise<boolean> {
  if (family === "IPv6") return true;
  return (await read("/proc/sys/net/ipv4/ip_no_pmtu_disc")).trim() === "0";
}

async function mtuOf(address: string): Promise<number> {
  const [bare] = address.split("%");
  for (const [name, addresses] of Object.entries(networkInterfaces())) {
    const own = addresses?.find((one) => one.address === bare);
    if (own === undefined) continue;
    if (own.internal) return ETHERNET_MTU;
    const mtu = Number.parseInt(await read(`/sys/class/net/${name}/mtu`), 10);
    return Number.isNaN(mtu) ? ETHERNET_MTU : mtu;
  }
  return ETHERNET_MTU;
}

const read = (path: string): Promise<string> => readFile(path, "utf8").catch(() => "");

function readNow(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

const IPV4_HEADERS_BYTES = 20 + 8;
const IPV6_HEADERS_BYTES = 40 + 8;
const ETHERNET_MTU = ETHERNET_DATAGRAM_BYTES + IPV4_HEADERS_BYTES;
/** Ours: longer datagrams were measured to gain nothing (docs/protocol.md section 6). */
const JUMBO_MTU = 9_000;

import { queueBytes } from "./grid.mjs";

/** Two routers stand between the ends, as the bottleneck before the loss: what is lost has used the link. */
export const ADDRESS = { a: "10.77.1.1", b: "10.77.3.1" };
/** All that is on the way by delay alone, in packets; the bottleneck's queue is the bucket's. */
const ON_THE_WAY_MAX = 1_000_000;

/**
 * The command lines, of `ip` and `tc`, that make a link by the kernel's netem and tbf: ends a and b, routers m and n,
 * namespaces all. a -> m -> n -> b: m's way to n delays and limits, n's way to b loses; the way back mirrors that.
 */
export function netemCommands(namespace, row) {
  const { a, b, m, n } = namespace;
  const joined = [
    [a, "end", ADDRESS.a, m, "toA", "10.77.1.2"],
    [m, "toN", "10.77.2.1", n, "toM", "10.77.2.2"],
    [n, "toB", "10.77.3.2", b, "end", ADDRESS.b],
  ];
  const ip = (at, ...words) => ["ip", "-n", at, ...words];
  return [
    ...joined.flatMap((pair) => join(ip, pair)),
    ...[m, n].map((at) => ["ip", "netns", "exec", at, "sysctl", "-qw", "net.ipv4.ip_forward=1"]),
    ip(a, "route", "add", "10.77.0.0/16", "via", "10.77.1.2"),
    ip(b, "route", "add", "10.77.0.0/16", "via", "10.77.3.2"),
    ip(m, "route", "add", "10.77.3.0/24", "via", "10.77.2.2"),
    ip(n, "route", "add", "10.77.1.0/24", "via", "10.77.2.1"),
    ...shape(m, "toN", row),
    ...shape(n, "toM", row),
    ...(row.loss > 0 ? [lose(n, "toB", row), lose(m, "toA", row)] : []),
  ];
}

/** Two namespaces with a pair of devices between them, which hand over single packets: a bundle would be lost whole. */
function join(ip, [left, leftDevice, leftAddress, right, rightDevice, rightAddress]) {
  const peer = ["peer", "name", rightDevice, "netns", right];
  const up = (at, device, address) => [
    ip(at, "addr", "add", `${address}/24`, "dev", device),
    ip(at, "link", "set", device, "gso_max_segs", "1", "up"),
  ];
  return [
    ip(left, "link", "add", leftDevice, "type", "veth", ...peer),
    ...up(left, leftDevice, leftAddress),
    ...up(right, rightDevice, rightAddress),
  ];
}

/** Delay, and behind it the bottleneck: tc-netem(8) has this order. */
function shape(at, device, row) {
  const tc = ["tc", "-n", at, "qdisc", "add", "dev", device];
  const delay = ["delay", `${row.rttMs / 2}ms`, "limit", String(ON_THE_WAY_MAX)];
  // What the rate brings in a tick of 4 ms, so that timers do not hold the bucket back.
  const burst = Math.max(3_000, Math.round((row.rateMbit * 1e6) / 8 / 250));
  const bucket = ["rate", `${row.rateMbit}mbit`, "burst", String(burst)];
  return [
    [...tc, "root", "handle", "1:", "netem", ...delay],
    [...tc, "parent", "1:1", "handle", "10:", "tbf", ...bucket, "limit", String(queueBytes(row))],
  ];
}

/** Gilbert's model: into a run of losses with one chance, out of it with another. */
function lose(at, device, { loss, burst }) {
  const [into, out] = [loss / ((1 - loss) * burst), 1 / burst];
  const percent = (share) => `${Number((share * 100).toFixed(4))}%`;
  const kind = burst > 1 ? ["gemodel", percent(into), percent(out)] : ["random", percent(loss)];
  return ["tc", "-n", at, "qdisc", "add", "dev", device, "root", "netem", "loss", ...kind];
}

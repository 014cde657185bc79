import { describe, expect, test } from "vitest";

interface Row {
  readonly rateMbit: number;
  readonly rttMs: number;
  readonly loss: number;
  readonly burst: number;
  readonly products?: number;
}

const { netemCommands } = (await import(
  new URL("../../bench/netem.mjs", import.meta.url).href
)) as {
  netemCommands: (namespace: Record<string, string>, row: Row) => readonly string[][];
};

const ROW = { rateMbit: 50, rttMs: 40, loss: 0, burst: 1 };

/** The command lines for a link between namespaces A and B, as text. */
function linesFor(row: Row): string[] {
  const lines = netemCommands({ a: "A", b: "B", m: "M", n: "N" }, row);
  return lines.map((words) => words.join(" "));
}

/** Those that shape what leaves by a device. */
const shaping = (row: Row): string[] => linesFor(row).filter((line) => line.startsWith("tc "));

describe("a link made by netem", () => {
  test("delays half the round trip each way, and behind that has a bottleneck with one product of queue", () => {
    const delay = "root handle 1: netem delay 20ms limit 1000000";
    const bucket = "parent 1:1 handle 10: tbf rate 50mbit burst 25000 limit 250000";
    expect(shaping(ROW)).toEqual([
      `tc -n M qdisc add dev toN ${delay}`,
      `tc -n M qdisc add dev toN ${bucket}`,
      `tc -n N qdisc add dev toM ${delay}`,
      `tc -n N qdisc add dev toM ${bucket}`,
    ]);
  });

  test("has as many products of queue as the row says, and 64 KiB at least", () => {
    expect(shaping({ ...ROW, products: 2 })[1]).toMatch(/ limit 500000$/);
    expect(shaping({ ...ROW, rateMbit: 1, rttMs: 2 })[1]).toMatch(/ limit 65536$/);
  });

  test("loses behind the bottleneck, so that what is lost has used the link", () => {
    expect(shaping({ ...ROW, loss: 0.05 }).slice(4)).toEqual([
      "tc -n N qdisc add dev toB root netem loss random 5%",
      "tc -n M qdisc add dev toA root netem loss random 5%",
    ]);
  });

  test("loses in runs of a mean length at the same mean share: into them by p, out of them by r", () => {
    const [forward = ""] = shaping({ ...ROW, loss: 0.05, burst: 8 }).slice(4);
    const [, p = "", r = ""] = /loss gemodel ([\d.]+)% ([\d.]+)%$/.exec(forward) ?? [];
    expect(1 / (Number(r) / 100)).toBe(8);
    expect(Number(p) / (Number(p) + Number(r))).toBeCloseTo(0.05, 4);
  });

  test("joins the ends by way of both routers, and hands over single packets", () => {
    const lines = linesFor(ROW);
    const joined = lines.map((line) =>
      / link add (\S+) type veth peer name (\S+) netns (\S+)/.exec(line),
    );
    expect(joined.filter((match) => match !== null).map((match) => match.slice(1))).toEqual([
      ["end", "toA", "M"],
      ["toN", "toM", "N"],
      ["toB", "end", "B"],
    ]);
    expect(lines.filter((line) => line.endsWith("gso_max_segs 1 up"))).toHaveLength(6);
    expect(lines).toContain("ip -n A route add 10.77.0.0/16 via 10.77.1.2");
    expect(lines).toContain("ip -n B route add 10.77.0.0/16 via 10.77.3.2");
    expect(lines).toContain("ip netns exec M sysctl -qw net.ipv4.ip_forward=1");
    expect(lines).toContain("ip -n M route add 10.77.3.0/24 via 10.77.2.2");
  });
});

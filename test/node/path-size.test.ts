import { describe, expect, test } from "vitest";
import { FragmentWatch, fragmentsIn, hostDatagramBytes } from "../../src/node/socket/path-size.js";

const onLinux = test.skipIf(process.platform !== "linux");

describe("what the host sends whole", () => {
  onLinux("is an Ethernet frame on loopback, for programs there stand for links", async () => {
    expect(await hostDatagramBytes({ address: "127.0.0.1", family: "IPv4" })).toBe(1_472);
    expect(await hostDatagramBytes({ address: "::1", family: "IPv6" })).toBe(1_452);
  });

  onLinux("is taken for Ethernet's at an address that is nobody's", async () => {
    expect(await hostDatagramBytes({ address: "192.0.2.1", family: "IPv4" })).toBe(1_472);
  });

  test.skipIf(process.platform === "linux")(
    "is the base size where fragments cannot be forbidden",
    async () => {
      expect(await hostDatagramBytes({ address: "127.0.0.1", family: "IPv4" })).toBe(1_200);
    },
  );
});

describe("the host's count of fragments", () => {
  const names = "Ip: Forwarding DefaultTTL InReceives FragOKs FragFails FragCreates";

  test("is found by its name", () => {
    expect(fragmentsIn(`${names}\nIp: 1 64 1000 2 0 4\nIcmp: InMsgs\nIcmp: 3\n`)).toBe(4);
  });

  test("is nothing where there is none", () => {
    expect(fragmentsIn("")).toBe(0);
    expect(fragmentsIn("Ip: Forwarding\nIp: 1\n")).toBe(0);
  });

  test("takes a size back that came in fragments", () => {
    let fragments = 7;
    let told = 0;
    const sender = { pathDatagramBytes: 1_200, handleTooLong: () => (told += 1) };
    const watch = new FragmentWatch(sender, () => fragments);
    fragments = 9;
    watch.look();
    watch.lookAtChange();
    expect(told).toBe(0);
    sender.pathDatagramBytes = 1_472;
    watch.lookAtChange();
    expect(told).toBe(1);
    watch.look();
    expect(told).toBe(1);
    fragments = 10;
    watch.lookAtChange();
    expect(told).toBe(1);
    watch.look();
    expect(told).toBe(2);
  });
});

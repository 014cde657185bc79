import type { PartialEvent } from "../../src/node/events.js";
import { count, duration, percent } from "./format.js";
import type { Phase } from "./state.js";

/** Everything that the page says, in one place. */
export const WORDS = {
  phase: {
    arriving: "Arriving",
    waiting: "Waiting",
    checking: "Checking",
    exact: "Exact",
    partial: "Partial",
    failed: "Failed",
    unknown: "Unknown",
  } satisfies Record<Phase, string>,
  partialReason: {
    "no-repair": "Repair was switched off.",
    deadline: "The deadline came.",
    interrupted: "The receiver was interrupted.",
    "sender-gone": "The sender fell silent.",
    "sender-stopped": "The sender stopped.",
  } satisfies Record<PartialEvent["reason"], string>,
  link: {
    connecting: "Connecting",
    open: "Live",
    ended: "The receiver has ended. This is the last it told.",
    full: "Thirty-two others watch already. Trying again soon.",
    lost: (seconds: number) =>
      seconds > 0
        ? `Connection to the receiver lost. Next try in ${seconds} s.`
        : "Connection to the receiver lost. Trying again.",
    retry: "Try now",
  },
  pageTitle: (name: string | undefined, share: number) =>
    name === undefined ? "Lacuna" : `${percent(share)} ${name} · Lacuna`,
  transfers: "Transfers",
  empty: {
    title: "Nothing has come yet",
    hint: "On the other machine, run",
    command: (ticket: string) => `lacuna send PICTURE --to ${ticket}`,
  },
  views: {
    group: "View",
    exact: "Exact only",
    shown: "Picture",
    holes: "Hole map",
  },
  states: {
    exact: "exact",
    approximate: "approximate",
    missing: "missing",
  },
  from: (address: string) => `from ${address}`,
  confirmed: "confirmed",
  missing: (missing: number, units: number, what: string) =>
    missing === 0 ? `no ${what} missing` : `${count(missing)} of ${count(units)} ${what} missing`,
  notExact: (missing: number, units: number, what: string) =>
    `${count(missing)} of ${count(units)} ${what} not exact yet`,
  notCounted: "not counted yet",
  quiet: (seconds: number) => `Nothing new for ${duration(seconds)}.`,
  unknown: "Not heard of since the connection was cut.",
  checking: "Everything is here. Its digest is being checked.",
  resumed: (pieces: number) => `${count(pieces)} pieces were kept from an earlier run.`,
  reduced: (shown: string, all: string) =>
    `Shown reduced, ${shown} of ${all}: each exact pixel shown is one of the picture's. The numbers count all.`,
  noPicture: "This is sent as a plain file: there is no picture to show.",
  noView: "This picture is not kept for viewing. Its numbers stay.",
  viewFailed: (reason: string) => `The picture is drawn no more: ${reason}. It still arrives.`,
  numbers: {
    title: "Numbers",
    rate: "Rate",
    rtt: "Round trip",
    loss: "Loss lately",
    lossAll: "Loss",
    left: "Time left",
    took: "Took",
    repaired: "Repaired",
    recovered: "Recovered by parity",
    duplicates: "Duplicates",
    malformed: "Damaged datagrams",
    unknown: "–",
  },
  exact: {
    badge: "EXACT",
    sentence: (units: number, what: string) => `All ${count(units)} ${what} verified.`,
    digest: "SHA-256",
    copy: "Copy",
    copied: "Copied",
    saved: "Saved as",
  },
  partial: {
    badge: "PARTIAL",
    report: "Report",
  },
  failed: { badge: "FAILED" },
  canvas: (name: string, share: number, view: "exact" | "shown" | "holes") =>
    ({
      exact: `${name}, ${percent(share)} there; all that is not exact is hatched`,
      shown: `${name}, ${percent(share)} there, some of the rest approximately; missing pixels are hatched`,
      holes: `Hole map of ${name}, ${percent(share)} exact`,
    })[view],
  spoken: {
    started: (name: string) => `${name} is arriving.`,
    milestone: (name: string, share: number) => `${name}: ${share} per cent confirmed.`,
    stalled: (name: string) => `${name} is stalled: nothing new comes.`,
    exact: (name: string) => `${name} is exact: every part is verified.`,
    partial: (name: string) => `${name} has ended with parts missing.`,
    failed: (name: string) => `${name} has failed.`,
    lost: "Connection to the receiver lost.",
  },
} as const;

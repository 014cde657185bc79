import { computed, signal } from "@preact/signals";
import type { BlockMessage, FeedMessage } from "../../src/viewer/feed.js";
import { Announcer } from "./announcer.js";
import { Connection, type Link } from "./connection.js";
import { Plane, type View } from "./pixels.js";
import { NOTHING_YET, phaseOf, reduce, type State, type Transfer } from "./state.js";
import { WORDS } from "./words.js";

/** All that the page knows. Components read these; only the functions below write them. */
export const state = signal<State>(NOTHING_YET);
export const link = signal<Link>({ kind: "connecting" });
export const view = signal<View>("shown");
/** The sentence in the live region. */
export const spoken = signal("");
/** The pixels of the picture shown; a new object for each picture. */
export const plane = signal<{ readonly number: number; readonly plane: Plane } | undefined>(
  undefined,
);
/** The page's clock, moved every quarter second. */
export const clockMs = signal(performance.now());

/** The time for which the page may speak: none while it is cut off. */
export const knownMs = computed(() => ("sinceMs" in link.value ? undefined : clockMs.value));

const chosen = signal<string | undefined>(undefined);

/** The transfer shown: the one chosen by hand, else the newest. */
export const shown = computed<Transfer | undefined>(() => {
  const { transfers } = state.value;
  return transfers.find((transfer) => transfer.id === chosen.value) ?? transfers.at(-1);
});

export const choose = (id: string): void => {
  chosen.value = id;
  follow();
};

export const setView = (next: View): void => {
  view.value = next;
};

/** Told of each block, to draw it without going through the components. */
const painters = new Set<(block: BlockMessage) => void>();
export function onBlock(painter: (block: BlockMessage) => void): () => void {
  painters.add(painter);
  return () => painters.delete(painter);
}

const connection = new Connection(feedAddress(), {
  onLink(next) {
    if (next.kind === "lost" && link.value.kind === "open") spoken.value = WORDS.spoken.lost;
    link.value = next;
  },
  onMessage(message: FeedMessage) {
    state.value = reduce(state.value, message, performance.now());
    if (message.event === "hello") plane.value = undefined;
    follow();
    announce();
  },
  onBlock(block) {
    const held = plane.value;
    if (held?.number !== block.image || !held.plane.place(block)) return;
    for (const painter of painters) painter(block);
  },
});

export const retry = (): void => connection.open();

export function start(): void {
  connection.open();
  setInterval(() => {
    clockMs.value = performance.now();
    announce();
  }, CLOCK_MS);
}

const CLOCK_MS = 250;
const announcer = new Announcer();

/** Watches the picture that is shown, and makes room for its pixels. */
function follow(): void {
  const image = shown.value?.image;
  const size = image?.view;
  const number = image !== undefined && size !== undefined ? image.number : undefined;
  if (plane.value?.number === number) return;
  plane.value =
    number === undefined || size === undefined
      ? undefined
      : { number, plane: new Plane(size.width, size.height) };
  connection.watch(number ?? null);
}

function announce(): void {
  const transfer = shown.value;
  if (transfer === undefined || knownMs.value === undefined) return;
  const sentence = announcer.next(transfer, phaseOf(transfer, knownMs.value));
  if (sentence !== undefined) spoken.value = sentence;
}

function feedAddress(): URL {
  const address = new URL("feed", location.href);
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  return address;
}

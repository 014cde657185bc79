import { useEffect, useRef } from "preact/hooks";
import { count } from "./format.js";
import type { Plane } from "./pixels.js";
import { Stage } from "./stage.js";
import { confirmedShare, pixelCounts, type Transfer } from "./state.js";
import { onBlock, plane, setView, view } from "./store.js";
import { WORDS } from "./words.js";

/** The picture as it is now, or why there is none. */
export function Picture({ transfer }: { transfer: Transfer }) {
  const held = plane.value;
  if (transfer.image && !transfer.image.view) {
    return <p class="blank">{transfer.mode === "file" ? WORDS.noPicture : WORDS.noView}</p>;
  }
  const failure = transfer.image?.viewFailure;
  return (
    <section class="picture" aria-label={transfer.name}>
      <Views transfer={transfer} />
      {held ? (
        <Canvas key={held.number} plane={held.plane} transfer={transfer} />
      ) : (
        <div class="stage" />
      )}
      {failure !== undefined && <p class="note">{WORDS.viewFailed(failure)}</p>}
      <Reduced transfer={transfer} />
    </section>
  );
}

function Views({ transfer }: { transfer: Transfer }) {
  const choices = [
    { is: "exact", key: "1", label: WORDS.views.exact },
    { is: "shown", key: "2", label: WORDS.views.shown },
    { is: "holes", key: "3", label: WORDS.views.holes },
  ] as const;
  return (
    <div class="views">
      <fieldset class="segments">
        <legend class="unseen">{WORDS.views.group}</legend>
        {choices.map(({ is, key, label }) => (
          <button
            key={is}
            type="button"
            aria-pressed={view.value === is}
            aria-keyshortcuts={key}
            onClick={() => setView(is)}
          >
            {label} <kbd>{key}</kbd>
          </button>
        ))}
      </fieldset>
      <Legend transfer={transfer} />
    </div>
  );
}

/** What is seen, and of how many pixels that is so. */
function Legend({ transfer }: { transfer: Transfer }) {
  const counts = pixelCounts(transfer);
  const swatch = LOOKS[view.value];
  return (
    <ul class="legend">
      {(["exact", "approximate", "missing"] as const).map((state) => (
        <li key={state}>
          <i class={`swatch ${swatch[state]}`} /> {WORDS.states[state]}
          {counts && <strong>{count(counts[state])}</strong>}
        </li>
      ))}
    </ul>
  );
}

/** How pixels look in each view: as they are, hatched, or in a flat colour. */
const LOOKS = {
  exact: { exact: "as-is", approximate: "hatch", missing: "hatch" },
  shown: { exact: "as-is", approximate: "as-is soft", missing: "hatch" },
  holes: { exact: "exact", approximate: "approximate", missing: "missing" },
} as const;

function Canvas({ plane, transfer }: { plane: Plane; transfer: Transfer }) {
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const stage = useRef<Stage | undefined>(undefined);
  const shownView = view.value;

  useEffect(() => {
    if (!box.current || !canvas.current) return undefined;
    const made = new Stage(canvas.current, plane, view.peek());
    stage.current = made;
    const sizes = new ResizeObserver(([entry]) => {
      if (entry) made.fit(entry.contentRect.width, entry.contentRect.height);
    });
    sizes.observe(box.current);
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const recolour = (): void => made.again();
    dark.addEventListener("change", recolour);
    const forget = onBlock((block) => made.arrived(block));
    return () => {
      forget();
      dark.removeEventListener("change", recolour);
      sizes.disconnect();
      made.close();
    };
  }, [plane]);

  useEffect(() => stage.current?.show(shownView), [shownView]);

  const label = WORDS.canvas(transfer.name, confirmedShare(transfer), shownView);
  return (
    <div class="stage" ref={box} style={{ "--shape": `${plane.width} / ${plane.height}` }}>
      <canvas ref={canvas} role="img" aria-label={label} />
    </div>
  );
}

/** Honest about what a reduced view leaves out. */
function Reduced({ transfer }: { transfer: Transfer }) {
  const shown = transfer.image?.view;
  if (!shown || shown.width === transfer.width) return null;
  const size = (width: number, height: number) => `${count(width)} × ${count(height)}`;
  return (
    <p class="note">
      {WORDS.reduced(size(shown.width, shown.height), size(transfer.width, transfer.height))}
    </p>
  );
}

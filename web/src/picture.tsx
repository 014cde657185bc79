import { useEffect, useRef } from "preact/hooks";
import { count } from "./format.js";
import type { Plane } from "./pixels.js";
import { Stage } from "./stage.js";
import { confirmedShare, type Transfer } from "./state.js";
import { onBlock, plane, setView, view } from "./store.js";
import { WORDS } from "./words.js";

/** The picture as it is now, or why there is none. */
export function Picture({ transfer }: { transfer: Transfer }) {
  const held = plane.value;
  if (transfer.mode === "file") return <p class="blank">{WORDS.noPicture}</p>;
  if (transfer.image && !transfer.image.preview) return <p class="blank">{WORDS.noPreview}</p>;
  return (
    <section class="picture" aria-label={transfer.name}>
      <Views />
      {held ? (
        <Canvas key={held.number} plane={held.plane} transfer={transfer} />
      ) : (
        <div class="stage" />
      )}
      <Reduced transfer={transfer} />
    </section>
  );
}

function Views() {
  const choices = [
    { is: "exact", key: "1", label: WORDS.views.exact },
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
      <p class="legend">
        {view.value === "holes" && (
          <span>
            <i class="swatch present" /> {WORDS.views.present}
          </span>
        )}
        <span>
          <i class={`swatch ${view.value === "holes" ? "missing" : "hatch"}`} />{" "}
          {WORDS.views.missing}
        </span>
      </p>
    </div>
  );
}

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
  const preview = transfer.image?.preview;
  if (!preview || preview.width === transfer.width) return null;
  const size = (width: number, height: number) => `${count(width)} × ${count(height)}`;
  return (
    <p class="note">
      {WORDS.reduced(size(preview.width, preview.height), size(transfer.width, transfer.height))}
    </p>
  );
}

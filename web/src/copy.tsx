import { useSignal } from "@preact/signals";
import { WORDS } from "./words.js";

/** A button that copies a text. Where the page may not, it does not offer to. */
export function CopyButton({ text, what }: { text: string; what: string }) {
  const copied = useSignal(false);
  if (!navigator.clipboard) return null;
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(text);
    copied.value = true;
    setTimeout(() => {
      copied.value = false;
    }, COPIED_MS);
  };
  return (
    <button
      type="button"
      class="copy"
      aria-label={`${WORDS.exact.copy} ${what}`}
      onClick={() => void copy()}
    >
      {copied.value ? WORDS.exact.copied : WORDS.exact.copy}
    </button>
  );
}

const COPIED_MS = 1_500;

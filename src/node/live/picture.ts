import type { ViewPlanes, ViewSource } from "../../picture/reduced-view.js";
import type { Content } from "../../wire/manifest.js";

/** A picture that is looked at while it comes. */
export interface LivePicture {
  /** Written by another thread: of a pixel, the state that is read first never claims more than the colour read after it. */
  readonly view: ViewPlanes;
  /** Pixels of the whole picture whose values are known, and pixels of the rest that a preview stands for. */
  readonly exactPixels: number;
  readonly approximatePixels: number;
  /** Why the view goes on no more, though the transfer may. */
  readonly failure: string | undefined;
  /** Calls back with the numbers of the blocks that changed; the caller may look at them until the next call. */
  onChange(listener: (blocks: readonly number[]) => void): void;
}

/** What a view of an image is made from; undefined for what is not to be looked at. */
export function viewSourceOf(content: Content): ViewSource | undefined {
  if (content.mode === "pixels" || content.mode === "coded") return content;
  const size = content.mode === "jpeg" ? content : content.preview && content.picture;
  if (size === undefined) return undefined;
  const { width, height } = size;
  return { width, height, fields: 1, channels: 3, bits: 8, colour: "rgb" };
}

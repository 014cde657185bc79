import type { PixelView, StripCoder } from "./types.js";

/** Codes rectangles to learn how many bytes they take, and throws the bytes away. */
export class Trial {
  private room: Uint8Array = new Uint8Array();

  constructor(private readonly pixelBytes: number) {}

  /** Bytes that a rectangle takes when it is coded as one piece of any length; what does not get smaller goes raw. */
  bytesOf(coder: StripCoder, view: PixelView): number {
    const raw = view.width * view.height * this.pixelBytes;
    if (this.room.length < raw) this.room = new Uint8Array(raw);
    const { rows, bytes } = coder.encode(view, this.room, 0, raw);
    return bytes + raw - (rows * raw) / view.height;
  }
}

import sharp, { type JpegOptions } from "sharp";
import { Random } from "../../src/base/random.js";
import { type JpegCut, openJpeg } from "../../src/jpeg/cut.js";

/** Pixels with edges, slopes and noise, so that blocks of all kinds come up. */
export function scene(width: number, height: number, channels: 1 | 3 | 4, seed = 1): Uint8Array {
  const random = new Random(seed);
  const pixels = new Uint8Array(width * height * channels);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const noise = x > width / 2 ? random.unit() * 60 : 0;
      for (let c = 0; c < channels; c += 1) {
        const wave = 60 * Math.sin((x * (c + 2)) / 17) + 50 * Math.cos((y * (c + 1)) / 11);
        const step = (x >> 5) % 2 === (y >> 4) % 2 ? 40 : -20;
        pixels[(y * width + x) * channels + c] = Math.max(
          0,
          Math.min(255, 110 + wave + step + noise),
        );
      }
    }
  }
  return pixels;
}

export interface Variant extends JpegOptions {
  readonly width: number;
  readonly height: number;
  /** 4 makes CMYK. */
  readonly channels?: 1 | 3 | 4;
}

/** A JPEG made by libjpeg. */
export async function jpeg({ width, height, channels = 3, ...options }: Variant): Promise<Buffer> {
  const raw = { width, height, channels: channels === 4 ? 3 : channels } as const;
  let image = sharp(scene(width, height, raw.channels), { raw });
  if (channels !== 3) image = image.toColourspace(channels === 4 ? "cmyk" : "b-w");
  return image.jpeg(options).toBuffer();
}

/** What libjpeg shows: gray or RGB; inks as this package turns them into RGB. */
export async function libjpegPixels(file: Uint8Array, channels: number): Promise<Uint8Array> {
  const space = channels === 1 ? "b-w" : channels === 4 ? "cmyk" : "srgb";
  const image = sharp(file, { ignoreIcc: true });
  if (channels === 4) image.pipelineColourspace("cmyk");
  const pixels = await image.toColourspace(space).raw().toBuffer();
  if (channels !== 4) return pixels;
  const rgb = new Uint8Array((pixels.length / 4) * 3);
  for (let i = 0; i < rgb.length; i += 1) {
    const pixel = 4 * Math.floor(i / 3);
    const [ink, black] = [pixels[pixel + (i % 3)] as number, pixels[pixel + 3] as number];
    rgb[i] = Math.round(((255 - ink) * (255 - black)) / 255);
  }
  return rgb;
}

export function opened(file: Uint8Array, pieceBytes = 1_150): JpegCut {
  const cut = openJpeg(file, pieceBytes);
  if ("unusual" in cut) throw new Error(cut.unusual);
  return cut;
}

export const piecesOf = (cut: JpegCut): Uint8Array[] =>
  Array.from({ length: cut.pieceCount }, (_, number) => cut.piece(number));

/** Segments of a file: an application's, or a comment. */
export function segment(marker: number, body: Uint8Array): Uint8Array {
  const length = body.length + 2;
  return Uint8Array.of(0xff, marker, length >>> 8, length & 255, ...body);
}

/** The file with bytes put in behind its start of image. */
export const withSegments = (file: Uint8Array, ...segments: Uint8Array[]): Uint8Array =>
  Buffer.concat([file.subarray(0, 2), ...segments, file.subarray(2)]);

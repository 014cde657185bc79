// How fast photographic pieces are coded on one core, by the kernel and by the plain reference: node bench/codec-speed.mjs [IMAGE...]
// Without images, scenes of waves, edges and grain. Medians of processor time over several rounds, in Mpixel/s.
import sharp from "sharp";
import { PhotoCoder, PhotoDecoder } from "../dist/codec/photo/photo-coder.js";
import { ReferenceCoder, ReferenceDecoder } from "../dist/codec/photo/reference.js";
import { trainPhoto } from "../dist/codec/photo/train.js";
import { bytesPerPixel, newView, partOf } from "../dist/codec/pixels.js";

const PAYLOAD_BYTES = 1_140;
const ROUNDS = { kernel: 9, reference: 1 };
const CODERS = {
  kernel: [PhotoCoder, PhotoDecoder],
  reference: [ReferenceCoder, ReferenceDecoder],
};

const scenes = process.argv[2]
  ? await Promise.all(process.argv.slice(2).map(openImage))
  : [
      sceneOf({ channels: 1, bits: 8, colour: "gray" }),
      sceneOf({ channels: 1, bits: 16, colour: "gray" }),
      sceneOf({ channels: 3, bits: 8, colour: "rgb" }),
      sceneOf({ channels: 4, bits: 8, colour: "rgb" }),
      sceneOf({ channels: 3, bits: 16, colour: "rgb" }),
    ];

for (const { name, format, view } of scenes) {
  const started = process.cpuUsage();
  const { tables, bits, pixels } = trainPhoto([view], format);
  const trained = millisecondsSince(started);
  console.log(
    `${name}: ${(bits / pixels).toFixed(2)} bits a pixel, trained in ${trained.toFixed(0)} ms`,
  );
  const width = 2 * Math.round(Math.sqrt((PAYLOAD_BYTES * 8 * pixels) / bits) / 2);
  for (const [kind, [Coder, Decoder]] of Object.entries(CODERS)) {
    const coder = Coder.of(format, tables);
    const decoder = Decoder.of(format, tables);
    const encoding = [];
    const decoding = [];
    let pieces = [];
    for (let round = 0; round < ROUNDS[kind]; round += 1) {
      const atEncode = process.cpuUsage();
      pieces = encodeAll(coder, view, width, bytesPerPixel(format));
      encoding.push(millisecondsSince(atEncode));
      const atDecode = process.cpuUsage();
      for (const { payload, to } of pieces) decoder.decode(payload, to);
      decoding.push(millisecondsSince(atDecode));
    }
    const speed = (times) => (view.width * view.height) / median(times) / 1_000;
    const filled = pieces.reduce((sum, { payload }) => sum + payload.length, 0);
    console.log(
      `  ${kind}: encode ${speed(encoding).toFixed(1)}, decode ${speed(decoding).toFixed(1)} Mpixel/s;`,
      `${pieces.length} pieces, ${((100 * filled) / pieces.length / PAYLOAD_BYTES).toFixed(1)} % full`,
    );
  }
}

function encodeAll(coder, view, stripWidth, pixelBytes) {
  const target = new Uint8Array(PAYLOAD_BYTES);
  const decoded = newView(view.width, view.height, pixelBytes);
  const pieces = [];
  for (let x = 0; x < view.width; x += stripWidth) {
    const width = Math.min(stripWidth, view.width - x);
    for (let y = 0; y < view.height; ) {
      const rest = partOf(view, { x, y, width, height: view.height - y }, pixelBytes);
      const { rows, bytes } = coder.encode(rest, target, 0, PAYLOAD_BYTES);
      const to = partOf(decoded, { x, y, width, height: rows }, pixelBytes);
      pieces.push({ payload: target.slice(0, bytes), to });
      y += rows;
    }
  }
  return pieces;
}

async function openImage(path) {
  const { data, info } = await sharp(path).raw().toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  const format = { channels, bits: 8, colour: channels < 3 ? "gray" : "rgb" };
  const view = { bytes: data, offset: 0, stride: width * channels, width, height };
  return { name: path, format, view };
}

function sceneOf(format) {
  const view = newView(768, 512, bytesPerPixel(format));
  const high = 2 ** format.bits - 1;
  let at = 0;
  let seed = 1;
  for (let y = 0; y < view.height; y += 1) {
    for (let x = 0; x < view.width; x += 1) {
      const light = 0.5 + 0.3 * Math.sin(x / 19 + y / 43) + ((x * 3 + y) % 400 < 150 ? 0.1 : -0.1);
      for (let channel = 0; channel < format.channels; channel += 1) {
        seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
        const grain = (seed / 2 ** 32 - 0.5) * 0.03;
        const value = Math.round(
          high * Math.min(1, Math.max(0, light * (1 - channel / 9) + grain)),
        );
        view.bytes[at++] = value & 255;
        if (format.bits === 16) view.bytes[at++] = value >> 8;
      }
    }
  }
  return { name: `${format.channels} x ${format.bits} bits`, format, view };
}

function millisecondsSince(start) {
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1_000;
}

function median(times) {
  return times.toSorted((a, b) => a - b)[times.length >> 1];
}

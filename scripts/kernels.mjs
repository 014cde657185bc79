// Compiles the AssemblyScript kernels (kernels/NAME.ts) to WebAssembly, each kept as bytes in a module of the
// codec room (src/codec/wasm/NAME.ts), so that Node, worker threads and browsers load it alike.
// Does nothing for a kernel that has not changed.
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";
import binaryen from "assemblyscript/binaryen";

const root = fileURLToPath(new URL("..", import.meta.url));
const sources = join(root, "kernels");
const target = join(root, "src", "codec", "wasm");
const options = ["-O3", "--converge", "--noAssert", "--runtime", "stub", "--enable", "simd"];
// Engines do not inline calls of WebAssembly. These kernels take a decision or a value at a time, and gain by fewer calls.
const inlined = { kernels: ["scan", "synth"], sizeMax: 400, sizeAlways: 60, sizeOneCaller: 10_000 };

mkdirSync(target, { recursive: true });
// What kernels share lies in folders beside them; a change there changes them all.
const stamp = stampOf(sources);
for (const file of readdirSync(sources).filter((name) => name.endsWith(".ts"))) {
  await compile(basename(file, ".ts"));
}

async function compile(name) {
  const path = join(target, `${name}.ts`);
  const head = `// Made from kernels/${name}.ts by scripts/kernels.mjs: ${stamp}\n`;
  if (readIfThere(path).startsWith(head)) return;
  const { error, stderr, binary } = await compileInMemory(`${name}.ts`);
  if (error) {
    console.error(stderr);
    process.exit(1);
  }
  const made = inlined.kernels.includes(name) ? inline(binary) : binary;
  const constant = `${name.replace(/-(\w)/g, (_, letter) => letter.toUpperCase())}Wasm`;
  writeFileSync(path, `${head}export const ${constant} = Uint8Array.of(${made.join()});\n`);
}

async function compileInMemory(file) {
  let binary = new Uint8Array();
  const { error, stderr } = await asc.main([file, ...options, "--outFile", "out.wasm"], {
    readFile: (name, base) =>
      readIfThere(join(base.startsWith("/") ? base : sources, name)) || null,
    writeFile: (name, contents) => {
      if (name.endsWith(".wasm")) binary = contents;
    },
    listFiles: () => [],
  });
  return { error, stderr: stderr.toString(), binary };
}

function inline(binary) {
  const module = binaryen.readBinary(binary);
  const { MutableGlobals, SignExt, NontrappingFPToInt, BulkMemory, BulkMemoryOpt, SIMD128 } =
    binaryen.Features;
  module.setFeatures(
    MutableGlobals | SignExt | NontrappingFPToInt | BulkMemory | BulkMemoryOpt | SIMD128,
  );
  binaryen.setOptimizeLevel(3);
  binaryen.setShrinkLevel(0);
  binaryen.setFlexibleInlineMaxSize(inlined.sizeMax);
  binaryen.setAlwaysInlineMaxSize(inlined.sizeAlways);
  binaryen.setOneCallerInlineMaxSize(inlined.sizeOneCaller);
  binaryen.setAllowInliningFunctionsWithLoops(true);
  module.optimize();
  const made = module.emitBinary();
  module.dispose();
  return made;
}

function stampOf(folder) {
  const settings = JSON.stringify([options, inlined]);
  const hash = createHash("sha256").update(settings).update(asc.version);
  const files = readdirSync(folder, { recursive: true }).filter((name) => name.endsWith(".ts"));
  for (const name of files.sort()) hash.update(name).update(readFileSync(join(folder, name)));
  return hash.digest("hex").slice(0, 16);
}

function readIfThere(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

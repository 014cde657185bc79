// Sends files, but for so many seconds at most; what has arrived by then stays at the receiver, and
// the same command again goes on from there.
//
//   node examples/send-with-abort.mjs TICKET SECONDS PATH...
import { LacunaError, send } from "lacuna";

const [to, seconds, ...paths] = process.argv.slice(2);
if (paths.length === 0) {
  console.error("usage: node examples/send-with-abort.mjs TICKET SECONDS PATH...");
  process.exit(2);
}

// Any signal does: a timeout, the one of a web request, an AbortController of your own.
const signal = AbortSignal.timeout(Number(seconds) * 1_000);
try {
  const { files, interrupted } = await send(paths, { to, signal, rateMbit: 1 });
  for (const file of files) {
    if (file.outcome === "complete") console.log(`${file.name} is verified there`);
    else console.log(`${file.name} lacks ${file.missingPixels} pixels there`);
  }
  if (interrupted) console.log("stopped before the end");
} catch (error) {
  if (!(error instanceof LacunaError)) throw error;
  // Every failure has a code that stays the same, and says what to do about it.
  console.error(`${error.code}: ${error.message}; ${error.remedy}`);
  process.exitCode = error.exitCode;
}

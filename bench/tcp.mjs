/*
 * A file over plain TCP, as a measure for Lacuna. `receive` counts what comes and answers the end of it with one byte;
 * `send` prints the seconds from before it connects until it has that byte. Nothing is written to a disk or checked:
 * that is in TCP's favour.
 *
 *   node bench/tcp.mjs receive HOST PORT
 *   node bench/tcp.mjs send HOST PORT FILE
 */
import { readFileSync } from "node:fs";
import { connect, createServer } from "node:net";

const [role, host, port, file] = process.argv.slice(2);

if (role === "receive") {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.resume();
    socket.on("end", () => socket.end(Buffer.of(1)));
    socket.on("error", () => undefined);
  });
  server.listen(Number(port), host, () => console.log("listening"));
} else {
  const bytes = readFileSync(file);
  const startMs = performance.now();
  const socket = connect({ host, port: Number(port), noDelay: true });
  socket.end(bytes);
  socket.once("data", () => {
    console.log((performance.now() - startMs) / 1_000);
    socket.destroy();
  });
}

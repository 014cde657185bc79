/*
 * A file over plain TCP, as a measure for Lacuna. `receive` counts what comes and answers the end of it with one byte;
 * `send` prints the seconds from before it connects until it has that byte. Nothing is written to a disk or checked:
 * that is in TCP's favour.
 *
 *   node bench/tcp.mjs receive HOST PORT
 *   node bench/tcp.mjs send HOST PORT FILE
 *
 * And without end, to stand beside others: `count` prints ten times a second how many bytes have come.
 *
 *   node bench/tcp.mjs count HOST PORT
 *   node bench/tcp.mjs flood HOST PORT
 */
import { readFileSync } from "node:fs";
import { connect, createServer } from "node:net";

const [role, host, port, file] = process.argv.slice(2);

const ROLES = { receive, send, count, flood };
ROLES[role]();

function receive() {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.resume();
    socket.on("end", () => socket.end(Buffer.of(1)));
    socket.on("error", () => undefined);
  });
  server.listen(Number(port), host, () => console.log("listening"));
}

function send() {
  const bytes = readFileSync(file);
  const startMs = performance.now();
  const socket = connect({ host, port: Number(port), noDelay: true });
  socket.end(bytes);
  socket.once("data", () => {
    console.log((performance.now() - startMs) / 1_000);
    socket.destroy();
  });
}

function count() {
  let bytes = 0;
  const server = createServer((socket) => {
    socket.on("data", (chunk) => {
      bytes += chunk.length;
    });
    socket.on("error", () => undefined);
    setInterval(() => console.log(bytes), 100);
  });
  server.listen(Number(port), host, () => console.log("listening"));
}

function flood() {
  const socket = connect({ host, port: Number(port), noDelay: true });
  const chunk = Buffer.alloc(65_536, 1);
  const fill = () => {
    while (socket.write(chunk));
  };
  socket.on("connect", fill);
  socket.on("drain", fill);
}

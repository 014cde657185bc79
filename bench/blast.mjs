/*
 * As many datagrams a second as plain node:dgram sends over loopback, as a measure for Lacuna.
 *
 *   node bench/blast.mjs receive              prints its port, and after the blast how many datagrams came
 *   node bench/blast.mjs send PORT SECONDS    prints { sent, seconds } as JSON
 */
import { createSocket } from "node:dgram";

const DATAGRAM = Buffer.alloc(1_400, 1);
/** Datagrams handed over at once; the kernel's answer to the last of them asks for the next. */
const BATCH = 64;
const BUFFER_BYTES = 4 * 1024 * 1024;
/** After so long without a datagram the blast is over. */
const QUIET_MS = 500;

const [role, port, seconds] = process.argv.slice(2);
const socket = createSocket("udp4");
if (role === "receive") receive();
else socket.connect(Number(port), "127.0.0.1", () => send(Number(seconds) * 1_000));

function receive() {
  let received = 0;
  let seen = 0;
  socket.on("message", () => {
    received += 1;
  });
  socket.bind(0, "127.0.0.1", () => {
    socket.setRecvBufferSize(BUFFER_BYTES);
    console.log(socket.address().port);
  });
  setInterval(() => {
    if (seen > 0 && seen === received) {
      console.log(received);
      process.exit(0);
    }
    seen = received;
  }, QUIET_MS);
}

function send(forMs) {
  socket.setSendBufferSize(BUFFER_BYTES);
  const startMs = performance.now();
  let sent = 0;
  const next = () => {
    const tookMs = performance.now() - startMs;
    if (tookMs >= forMs) {
      console.log(JSON.stringify({ sent, seconds: tookMs / 1_000 }));
      socket.close();
      return;
    }
    for (let i = 1; i < BATCH; i += 1) socket.send(DATAGRAM);
    socket.send(DATAGRAM, next);
    sent += BATCH;
  };
  next();
}

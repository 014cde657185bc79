/**
 * Makes it no error when nobody reads our output any more, as in
 * `lacuna receive --json | head -1`: what runs ends as by a polite kill, else we leave quietly.
 */
export function endWhenUnread(): void {
  let asked = false;
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE" && error.code !== "ERR_STREAM_DESTROYED") throw error;
    if (asked) return;
    asked = true;
    if (!process.emit("SIGTERM", "SIGTERM")) process.exit();
  });
  // Words for people that nobody reads harm nobody.
  process.stderr.on("error", () => undefined);
}

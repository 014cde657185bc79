/**
 * Lets Ctrl-C (and a polite kill) end things gracefully: the first calls
 * `stop`, the second leaves at once. Gives the function that ends the watch.
 */
export function onInterrupt(stop: () => void): () => void {
  let asked = false;
  const interrupt = (): void => {
    if (asked) process.exit(EXIT_INTERRUPTED);
    asked = true;
    stop();
  };
  for (const signal of SIGNALS) process.on(signal, interrupt);
  return () => {
    for (const signal of SIGNALS) process.off(signal, interrupt);
  };
}

/** 128 + SIGINT's number, as shells say it. */
export const EXIT_INTERRUPTED = 130;
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Stops the program when one of our own promises is broken. Never used for what a peer or a person sent. */
export function assert(condition: boolean, promise: string): asserts condition {
  if (!condition) throw new Error(`broken promise: ${promise}`);
}

/** For the branch of a switch over a closed union that can never run. */
export function unreachable(value: never): never {
  throw new Error(`unreachable value: ${JSON.stringify(value)}`);
}

export const fromHex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "hex"));

export const toHex = (bytes: Uint8Array | undefined): string | undefined =>
  bytes === undefined ? undefined : Buffer.from(bytes).toString("hex");

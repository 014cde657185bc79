// What the host fills once, and where payloads lie.

/** i32: 2 groups of planes, 3 classes, 8 neighbours. */
export const WEIGHTS = memory.data(2 * 3 * 8 * 4);
/** i32 for each plane. */
export const MIDDLES = memory.data(4 * 4);
/** u8: the level of each unrest. */
export const LEVELS = memory.data(4096);
/** u8: the table of each context. */
export const TABLES = memory.data(256);
/** u16: frequency and start of each token of each table. */
export const FREQUENCIES = memory.data(64 * 64 * 2);
export const STARTS = memory.data(64 * 64 * 2);
/** u32: what each token costs. */
export const COSTS = memory.data(64 * 64 * 4);
/** u8: the token at each place of each table. */
export const PLACES = memory.data(64 * 4096);
/** Coded bytes: a payload. */
export const PAYLOAD = memory.data(0x40000 + 16);
/** Words while they are written, from the end of the room to its front. */
export const WORDS = memory.data(0x40000 + 16);
export const WORDS_BYTES: usize = 0x40000;

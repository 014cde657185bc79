// What the host fills once, and where payloads and statistics lie.

/** i32: 2 groups of planes, 3 classes, 8 neighbours. */
export const WEIGHTS = memory.data(2 * 3 * 8 * 4);
/** i32 for each plane. */
export const MIDDLES = memory.data(4 * 4);
/** u8: of each plane, the table of each unrest. */
export const TABLES = memory.data(4 * 4096);
/** u16: frequency of each token of each table. */
export const FREQUENCIES = memory.data(64 * 64 * 2);
/** Made of these: see ../entropy/tables.ts. */
export const TAKEN = memory.data(64 * 64 * 8);
export const PUT = memory.data(64 * 64 * 16);
export const PLACES = memory.data(64 * 4096);
/** u32: what each token costs. */
export const COSTS = memory.data(64 * 64 * 4);
/** Coded bytes: a payload, and the same turned round. */
export const PAYLOAD = memory.data(0x40000 + 32);
export const TURNED = memory.data(0x40000 + 32);
/** Words while they are written, from the end of the room to its front. */
export const WORDS = memory.data(0x40000 + 16);
export const WORDS_BYTES: usize = 0x40000;

/** f64: of 2 groups of planes and 3 classes, 8 rows of 8 sums of products, one of products with what is wanted, and one unused. */
export const PRODUCTS = memory.data(2 * 3 * 8 * 10 * 8);
/** Steps that unrest is counted in. */
export const STEPS: i32 = 160;
/** u32: of each plane and step of unrest, how often each token came. */
export const COUNTS = memory.data(4 * 160 * 64 * 4);

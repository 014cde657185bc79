// Where the kernel of synthetic pieces keeps what, in bytes. The host fills, once:
export const STRETCHED: usize = 0x10000; // i16[4096]
export const SQUASHED: usize = 0x12000; // u16, from the least logit to the greatest
export const RATES: usize = 0x15000; // i32[1024]
export const COSTS: usize = 0x44000; // i32[4096]: of a decision by its probability, in 1/65536 bit
export const PRIOR_STATES: usize = 0x48000; // i32[contexts]
// The kernel's own:
export const START_WEIGHTS: usize = 0x16000; // i32[96]
export const WEIGHTS: usize = 0x16800;
export const TRIED: usize = 0x16e00; // i32[7]
export const SAMPLES: usize = 0x16f00; // 8 bytes for each of five pixels
export const START_STATES: usize = 0x17000; // i32[contexts]
export const STATES: usize = 0x23000;
export const PALETTE: usize = 0x30000; // i32 keys by rank
export const RANKS: usize = 0x34000; // (key, rank + 1 or 0) by hash of the key, 8192 of them
export const SLOTS: usize = 0x58000; // u32[3 * 32768]: of the tables of surroundings
export const ENTRIES: usize = 0xb8000; // 32 bytes each: what slots hold, of the primer and of a piece
export const COLOURS: usize = 0x6b8020; // key, low, high, stamp: for pixels of more than 4 bytes
export const NOTES: usize = 0x8b8020; // context, key, times, cost: for training
export const EVENTS: usize = 0xcb8020; // note, cost, x, y: for training

export const WEIGHT_BYTES: usize = 96 * 4;
export const RANK_BYTES: usize = 0x10000;
export const SLOT_TABLE_BYTES: usize = 4 << 15;
export const COLOUR_BITS: i32 = 17;
export const NOTE_BITS: i32 = 18;
export const EVENTS_MAX: i32 = 1 << 17;
/** Where pieces go: behind what the picture or its training needs. */
export const AFTER_SLOTS: usize = COLOURS;
export const AFTER_COLOURS: usize = NOTES;
export const AFTER_EVENTS: usize = EVENTS + ((<usize>EVENTS_MAX) << 4);

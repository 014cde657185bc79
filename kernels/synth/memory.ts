// Where the kernel of synthetic pieces keeps what, in bytes. The host fills, once:
export const STRETCHED: usize = 0x10000; // i16[4096]
export const SQUASHED: usize = 0x12000; // u16, from the least logit to the greatest
export const RATES: usize = 0x15000; // i32[1024]
export const START_WEIGHTS: usize = 0x16000; // i32[96]
export const START_STATES: usize = 0x17000; // i32[contexts]
export const PALETTE: usize = 0x30000; // i32 keys by rank
export const RANKS: usize = 0x34000; // (key, rank + 1 or 0) by hash of the key, 8192 of them
export const SLOTS: usize = 0x50000; // of what a piece noted and of what the primer left: check, first, second, piece << 4 | times
// The kernel's own:
export const WEIGHTS: usize = 0x16800;
export const TRIED: usize = 0x16e00; // i32[7]
export const STATES: usize = 0x23000;
export const DYNAMIC: usize = 0x350000;

export const WEIGHT_BYTES: usize = 96 * 4;
export const SLOT_BYTES: usize = 32;
export const PRIMED: usize = 16;
export const TABLE_BYTES: usize = SLOT_BYTES << 15;

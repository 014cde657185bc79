import fc from "fast-check";

/** Drawn inputs can be repeated: a fixed seed, unless LACUNA_SEED names another, as CI does from the commit. */
fc.configureGlobal({ seed: Number(process.env.LACUNA_SEED ?? 7_316) | 0 });

import { parseArgs } from "node:util";
import { usageError } from "./record.mjs";

/**
 * What the command line says. Every bench has --help and --json FILE; a reader for each of its other flags takes the
 * text, undefined when the flag is not given, and throws an Error that says what the flag takes. Wrong usage ends with
 * status 2.
 */
export function readArguments(help, readers) {
  const flags = Object.keys(readers);
  const types = Object.fromEntries([...flags, "json"].map((flag) => [flag, { type: "string" }]));
  try {
    const { values } = parseArgs({ options: { ...types, help: { type: "boolean" } } });
    if (values.help) {
      console.log(help);
      process.exit(0);
    }
    const read = flags.map((flag) => [flag, readers[flag](values[flag], `--${flag}`)]);
    return { ...Object.fromEntries(read), json: values.json };
  } catch (error) {
    return usageError(`${error.message}\n\n${help}`);
  }
}

/** A whole number above 0. */
export const whole = (fallback) => (text, flag) => {
  const number = Number(text ?? fallback);
  if (Number.isSafeInteger(number) && number > 0) return number;
  throw new Error(`${flag} takes a whole number above 0`);
};

export const seconds = (fallback) => (text, flag) => {
  const number = Number(text ?? fallback);
  if (number > 0) return number;
  throw new Error(`${flag} takes a number of seconds`);
};

/** One of these names, or undefined. */
export const oneOf = (names) => (text, flag) => {
  if (text === undefined || names.includes(text)) return text;
  throw new Error(`${flag} takes ${names.join(", ")}`);
};

/** Some of these names, with commas between them; all of them when the flag is not given. */
export const someOf = (names) => (text, flag) => {
  const chosen = text?.split(",") ?? names;
  if (chosen.every((name) => names.includes(name))) return chosen;
  throw new Error(`${flag} takes ${names.join(", ")}`);
};

export const text = (fallback) => (given) => given ?? fallback;

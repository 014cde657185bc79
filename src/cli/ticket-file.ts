import { readFile } from "node:fs/promises";
import { LacunaError } from "../node/errors.js";
import { badOption } from "./values.js";

/** The ticket itself, or the one in the file that `@FILE` names. */
export async function readTicket(text: string): Promise<string> {
  if (!text.startsWith("@")) return text;
  const path = text.slice(1);
  const content = await readFile(path, "utf8").catch((cause: NodeJS.ErrnoException) => {
    const [code, sentence] =
      cause.code === "ENOENT"
        ? (["LACUNA_NO_SUCH_FILE", "there is no ticket file"] as const)
        : (["LACUNA_NO_PERMISSION", "cannot read the ticket file"] as const);
    throw new LacunaError(code, `${sentence} ${path}`, { path }, { cause });
  });
  const ticket = content.trim();
  if (ticket === "") throw badOption(`the ticket file ${path} is empty`);
  return ticket;
}

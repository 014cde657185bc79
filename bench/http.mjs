/*
 * Serves one file over HTTP, for curl.
 *
 *   node bench/http.mjs HOST PORT FILE
 */
import { readFileSync } from "node:fs";
import { createServer } from "node:http";

const [host, port, file] = process.argv.slice(2);
const bytes = readFileSync(file);
createServer((_, response) => response.end(bytes)).listen(Number(port), host);

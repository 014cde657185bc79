// Makes a fresh clone ready: installs what the lock file asks for and is not there, then builds.
// Does nothing twice: a second call takes a second or two.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
process.chdir(root);

if (!isInstalled()) {
  console.error("installing what Lacuna needs (once)");
  run("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"]);
}
run("npm", ["run", "build", "--silent"]);

/** True when every package of the lock file that this machine needs is there in the right version. */
function isInstalled() {
  const { packages } = JSON.parse(readFileSync("package-lock.json", "utf8"));
  return Object.entries(packages).every(([path, { version, optional }]) => {
    if (path === "" || optional === true) return true;
    const manifest = `${path}/package.json`;
    return existsSync(manifest) && JSON.parse(readFileSync(manifest, "utf8")).version === version;
  });
}

function run(command, args) {
  const { status, error } = spawnSync(command, args, {
    // Standard output is left to the command that follows.
    stdio: ["inherit", 2, "inherit"],
    shell: process.platform === "win32",
  });
  if (error !== undefined) console.error(`${command}: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}

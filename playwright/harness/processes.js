// The programs that a home's user runs, as the system lists them: for tests in which one of them is killed.

import { readdir, readFile, readlink } from "node:fs/promises";

import { built } from "./programs.js";

/**
 * Kills the host's processes of a home, without a word of warning to them.
 * @param {import("./home.js").Home} home
 * @param {"connector" | "daemon"} which
 */
export async function killHost(home, which) {
  const killed = (await hostProcesses(home)).filter(
    ({ isDaemon }) => isDaemon === (which === "daemon"),
  );
  if (killed.length === 0) throw new Error(`no ${which} runs`);
  for (const { id } of killed) process.kill(id, "SIGKILL");
}

/** @param {import("./home.js").Home} home */
async function hostProcesses(home) {
  const found = [];
  for (const id of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    try {
      if ((await readlink(`/proc/${id}/exe`)) !== built("settle")) continue;
      const environment = (await readFile(`/proc/${id}/environ`, "utf8")).split("\0");
      if (!environment.includes(`HOME=${home.path}`)) continue;
      const isDaemon = (await readFile(`/proc/${id}/cmdline`, "utf8")).split("\0")[1] === "daemon";
      found.push({ id: Number(id), isDaemon });
    } catch {
      // It ended while it was looked at.
    }
  }
  return found;
}

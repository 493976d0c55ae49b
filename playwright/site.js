// Serves the small printer's pages for the demo: prints the address, ends with its input.

import { startSite } from "./harness/site.js";

const site = await startSite();
process.stdout.write(`${site.url}\n`);
process.stdin.on("end", () => site.stop());
process.stdin.resume();

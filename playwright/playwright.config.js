// The browser tests' settings. `cargo xtask test --only browsers` starts them in a private network.

import { defineConfig } from "@playwright/test";

export default defineConfig({
  testDir: "tests",
  globalSetup: "./harness/once.js",
  outputDir: "../target/playwright",
  reporter: "list",
  timeout: 180_000,
  expect: { timeout: 40_000 },
  fullyParallel: true,
  workers: 2,
  retries: 0,
  forbidOnly: true,
});

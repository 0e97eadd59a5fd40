import { defineConfig } from "vitest/config";

export default defineConfig({
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  test: {
    include: ["tests/frontend/**/*.test.{ts,tsx}"],
    // Two cores serve the whole team's work; forks beyond that only wait for each other.
    maxWorkers: 2,
  },
});

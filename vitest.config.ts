import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

export default defineConfig({
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  // The build puts in each language; English decides which texts there are.
  resolve: { alias: [{ find: /^@texts\/(.*)$/, replacement: fileURLToPath(new URL("static/src/widget/texts/en/$1.ts", import.meta.url)) }] },
  test: {
    include: ["tests/frontend/**/*.test.{ts,tsx}"],
    // Two cores serve the whole team's work; forks beyond that only wait for each other.
    maxWorkers: 2,
  },
});

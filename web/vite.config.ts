import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

/** The runtime for all browsers with WebAssembly SIMD; the package's others need newer ones. */
const RUNTIME = "litert_wasm_compat_internal";

/** Copies the runtime, which LiteRT.js loads by its name. */
function copyRuntime(): Plugin {
  return {
    name: "copy-runtime",
    generateBundle() {
      for (const extension of ["js", "wasm"]) {
        const file = `${RUNTIME}.${extension}`;
        const source = readFileSync(`node_modules/@litertjs/core/wasm/${file}`);
        this.emitFile({ type: "asset", fileName: `wasm/${file}`, source });
      }
    },
  };
}

/** Writes the hash of the page's sources, by which `tests/export/web/test_build.py` knows an old build. */
function recordSources(): Plugin {
  return {
    name: "record-sources",
    generateBundle() {
      const hash = createHash("sha256");
      const scripts = readdirSync("src", { recursive: true }).map((name) => `src/${name}`);
      const configs = ["index.html", "package-lock.json", "vite.config.ts", "vite.worker.config.ts"];
      const sources = [...configs, ...scripts].filter((name) => /\.\w+$/.test(name));
      for (const file of sources.sort()) {
        hash.update(`${file}\n`).update(readFileSync(file));
      }
      const source = JSON.stringify({ sources: hash.digest("hex") });
      this.emitFile({ type: "asset", fileName: "build.json", source });
    },
  };
}

export default defineConfig({
  base: "./", // works in any folder of a host
  plugins: [copyRuntime(), recordSources()],
  build: {
    target: "es2022",
    outDir: "../export/web/page",
    emptyOutDir: true,
    modulePreload: false,
  },
  test: { include: ["tests/**/*.test.ts"] },
});

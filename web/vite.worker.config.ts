import { defineConfig } from "vite";

/** The service worker: one classic script, because not all browsers take modules there. */
export default defineConfig({
  build: {
    target: "es2022",
    outDir: "../export/web/page",
    emptyOutDir: false,
    lib: {
      entry: "src/worker/service-worker.ts",
      formats: ["iife"],
      name: "worker",
      fileName: () => "service-worker.js",
    },
  },
});

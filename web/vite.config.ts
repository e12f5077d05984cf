// How the console is built, and how it is served while it is worked on.
import preact from "@preact/preset-vite";
import { defineConfig } from "vite";

// A running `spillway serve`. Its guard compares Origin with Host, so Host is left as it is.
const server = process.env["SPILLWAY_URL"] ?? "http://127.0.0.1:8022";
const proxy = {
  "/api": { target: server, changeOrigin: false },
  "/status": { target: server, changeOrigin: false },
};

export default defineConfig({
  plugins: [preact({ reactAliasesEnabled: false })],
  server: { proxy },
  preview: { proxy },
  build: {
    target: "es2022",
    assetsDir: "assets",
    // Inlined files would be data: addresses, which the content security policy keeps out.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
  },
});

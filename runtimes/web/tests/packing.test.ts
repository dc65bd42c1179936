/** A bundler packs the client for a page: onnxruntime-web when it is needed, and nothing of Node. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { build } from "esbuild";
import { PACKAGE } from "./fixtures.ts";

test("a bundler packs onnxruntime-web apart, and looks for nothing that only Node has", async () => {
  const { outputFiles, warnings } = await build({
    stdin: {
      contents: 'import { load } from "./src/index.ts"; globalThis.load = load;',
      resolveDir: PACKAGE,
    },
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "browser",
    outdir: "page",
    write: false,
    logLevel: "silent",
  });
  assert.deepEqual(warnings, []);
  const names = outputFiles.map(({ path }) => path.replace(/^.*[\\/]/, ""));
  assert.deepEqual(names.map((name) => name.replace(/-.*/, "")).sort(), [
    "chunk",
    "ort.wasm.bundle.min",
    "ort.webgpu.bundle.min",
    "stdin.js",
  ]);
  const page = outputFiles.find(({ path }) => path.endsWith("stdin.js"))!;
  assert.ok(page.contents.length < 200_000, "onnxruntime-web is not in it");
});

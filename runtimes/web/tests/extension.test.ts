/** In an extension of Chromium, under the policy that README.md gives. */

import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { startChromium } from "./chromium.ts";
import { answersOf, assertClose, BUILT, bundle, PACKAGE, TEXTS } from "./fixtures.ts";
import { serve } from "./server.ts";

const POLICY = "script-src 'self' 'wasm-unsafe-eval'; object-src 'self'";
const ONNXRUNTIME = [
  "ort.wasm.min.mjs",
  "ort-wasm-simd-threaded.mjs",
  "ort-wasm-simd-threaded.wasm",
];

interface Told {
  readonly vectors?: number[][];
  readonly error?: string;
}

/** What the page of an extension tells that embeds texts. */
async function askExtension(policy: string | null): Promise<Told> {
  const scratch = mkdtempSync(join(tmpdir(), "edgebert-extension-"));
  const folder = join(scratch, "extension");
  const told = withResolvers<Told>();
  const served = await serve({});
  served.handle = (request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      response.writeHead(204).end();
      if (request.method === "POST")
        told.resolve(JSON.parse(Buffer.concat(parts).toString()) as Told);
    });
    return true;
  };
  cpSync(bundle("embedder"), join(folder, "model"), { recursive: true });
  for (const name of ["client.js", "worker.js"]) cpSync(join(BUILT, name), join(folder, name));
  for (const name of ONNXRUNTIME) {
    cpSync(join(PACKAGE, "node_modules/onnxruntime-web/dist", name), join(folder, name));
  }
  writeFileSync(
    join(folder, "manifest.json"),
    JSON.stringify({
      manifest_version: 3,
      name: "embeds",
      version: "1",
      background: { service_worker: "background.js" },
      host_permissions: ["http://127.0.0.1/*"],
      ...(policy !== null && { content_security_policy: { extension_pages: policy } }),
    }),
  );
  writeFileSync(join(folder, "background.js"), 'chrome.tabs.create({ url: "page.html" });');
  writeFileSync(
    join(folder, "page.html"),
    '<!doctype html><script type="module" src="page.js"></script>',
  );
  writeFileSync(
    join(folder, "page.js"),
    `
    import { loadInWorker } from "./client.js";
    const tell = (told) => fetch(${JSON.stringify(`${served.address}/told`)}, { method: "POST", mode: "no-cors", body: JSON.stringify(told) });
    try {
      const model = await loadInWorker("/model/", { runtime: "/ort.wasm.min.mjs", worker: "/worker.js" });
      const vectors = (await model.embed(${JSON.stringify(TEXTS)})).map((vector) => Array.from(vector));
      await tell({ vectors });
    } catch (error) {
      await tell({ error: error.name + ": " + error.message });
    }`,
  );
  const chromium = startChromium([
    "--disable-features=DisableLoadExtensionCommandLineSwitch",
    `--disable-extensions-except=${folder}`,
    `--load-extension=${folder}`,
    "about:blank",
  ]);
  const late = setTimeout(
    () => told.reject(new Error("the extension told nothing for a minute")),
    60_000,
  );
  try {
    return await told.promise;
  } finally {
    clearTimeout(late);
    await chromium.end();
    served.close();
    rmSync(scratch, { recursive: true });
  }
}

function withResolvers<T>(): {
  promise: Promise<T>;
  resolve(value: T): void;
  reject(error: Error): void;
} {
  let resolve!: (value: T) => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<T>((...both) => ([resolve, reject] = both));
  return { promise, resolve, reject };
}

test("a page of an extension embeds in a worker", async () => {
  const { vectors, error } = await askExtension(POLICY);
  assert.equal(error, undefined);
  assertClose(vectors, answersOf("embedder")["embed"], 1e-5);
});

test("without the policy it says which is missing", async () => {
  const { error } = await askExtension(null);
  assert.match(
    error!,
    /^ProviderError: provider 'wasm' does not start here: .*content security policy allow 'wasm-unsafe-eval'\?\)$/s,
  );
  assert.doesNotMatch(error!, /\n/);
});

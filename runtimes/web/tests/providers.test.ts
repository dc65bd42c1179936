/** Where onnxruntime comes from, what it cannot do, and the way that React Native goes. */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { load, type OnnxRuntime } from "../src/index.ts";
import { answersOf, assertClose, bundle, PACKAGE, TEXTS } from "./fixtures.ts";
import { serve } from "./server.ts";

const ofPackage = createRequire(join(PACKAGE, "package.json"));
const onnxruntimeNode = ofPackage("onnxruntime-node") as OnnxRuntime;

test("the module of onnxruntime is handed over, by itself or by its address", async () => {
  const address = pathToFileURL(ofPackage.resolve("onnxruntime-node"));
  for (const runtime of [onnxruntimeNode, address, address.href]) {
    const model = await load(bundle("embedder"), { runtime, threads: 1 });
    assert.deepEqual(
      [model.provider, model.onnxruntime],
      ["cpu", onnxruntimeNode.env.versions.node],
    );
    assertClose(await model.embed(TEXTS), answersOf("embedder")["embed"], 1e-5);
    await model.close();
  }
});

test("what is no onnxruntime, or none that has the provider, is refused in one line", async () => {
  const refused = (
    options: Parameters<typeof load>[1],
    name: string,
    message: RegExp,
  ): Promise<void> => assert.rejects(load(bundle("embedder"), options), { name, message });
  await refused(
    { runtime: {} as never },
    "InputError",
    /^runtime: expected the module of onnxruntime, or its address, not Object$/,
  );
  await refused(
    { runtime: "file:///nowhere.mjs" },
    "ProviderError",
    /^file:\/\/\/nowhere\.mjs cannot be imported \([^\n]+\): is it served as JavaScript\?$/,
  );
  await refused(
    { runtime: onnxruntimeNode, provider: "wasm" },
    "ProviderError",
    /^provider 'wasm' is not in this onnxruntime \(\S+\), which has 'cpu': leave one of the two out$/,
  );
  await refused(
    { provider: "cuda" as never },
    "InputError",
    /^provider='cuda': expected one of auto, cpu, wasm, webgpu$/,
  );
  await refused({ threads: 0 }, "InputError", /^threads=0: expected a whole number, at least 1$/);
  await assert.rejects(load(bundle("embedder-int8"), { provider: "webgpu" }), {
    name: "ProviderError",
    message:
      /is int8 for the CPU, and webgpu has no such products: make a bundle for it with 'edgebert export MODEL -o BUNDLE --target portable'$/,
  });
});

test("what cannot run is refused before anything of it is downloaded", async () => {
  const served = await serve({ "/": bundle("embedder-int8") });
  await assert.rejects(load(served.address, { provider: "webgpu" }), { name: "ProviderError" });
  assert.deepEqual(served.asked, ["/manifest.json"]);
  await assert.rejects(load(served.address, { runtime: "file:///nowhere.mjs" }), {
    name: "ProviderError",
  });
  assert.deepEqual(served.asked, ["/manifest.json"]);
  served.close();
});

test("without SIMD in WebAssembly the way out is told", async () => {
  const { validate } = WebAssembly;
  WebAssembly.validate = () => false; // as onnxruntime-web finds it in an old browser
  try {
    const web = (await import(
      pathToFileURL(join(PACKAGE, "node_modules/onnxruntime-web/dist/ort.wasm.bundle.min.mjs")).href
    )) as OnnxRuntime;
    await assert.rejects(load(bundle("embedder"), { runtime: web }), {
      name: "ProviderError",
      message:
        "this browser's WebAssembly has no SIMD, which onnxruntime-web needs: update it, or ask a server",
    });
  } finally {
    WebAssembly.validate = validate;
  }
});

test("where React Native lacks what browsers have, its files and int32 are enough", async () => {
  const files = new Map(
    ["manifest.json", "tokenizer.json", "golden.json", "model.onnx"].map((name) => [
      name,
      new Uint8Array(readFileSync(join(bundle("npu"), name))),
    ]),
  );
  assert.ok(readdirSync(bundle("npu")).length > files.size, "the others are not needed");
  const runtime: OnnxRuntime = {
    InferenceSession: onnxruntimeNode.InferenceSession,
    Tensor: onnxruntimeNode.Tensor,
    env: {
      ...onnxruntimeNode.env,
      versions: { common: "1.24.3", "react-native": "1.24.3" } as never,
    },
  };
  const lacking = ["crypto", "BigInt64Array", "MessageChannel", "caches", "navigator"] as const;
  const had = lacking.map(
    (name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)] as const,
  );
  for (const name of lacking)
    Object.defineProperty(globalThis, name, { value: undefined, configurable: true });
  try {
    const model = await load(files, { runtime, threads: 1 });
    assert.deepEqual(
      [model.provider, model.onnxruntime, model.path],
      ["cpu", "1.24.3", "the files given"],
    );
    assertClose(await model.classify(TEXTS[0]!), answersOf("npu")["classify one"], 1e-5);
    assert.ok((await model.verify()).passed);
    await model.close();
  } finally {
    for (const [name, descriptor] of had) {
      if (descriptor) Object.defineProperty(globalThis, name, descriptor);
      else delete (globalThis as Record<string, unknown>)[name];
    }
  }
});

/** In Chromium: the same answers, kept for next time, without network, in a worker, in two tabs. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { answersOf, assertClose, TEXTS } from "./fixtures.ts";
import { openPage, type Page } from "./chromium.ts";

let page: Page;
let alone: Page;
before(async () => {
  page = await openPage(true);
  alone = await openPage(false);
});
after(() => Promise.all([page.close(), alone.close()]));

const modelFiles = (asked: readonly string[]): string[] =>
  asked.filter((path) => path.startsWith("/models/"));

test("a page embeds as Python does, and keeps the bundle for the next time", async () => {
  const embed = (): Promise<{
    vectors: number[][];
    provider: string;
    threads: number;
    notes: readonly string[];
    verified: boolean;
  }> =>
    page.run(async ({ load }, texts) => {
      const model = await load("/models/embedder/");
      const vectors = (await model.embed(texts)).map((vector) => Array.from(vector));
      const { provider, threads, notes } = model;
      const { passed: verified } = await model.verify();
      await model.close();
      return { vectors, provider, threads, notes, verified };
    }, TEXTS);
  const first = await embed();
  assertClose(first.vectors, answersOf("embedder")["embed"], 1e-5);
  assert.deepEqual([first.provider, first.notes, first.verified], ["wasm", [], true]);
  assert.ok(first.threads >= 1);
  assert.deepEqual(
    modelFiles(page.served.asked),
    ["manifest.json", "tokenizer.json", "golden.json", "model.onnx"].map(
      (name) => `/models/embedder/${name}`,
    ),
  );
  page.served.asked.length = 0;
  assert.deepEqual(await embed(), first);
  assert.deepEqual(modelFiles(page.served.asked), ["/models/embedder/manifest.json"]);
});

test("without network the kept bundle is loaded, and one that was not kept is told of", async () => {
  page.online = false;
  const notes = await page.run(async ({ load }, texts) => {
    const model = await load("/models/embedder/");
    await model.embed(texts);
    await model.close();
    return model.notes;
  }, TEXTS);
  assert.deepEqual(notes, [
    "the server could not be reached: this is the copy that the browser kept",
  ]);
  await assert.rejects(
    page.run(async ({ load }) => void (await load("/models/tagger/")), null),
    /^Error: BundleError: http:\/\/\S+\/models\/tagger\/manifest\.json cannot be reached \(Failed to fetch\): is the network there/,
  );
  page.online = true;
});

test("a kept file that was changed is downloaded again", async () => {
  page.served.asked.length = 0;
  const passed = await page.run(async ({ load }) => {
    const kept = await caches.open("edgebert");
    for (const key of await kept.keys()) {
      if (key.url.includes("/files/")) await kept.put(key, new Response("damaged"));
    }
    const model = await load("/models/embedder/");
    const verification = await model.verify();
    await model.close();
    return verification.passed;
  }, null);
  assert.ok(passed);
  assert.equal(modelFiles(page.served.asked).length, 4);
});

test("two tabs at once download a bundle once", async () => {
  page.served.asked.length = 0;
  const lengths = await page.run(async () => {
    const tab = async (): Promise<number> => {
      const frame = document.createElement("iframe");
      frame.srcdoc =
        '<script type="importmap">{"imports": {"onnxruntime-web/wasm": "/ort/ort.wasm.min.mjs"}}</' +
        'script><script type="module">import { load } from "/client/client.js"; const model = await load("/models/embedder-dot/"); const vector = await model.embed("anna"); await model.close(); parent.postMessage({ length: vector.length }, "*");</' +
        "script>";
      const told = new Promise<number>((resolve) =>
        addEventListener("message", function told(event) {
          if (event.source !== frame.contentWindow) return;
          removeEventListener("message", told);
          resolve((event.data as { length: number }).length);
        }),
      );
      document.body.append(frame);
      return told.finally(() => frame.remove());
    };
    return Promise.all([tab(), tab(), tab()]);
  }, null);
  assert.deepEqual(lengths, [32, 32, 32]);
  const asked = modelFiles(page.served.asked);
  assert.equal(asked.filter((path) => path.endsWith("model.onnx")).length, 1, asked.join());
});

test("half of a download is never kept", async () => {
  const kept = await page.run(async ({ load }) => {
    const controller = new AbortController();
    const loading = load("/models/reader/", {
      signal: controller.signal,
      onProgress: ({ file, loadedBytes }) => {
        if (file === "model.onnx" && loadedBytes > 0) controller.abort();
      },
    });
    const error = await loading.catch((thrown: Error) => thrown.name);
    const cache = await caches.open("edgebert");
    const keys = await cache.keys();
    const right = await Promise.all(
      keys
        .filter(({ url }) => url.includes("/files/"))
        .map(async (key) => {
          const sum = await crypto.subtle.digest(
            "SHA-256",
            await (await cache.match(key))!.arrayBuffer(),
          );
          return key.url.endsWith(
            Array.from(new Uint8Array(sum), (byte) => byte.toString(16).padStart(2, "0")).join(""),
          );
        }),
    );
    return { error, right, ofReader: keys.filter(({ url }) => url.includes("reader")).length };
  }, null);
  assert.deepEqual([kept.error, kept.ofReader], ["AbortError", 0]);
  assert.ok(kept.right.length > 3 && kept.right.every(Boolean));
});

test("a bundle that replaces another at its address gives the other's room back", async () => {
  const left = await page.run(async ({ load }) => {
    await (await load("/models/classifier/")).close();
    const cache = await caches.open("edgebert");
    const old = await (await fetch("/models/tagger/manifest.json")).text();
    const { files } = JSON.parse(old) as { files: Record<string, { sha256: string }> };
    const names = ["model.onnx", "golden.json", "tokenizer.json"];
    for (const name of names.slice(0, 2)) {
      await cache.put(`https://edgebert.invalid/files/${files[name]!.sha256}`, new Response("old"));
    }
    const keys = await cache.keys();
    const address = keys.find(
      ({ url }) => url.includes("manifests") && url.endsWith("classifier"),
    )!;
    await cache.put(address, new Response(old)); // as if another bundle had been there the last time
    await (await load("/models/classifier/")).close();
    const found = await Promise.all(
      names.map((name) => cache.match(`https://edgebert.invalid/files/${files[name]!.sha256}`)),
    );
    return found.map((response) => response !== undefined);
  }, null);
  assert.deepEqual(left, [false, false, true], "the tokenizer is the new one's too");
});

test("where there is no room the model runs from memory, and says so", async () => {
  const { notes, length } = await page.run(async ({ load }) => {
    const put = Cache.prototype.put;
    Cache.prototype.put = () =>
      Promise.reject(new DOMException("Quota exceeded.", "QuotaExceededError"));
    try {
      const model = await load("/models/tagger/");
      const entities = await model.tag("anna is in paris");
      await model.close();
      return { notes: model.notes, length: entities.length };
    } finally {
      Cache.prototype.put = put;
    }
  }, null);
  assert.deepEqual(notes, [
    "the browser did not keep the model (QuotaExceededError: Quota exceeded.): it is downloaded again next time",
  ]);
  assert.ok(length > 0);
});

test("a worker answers the same, and the page is free meanwhile", async () => {
  const { vectors, longest, notes } = await page.run(async ({ loadInWorker }, texts) => {
    const model = await loadInWorker("/models/embedder/", {
      worker: "/client/worker.js",
      runtime: "/ort/ort.wasm.min.mjs",
    });
    const vectors = (await model.embed(texts)).map((vector) => Array.from(vector));
    const many = Array.from(
      { length: 1000 },
      (_, i) => `anna was in the kitchen ${i} ${"late ".repeat(i % 20)}`,
    );
    let last = performance.now();
    let longest = 0;
    const timer = setInterval(() => {
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
    }, 5);
    await model.embed(many);
    clearInterval(timer);
    await model.close();
    return { vectors, longest, notes: model.notes };
  }, TEXTS);
  assertClose(vectors, answersOf("embedder")["embed"], 1e-5);
  assert.deepEqual(notes, []);
  assert.ok(longest < 100, `${longest} ms`);
});

test("files that are dropped on a page go to a worker too", async () => {
  const length = await page.run(async ({ loadInWorker }) => {
    const names = ["manifest.json", "tokenizer.json", "model.onnx", "golden.json"];
    const files = await Promise.all(
      names.map(
        async (name) => new File([await (await fetch(`/models/embedder/${name}`)).blob()], name),
      ),
    );
    const transfer = new DataTransfer();
    files.forEach((file) => transfer.items.add(file));
    const model = await loadInWorker(transfer.files as unknown as File[], {
      worker: "/client/worker.js",
      runtime: "/ort/ort.wasm.min.mjs",
    });
    const vector = await model.embed("anna");
    await model.close();
    return vector.length;
  }, null);
  assert.equal(length, 32);
});

test("a page that is not isolated runs on one thread, and says how it would not", async () => {
  const { threads, notes } = await alone.run(async ({ load }) => {
    const model = await load("/models/embedder/", { threads: 2 });
    await model.embed("anna");
    await model.close();
    return { threads: model.threads, notes: model.notes };
  }, null);
  assert.equal(threads, 1);
  assert.equal(notes.length, 1);
  assert.match(
    notes[0]!,
    /^1 thread where 2 could run: the page is not cross-origin isolated, so there is no SharedArrayBuffer: serve it with 'Cross-Origin-Opener-Policy: same-origin' and/,
  );
});

test("a provider that does not start, or is not there, is told of with the way out", async () => {
  await assert.rejects(
    alone.run(
      async ({ load }) =>
        void (await load("/models/embedder/", {
          provider: "webgpu",
          runtime: "/ort/ort.webgpu.min.mjs",
        })),
      null,
    ),
    /^Error: ProviderError: .*webgpu.* \(use provider 'wasm', in Node 'cpu'\)$/,
  );
  await assert.rejects(
    alone.run(
      async ({ load }) => void (await load("/models/embedder/", { runtime: "/ort/none.mjs" })),
      null,
    ),
    /^Error: ProviderError: \/ort\/none\.mjs cannot be imported \([^\n]+\): is it served as JavaScript\?$/,
  );
  await assert.rejects(
    alone.run(
      async ({ load }) => void (await load("/models/embedder-int8/", { provider: "webgpu" })),
      null,
    ),
    /^Error: ProviderError: \S+ is int8 for the CPU, and webgpu has no such products: make a bundle for it with 'edgebert export MODEL -o BUNDLE --target portable'$/,
  );
});

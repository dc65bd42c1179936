/** WebGPU in Chromium, computed by its software: what it gives, not how fast. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openPage, type Page, SOFTWARE_GPU } from "./chromium.ts";
import { answersOf, assertClose, TEXTS } from "./fixtures.ts";

let page: Page;
before(async () => (page = await openPage(true, SOFTWARE_GPU)));
after(() => page.close());

test("webgpu embeds as Python does", async () => {
  const { vectors, provider, notes } = await page.run(
    async ({ load }, texts) => {
      const model = await load("/models/embedder/", { provider: "webgpu" });
      const vectors = (await model.embed(texts)).map((vector) => Array.from(vector));
      const { provider, notes } = model;
      await model.close();
      return { vectors, provider, notes };
    },
    TEXTS.slice(0, 2),
  ); // each length is a shader to compile
  assert.equal(provider, "webgpu");
  assert.deepEqual(notes, [
    "webgpu may leave part of the graph to the CPU: onnxruntime does not tell here which",
  ]);
  assertClose(vectors, (answersOf("embedder")["embed"] as unknown[]).slice(0, 2), 1e-4);
});

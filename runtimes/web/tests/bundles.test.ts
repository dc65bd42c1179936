/** Where bundles come from, and what is said of those that are damaged. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { BundleError, load, type Progress } from "../src/index.ts";
import { isNewer } from "../src/model/proving.ts";
import { answersOf, assertClose, bundle, TEXTS } from "./fixtures.ts";
import { type Served, serve } from "./server.ts";

const EXPECTED = answersOf("embedder")["embed"];
const copies = mkdtempSync(join(tmpdir(), "edgebert-"));
after(() => rmSync(copies, { recursive: true }));

let served: Served;
before(async () => (served = await serve({ "/models/": bundle(".") })));
after(() => served.close());

let copied = 0;
function copy(name: string): string {
  const folder = join(copies, String(copied++));
  cpSync(bundle(name), folder, { recursive: true });
  return folder;
}

function contentsOf(name: string): Map<string, Uint8Array> {
  const names = readdirSync(bundle(name)).filter((file) => /\.(json|onnx)$/.test(file));
  return new Map(
    names.map((file) => [file, new Uint8Array(readFileSync(join(bundle(name), file)))]),
  );
}

async function assertAnswers(source: Parameters<typeof load>[0]): Promise<void> {
  const model = await load(source, { threads: 1 });
  assertClose(await model.embed(TEXTS), EXPECTED, 1e-5);
  assert.ok((await model.verify()).passed);
  await model.close();
}

test("a bundle is loaded from a folder, its address, and its files", async () => {
  await assertAnswers(bundle("embedder"));
  await assertAnswers(`${bundle("embedder")}/`);
  await assertAnswers(new URL(`file://${bundle("embedder")}`));
  await assertAnswers(`${served.address}/models/embedder`);
  await assertAnswers(`${served.address}/models/embedder/`);
  await assertAnswers(new URL(`${served.address}/models/embedder/manifest.json`));
  await assertAnswers(contentsOf("embedder"));
  const blobs = [...contentsOf("embedder")].map(
    ([name, bytes]) => [name, new Blob([bytes as Uint8Array<ArrayBuffer>])] as const,
  );
  await assertAnswers(new Map(blobs));
  await assertAnswers(
    new Map([...contentsOf("embedder")].map(([name, bytes]) => [`minilm/${name}`, bytes])),
  );
});

test("dropped files know their names, and may lie in a folder", async () => {
  const { File } = await import("node:buffer");
  const files = [...contentsOf("embedder")].map(
    ([name, bytes]) => new File([bytes as Uint8Array<ArrayBuffer>], name),
  );
  await assertAnswers(files as unknown as globalThis.File[]);
  for (const file of files)
    Object.defineProperty(file, "webkitRelativePath", { value: `dropped/${file.name}` });
  await assertAnswers(files as unknown as globalThis.File[]);
});

test("a download tells how far it has come", async () => {
  const told: Progress[] = [];
  const model = await load(`${served.address}/models/embedder`, {
    threads: 1,
    onProgress: (progress) => void told.push(progress),
  });
  await model.close();
  const sizes = ["golden.json", "model.onnx", "tokenizer.json"].map(
    (name) => readFileSync(join(bundle("embedder"), name)).length,
  );
  const totalBytes = sizes.reduce((a, b) => a + b);
  assert.deepEqual(
    new Set(told.map(({ file }) => file)),
    new Set(["golden.json", "model.onnx", "tokenizer.json"]),
  );
  assert.ok(
    told.every((progress, i) => i === 0 || progress.loadedBytes >= told[i - 1]!.loadedBytes),
  );
  assert.deepEqual([told[0]!.loadedBytes, told.at(-1)!.loadedBytes], [0, totalBytes]);
  assert.ok(told.every((progress) => progress.totalBytes === totalBytes));
});

test("a load is cancelled while it downloads", async () => {
  const controller = new AbortController();
  const slow = await serve({ "/": bundle("embedder") }, { bytesPerSecond: 20_000 });
  const reason = new Error("not needed any more");
  setTimeout(() => controller.abort(reason), 200);
  const began = performance.now();
  await assert.rejects(load(`${slow.address}/`, { signal: controller.signal }), reason);
  assert.ok(performance.now() - began < 2000);
  slow.close();
  await assert.rejects(load(bundle("embedder"), { signal: controller.signal }), reason);
});

const DAMAGE: readonly (readonly [string, RegExp, (folder: string) => void])[] = [
  [
    "no manifest",
    /is not a bundle: it has no manifest\.json\. Make one with 'edgebert export MODEL -o /,
    (folder) => rmSync(join(folder, "manifest.json")),
  ],
  [
    "no tokenizer",
    /is damaged: tokenizer\.json is missing$/,
    (folder) => rmSync(join(folder, "tokenizer.json")),
  ],
  [
    "half of a graph",
    /is damaged: model\.onnx has 1000 bytes where \d+ belong: was it downloaded or copied whole\?$/,
    (folder) => truncateSync(join(folder, "model.onnx"), 1000),
  ],
  [
    "a changed graph",
    /is damaged: model\.onnx was changed \(its checksum differs\)$/,
    (folder) => flip(join(folder, "model.onnx")),
  ],
  [
    "a changed tokenizer",
    /is damaged: tokenizer\.json was changed \(its checksum differs\)$/,
    (folder) => flip(join(folder, "tokenizer.json")),
  ],
  [
    "changed golden answers",
    /is damaged: golden\.json was changed \(its checksum differs\)$/,
    (folder) => flip(join(folder, "golden.json")),
  ],
  [
    "a file that Git LFS has not fetched",
    /is damaged: model\.onnx is a Git LFS pointer, not the file itself: fetch it with 'git lfs pull'$/,
    (folder) =>
      writeFileSync(
        join(folder, "model.onnx"),
        "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
      ),
  ],
];

function flip(file: string): void {
  const bytes = readFileSync(file);
  bytes[100] = bytes[100]! ^ 1;
  writeFileSync(file, bytes);
}

for (const [what, message, damage] of DAMAGE) {
  test(`a folder with ${what} is refused in one line that names it`, async () => {
    const folder = copy("embedder");
    damage(folder);
    await assert.rejects(load(folder), (error: Error) => {
      assert.ok(error instanceof BundleError && error.message.startsWith(folder));
      assert.match(error.message, message);
      assert.doesNotMatch(error.message, /\n/);
      return true;
    });
  });
}

test("an address with damaged or missing files is refused in one line that names them", async () => {
  const folder = copy("embedder");
  truncateSync(join(folder, "model.onnx"), 1000);
  const broken = await serve({ "/half/": folder, "/none/": copies });
  await assert.rejects(load(`${broken.address}/half/`), {
    name: "BundleError",
    message: /^http:\/\/\S+\/half is damaged: model\.onnx has 1000 bytes where \d+ belong/,
  });
  await assert.rejects(load(`${broken.address}/none/`), {
    name: "BundleError",
    message: /^http:\/\/\S+\/none\/manifest\.json is not served: HTTP 404\. A bundle is a folder/,
  });
  broken.close();
  await assert.rejects(load(`${broken.address}/half/`), {
    name: "BundleError",
    message: /^http:\/\/\S+ cannot be reached \(fetch failed\)/,
  });
});

test("a download that breaks off is refused, and says so", async () => {
  const broken = await serve({ "/": bundle("embedder") }, { breakAfter: 5000 });
  await assert.rejects(load(`${broken.address}/`), {
    name: "BundleError",
    message: /^http:\/\/\S+\.json broke off while it was downloaded \([^\n]+\): load it again$/,
  });
  broken.close();
});

test("files of which some are missing, or that are none, are refused", async () => {
  const contents = contentsOf("embedder");
  contents.delete("tokenizer.json");
  await assert.rejects(load(contents), {
    name: "BundleError",
    message: "the files given are damaged: tokenizer.json is missing",
  });
  await assert.rejects(load(new Map()), {
    name: "BundleError",
    message: /^the files given are not a bundle: manifest\.json is not among them/,
  });
  await assert.rejects(load([1] as unknown as File[]), {
    name: "InputError",
    message:
      /^the files given: expected files, or a Map of names to Blob or ArrayBuffer, not number$/,
  });
  await assert.rejects(load(new Map([["manifest.json", "{}"]]) as never), {
    name: "InputError",
    message: /manifest\.json is a string, not a Blob/,
  });
  for (const source of [undefined, null, 5, {}, ""]) {
    await assert.rejects(load(source as never), { name: "InputError" });
  }
});

/** A copy whose files were changed by somebody who signed them again. */
function resealed(name: string, change: (folder: string, manifest: Manifest) => void): string {
  const folder = copy(name);
  const manifest = JSON.parse(readFileSync(join(folder, "manifest.json"), "utf-8")) as Manifest;
  change(folder, manifest);
  for (const file of Object.keys(manifest.files)) {
    const bytes = readFileSync(join(folder, file));
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    manifest.files[file] = { sha256, size_bytes: bytes.length };
  }
  manifest.digest = null;
  writeFileSync(join(folder, "manifest.json"), JSON.stringify(manifest));
  return folder;
}

interface Manifest {
  files: Record<string, { sha256: string; size_bytes: number }>;
  digest: string | null;
  onnxruntime: { min: string; tested: string };
}

test("a graph that onnxruntime cannot load is a damaged bundle, not a crash", async () => {
  const folder = resealed("embedder", (at) => writeFileSync(join(at, "model.onnx"), "no graph"));
  for (const provider of ["cpu", "wasm"] as const) {
    await assert.rejects(load(folder, { provider, threads: 1 }), {
      name: "BundleError",
      message: /model\.onnx cannot be loaded by onnxruntime: [^\n]+$/,
    });
  }
});

test("a tokenizer that cannot be read is a damaged bundle, not a crash", async () => {
  for (const content of ["{}", "[]", "no JSON", '{"model": {"type": "Neural"}}']) {
    const folder = resealed("embedder", (at) => writeFileSync(join(at, "tokenizer.json"), content));
    await assert.rejects(load(folder), {
      name: "BundleError",
      message: /tokenizer\.json is damaged: [^\n]+$/,
    });
  }
});

test("an onnxruntime that is newer than a bundle was tested with is held to its golden answers", async () => {
  const older = (_: string, manifest: Manifest): void =>
    void (manifest.onnxruntime.tested = "1.9.2");
  const proved = await load(resealed("embedder", older), { threads: 1 });
  await proved.close();
  const otherwise = resealed("embedder", (folder, manifest) => {
    older(folder, manifest);
    const golden = readFileSync(join(folder, "golden.json"), "utf-8");
    writeFileSync(
      join(folder, "golden.json"),
      golden.replace(/"expected": \[-?\d/, '"expected": [5'),
    );
  });
  await assert.rejects(load(otherwise, { threads: 1 }), {
    name: "BundleError",
    message:
      /^\S+ answers differently under onnxruntime 1\.\d+\.\d+: 1 golden texts fail, first '[^\n]+' is \S+ of the whole from what was expected, \S+ from the reference\. It was tested with onnxruntime 1\.9\.2$/,
  });
});

test("releases are compared by their numbers", () => {
  assert.ok(isNewer("1.31.1", "1.9.2") && isNewer("1.31.1", "1.31") && isNewer("2.0", "1.99"));
  assert.ok(!isNewer("1.30.0", "1.31.1") && !isNewer("1.31.1", "1.31.1"));
});

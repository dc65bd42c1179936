import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { readManifest } from "../src/bundle/manifestFile.ts";
import { sha256, sha256Here } from "../src/bundle/sha256.ts";
import { represented } from "../src/records/fingerprint.ts";
import { OPTIONAL, REQUIRED } from "../src/records/manifest.ts";
import { bundle, BUNDLES, json, REPOSITORY } from "./fixtures.ts";

interface Schema {
  properties: Record<string, unknown>;
  required: string[];
}

test("the manifest has the keys of the schema that all clients share", () => {
  const schema = json(join(REPOSITORY, "runtimes/conformance/manifest.schema.json")) as Schema;
  assert.deepEqual(
    Object.keys({ ...REQUIRED, ...OPTIONAL }).sort(),
    Object.keys(schema.properties).sort(),
  );
  assert.deepEqual(Object.keys(REQUIRED).sort(), [...schema.required].sort());
});

function manifestBytes(
  name: string,
  change: (manifest: Record<string, unknown>) => void = () => {},
): Uint8Array<ArrayBuffer> {
  const manifest = json(join(bundle(name), "manifest.json")) as Record<string, unknown>;
  change(manifest);
  return new TextEncoder().encode(JSON.stringify(manifest));
}

test("the manifest of every bundle is read as it is written", async () => {
  for (const name of BUNDLES) {
    const bytes = new Uint8Array(readFileSync(join(bundle(name), "manifest.json")));
    const manifest = await readManifest(bytes, name);
    const written = json(join(bundle(name), "manifest.json")) as object;
    for (const [key, value] of Object.entries(written)) {
      if (!["quantization", "drift"].includes(key))
        assert.deepEqual(manifest[key as keyof typeof manifest], value, key);
    }
  }
});

const BROKEN: readonly (readonly [string, RegExp, (manifest: Record<string, unknown>) => void])[] =
  [
    [
      "a newer format",
      /^b\/manifest.json has format 2; this version reads up to 1: use a newer @edgebert\/runtime$/,
      (m) => (m["format"] = 2),
    ],
    [
      "a changed value",
      /^b\/manifest.json is damaged: its digest differs, so it was changed$/,
      (m) => (m["max_length"] = 23),
    ],
    [
      "a missing key",
      /^b\/manifest.json is damaged: it has no 'labels'$/,
      (m) => delete m["labels"],
    ],
    [
      "a missing key inside",
      /^b\/manifest.json is damaged: it has no 'onnxruntime.min'$/,
      (m) => delete (m["onnxruntime"] as Record<string, unknown>)["min"],
    ],
    [
      "another type",
      /^b\/manifest.json is damaged: 'max_length' should be an integer, not a string$/,
      (m) => (m["max_length"] = "24"),
    ],
    [
      "another type in a list",
      /^b\/manifest.json is damaged: 'inputs\[1\]' should be a string, not null$/,
      (m) => (m["inputs"] = ["input_ids", null]),
    ],
    [
      "a file that leaves",
      /^b\/manifest.json is damaged: file name '..\/x' leaves the bundle$/,
      (m) => ((m["files"] as Record<string, unknown>)["../x"] = { sha256: "0", size_bytes: 1 }),
    ],
    [
      "a file of a drive",
      /file name 'C:x' leaves the bundle$/,
      (m) => ((m["files"] as Record<string, unknown>)["C:x"] = { sha256: "0", size_bytes: 1 }),
    ],
    [
      "no tokenizer",
      /^b\/manifest.json is damaged: it does not list tokenizer.json$/,
      (m) => delete (m["files"] as Record<string, unknown>)["tokenizer.json"],
    ],
    [
      "an unknown measure",
      /compares vectors by 'taste'; this version knows cosine, dot, euclidean, manhattan: use a newer/,
      (m) => {
        m["similarity"] = "taste";
        m["digest"] = null;
      },
    ],
    [
      "an unknown key, undigested",
      /it has no digest, and 'zebra' is no key of a bundle without one$/,
      (m) => {
        m["zebra"] = 1;
        m["digest"] = null;
      },
    ],
  ];
for (const [what, message, change] of BROKEN) {
  test(`a manifest with ${what} is refused in one line`, async () => {
    await assert.rejects(readManifest(manifestBytes("embedder", change), "b"), {
      name: "BundleError",
      message,
    });
  });
}

test("what is no JSON, no UTF-8 or not fetched yet is refused in one line", async () => {
  const read = (bytes: Uint8Array<ArrayBuffer>): Promise<unknown> => readManifest(bytes, "b");
  const text = (written: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(written);
  await assert.rejects(read(text("<!doctype html>")), {
    name: "BundleError",
    message: /^b\/manifest.json is damaged: [^\n]+$/,
  });
  await assert.rejects(read(new Uint8Array([0x7b, 0xff])), {
    name: "BundleError",
    message: /^b\/manifest.json is damaged: [^\n]+$/,
  });
  await assert.rejects(read(text("[]")), {
    name: "BundleError",
    message: /^b\/manifest.json is damaged: it should be an object, not a list$/,
  });
  await assert.rejects(read(text("version https://git-lfs.github.com/spec/v1\noid sha256:0\n")), {
    name: "BundleError",
    message:
      /^b\/manifest.json is a Git LFS pointer, not the file itself: fetch it with 'git lfs pull'$/,
  });
});

test("SHA-256 is that of the standard, with the platform's help and without", async () => {
  for (const length of [0, 1, 3, 55, 56, 63, 64, 65, 119, 120, 128, 1000, 100_003]) {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 31 + length) % 256);
    const expected = createHash("sha256").update(bytes).digest("hex");
    assert.equal(sha256Here(bytes), expected, `${length} bytes`);
    assert.equal(await sha256(bytes), expected, `${length} bytes`);
  }
});

test("values are written as Python's repr writes them", () => {
  assert.equal(
    represented(["it's", 'a"b', `it's "x"`, "\x07\u200b\u00ad\u3000é\u{e0001}\\ \n"]),
    `("it's", 'a"b', 'it\\'s "x"', '\\x07\\u200b\\xad\\u3000é\\U000e0001\\\\ \\n')`,
  );
  assert.equal(represented(["one"]), "('one',)");
  assert.deepEqual(
    [represented([]), represented(null), represented(true), represented(24)],
    ["()", "None", "True", "24"],
  );
});

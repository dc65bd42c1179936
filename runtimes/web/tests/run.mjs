// Runs the tests under this folder, those under the paths given, or those files: each as one bundle
// of esbuild, in node's own test runner.
import { build } from "esbuild";
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(here);
const out = join(root, "node_modules", ".cache", "tests", String(process.pid));
const asked = process.argv.slice(2).map((path) => join(process.cwd(), path));
const testsUnder = (folder) =>
  readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith(".test.ts"))
    .sort()
    .map((name) => join(folder, name));
const files = (asked.length ? asked : [here]).flatMap((path) =>
  statSync(path).isDirectory() ? testsUnder(path) : [path],
);
mkdirSync(out, { recursive: true });
try {
  await build({
    entryPoints: files,
    outdir: out,
    outbase: here,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    sourcemap: "inline",
    packages: "external",
    logLevel: "warning",
  });
  await build({
    entryPoints: {
      client: join(root, "src", "index.ts"),
      worker: join(root, "src", "worker", "entry.ts"),
    },
    outdir: out,
    bundle: true,
    platform: "neutral",
    format: "esm",
    target: "es2022",
    external: ["onnxruntime-web/*"],
    logLevel: "warning",
  });
  const built = files.map((file) => join(out, relative(here, file).replace(/\.ts$/, ".mjs")));
  const run = spawnSync(
    process.execPath,
    ["--enable-source-maps", "--test", "--test-concurrency=1", "--test-reporter=spec", ...built],
    { stdio: "inherit", env: { ...process.env, EDGEBERT_WEB: root, EDGEBERT_BUILT: out } },
  );
  process.exitCode = run.status ?? 1;
} finally {
  rmSync(out, { recursive: true, force: true });
}

// Builds dist/ from src/: the client for browsers and Node, its minified form, the worker, types.
// The same sources and lock file give the same bytes.
import { build } from "esbuild";
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(fileURLToPath(import.meta.url));
const out = join(root, process.argv[2] ?? "dist");
const client = {
  absWorkingDir: root,
  bundle: true,
  format: "esm",
  platform: "neutral",
  mainFields: ["module", "main"],
  conditions: ["import"],
  target: "es2022",
  external: ["onnxruntime-web", "onnxruntime-node", "node:*"],
  legalComments: "inline",
  charset: "utf8",
  logLevel: "warning",
};

rmSync(out, { recursive: true, force: true });
const entry = join(root, "src", "index.ts");
await build({ ...client, entryPoints: { edgebert: entry }, outdir: out });
await build({
  ...client,
  entryPoints: { "edgebert.min": entry },
  outdir: out,
  minify: true,
  sourcemap: true,
  legalComments: "none",
});
const typescript = join(root, "node_modules", "typescript", "bin", "tsc");
const types = spawnSync(
  process.execPath,
  [typescript, "-p", join(root, "tsconfig.dist.json"), "--outDir", join(out, "types")],
  { stdio: "inherit" },
);
if (types.status !== 0) process.exit(types.status ?? 1);

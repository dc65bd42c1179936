// Builds dist/ from src/: the client for browsers and Node, its minified form, the code of a worker,
// and types. The same sources and lock file give the same bytes.
//
//     node build.mjs [FOLDER]
import { build } from "esbuild";
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(fileURLToPath(import.meta.url));
const out = resolve(root, process.argv[2] ?? "dist");

const IMPORTED = /(from |import\()"(\.[^"]*)\.ts"/g;

rmSync(out, { recursive: true, force: true });
await bundle("edgebert", {});
await bundle("edgebert.min", { minify: true, sourcemap: true, sourcesContent: true });
writeFileSync(
  join(out, "worker.js"),
  'import { hostModel } from "./edgebert.min.js";\n\nhostModel();\n',
);
writeTypes(join(out, "types"));

async function bundle(name, form) {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: { [name]: "src/index.ts" },
    outdir: "dist", // which a source map counts from, wherever it is written
    write: false,
    bundle: true,
    format: "esm",
    platform: "neutral",
    target: "es2022",
    external: ["onnxruntime-web/*"],
    charset: "utf8",
    legalComments: "none",
    logLevel: "warning",
    ...form,
  });
  mkdirSync(out, { recursive: true });
  for (const { path, contents } of outputFiles) writeFileSync(join(out, basename(path)), contents);
}

/** Declarations of what index.ts gives, whose imports name the files that are there: every resolver
 * finds those. */
function writeTypes(types) {
  const compiler = join(root, "node_modules", "typescript", "bin", "tsc");
  const project = join(root, "tsconfig.dist.json");
  const compiled = spawnSync(process.execPath, [compiler, "-p", project, "--outDir", types], {
    stdio: "inherit",
  });
  if (compiled.status !== 0) process.exit(compiled.status ?? 1);
  const needed = reachableFrom(join(types, "index.d.ts"));
  for (const name of readdirSync(types, { recursive: true })) {
    const file = join(types, name);
    if (!name.endsWith(".d.ts")) continue;
    if (!needed.has(file)) rmSync(file);
    else writeFileSync(file, readFileSync(file, "utf-8").replace(IMPORTED, '$1"$2.js"'));
  }
}

/** A file of declarations, and all that it imports. */
function reachableFrom(file, found = new Set()) {
  if (found.has(file)) return found;
  found.add(file);
  for (const [, , path] of readFileSync(file, "utf-8").matchAll(IMPORTED)) {
    reachableFrom(resolve(dirname(file), `${path}.d.ts`), found);
  }
  return found;
}

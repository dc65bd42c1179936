"""A folder for Node and Electron: the client, the bundle, package.json and a script that asks it."""

from __future__ import annotations

import re
from pathlib import Path

from edgebert.bundle import MANIFEST, Bundle, copy_files
from edgebert.json_files import write_value
from edgebert.packaging.client import CLIENT, ONNXRUNTIME, TYPES, copy_client
from edgebert.packaging.javascript import client_call

MODEL_FOLDER, SCRIPT = "model", "ask.mjs"


def write_node(bundle: Bundle, folder: Path, output: Path) -> tuple[str, ...]:
    """Fill `folder`; return what has still to be done there, in sentences.

    Args:
        bundle: the bundle.
        folder: where all is written.
        output: where that ends up, by which the package is called.
    """
    name = output.resolve().name
    copy_client(folder, CLIENT, TYPES)
    copy_files(bundle, folder / MODEL_FOLDER, (MANIFEST, *bundle.manifest.files))
    write_value(folder / "package.json", _package(name))
    call = client_call(bundle.manifest)
    (folder / SCRIPT).write_text(_script(call), encoding="utf-8")
    (folder / "README.md").write_text(_readme(name), encoding="utf-8")
    return (f"onnxruntime-node: run 'npm install --ignore-scripts' in {output}",)


def _package(name: str) -> dict[str, object]:
    return {
        "name": re.sub(r"[^a-z0-9._-]+", "-", name.lower()).strip("-._") or "edgebert-model",
        "version": "0.1.0",
        "private": True,
        "type": "module",
        "exports": {".": {"types": "./types/index.d.ts", "default": f"./{CLIENT}"}},
        "engines": {"node": ">=20"},
        "scripts": {"ask": f"node {SCRIPT}"},
        "dependencies": {"onnxruntime-node": f"^{ONNXRUNTIME}"},
    }


def _script(call: str) -> str:
    return f"""// Checks the bundle's golden answers on this machine, then asks the model.
import {{ fileURLToPath }} from "node:url";
import {{ load }} from "./{CLIENT}";

const model = await load(fileURLToPath(new URL("{MODEL_FOLDER}/", import.meta.url)));
const proof = await model.verify();
console.log(proof.passed ? "golden answers hold" : proof.failures.join("\\n"));
console.log(await {call});
await model.close();
"""


def _readme(name: str) -> str:
    return f"""# {name}: an edgebert model for Node and Electron

    npm install --ignore-scripts
    node {SCRIPT}

`--ignore-scripts` keeps onnxruntime-node from fetching CUDA; what runs on a CPU is in its package. How to
ask the model is in `{SCRIPT}`.

In Electron, load it in the main process or in a utility process, so that no window waits for it. Leave
`{MODEL_FOLDER}/` and `node_modules/onnxruntime-node/` out of the asar archive (`asarUnpack`).

| | |
|---|---|
| `{CLIENT}`, `{TYPES}/` | the client, and its types |
| `{MODEL_FOLDER}/` | the bundle: checksums in `manifest.json`, golden answers in `golden.json` |
| `{SCRIPT}` | checks the golden answers here, then answers texts |
"""

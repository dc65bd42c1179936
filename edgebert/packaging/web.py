"""A folder that any server of files serves: a page, the client, the bundle, onnxruntime-web."""

from __future__ import annotations

import shutil
from html import escape
from pathlib import Path

from edgebert.bundle import MANIFEST, Bundle, copy_files
from edgebert.errors import InputError
from edgebert.packaging.client import (
    MINIFIED,
    ONNXRUNTIME,
    SOURCE_MAP,
    WORKER,
    copy_client,
    copy_page,
)
from edgebert.packaging.javascript import client_call

MODEL_FOLDER, RUNTIME_FOLDER = "model", "ort"

WASM_FILES = (
    "ort.wasm.min.mjs",
    "ort-wasm-simd-threaded.mjs",
    "ort-wasm-simd-threaded.wasm",
)
"""What of onnxruntime-web runs a bundle on the CPU."""

WEBGPU_FILES = (
    "ort.webgpu.min.mjs",
    "ort-wasm-simd-threaded.asyncify.mjs",
    "ort-wasm-simd-threaded.asyncify.wasm",
)
"""What runs one of target portable on the GPU, where the page is asked to."""


def vendored(given: Path) -> Path:
    """The folder with the files of onnxruntime-web, where its package or its project is given.

    Raises:
        InputError: none of them holds it.
    """
    for place in ("", "dist", "onnxruntime-web/dist", "node_modules/onnxruntime-web/dist"):
        if all((given / place / name).is_file() for name in WASM_FILES):
            return given / place
    raise InputError(
        f"{given} holds no onnxruntime-web: {WASM_FILES[0]} and {WASM_FILES[2]} are not there. "
        f"Fetch it with {_install()}, and give node_modules/onnxruntime-web/dist"
    )


def write_web(bundle: Bundle, folder: Path, runtime: Path | None) -> tuple[str, ...]:
    """Fill `folder`; return what has still to be put there, in sentences.

    Args:
        bundle: the bundle.
        folder: where all is written.
        runtime: the files of onnxruntime-web, where they are to be copied.
    """
    copy_client(folder, MINIFIED, SOURCE_MAP, WORKER)
    copy_page(folder)
    copy_files(bundle, folder / MODEL_FOLDER, (MANIFEST, *bundle.manifest.files))
    (folder / RUNTIME_FOLDER).mkdir()
    needed = _needed(bundle)
    if runtime:
        _copy_runtime(runtime, folder / RUNTIME_FOLDER, needed)
    page = (folder / "index.html").read_text(encoding="utf-8")
    titled = page.replace("{{title}}", escape(bundle.manifest.source.id))
    (folder / "index.html").write_text(titled, encoding="utf-8")
    missing = () if runtime else (_missing(needed),)
    (folder / "README.md").write_text(_readme(bundle, missing), encoding="utf-8")
    return missing


def _copy_runtime(runtime: Path, folder: Path, names: tuple[str, ...]) -> None:
    """Copy files of onnxruntime-web.

    Raises:
        InputError: one is missing.
    """
    for name in names:
        if not (runtime / name).is_file():
            raise InputError(f"{runtime} lacks {name}: fetch all of it with {_install()}")
        shutil.copyfile(runtime / name, folder / name)


def _needed(bundle: Bundle) -> tuple[str, ...]:
    on_gpu = bundle.manifest.target == "portable"
    return (*WASM_FILES, *WEBGPU_FILES) if on_gpu else WASM_FILES


def _install() -> str:
    return f"'npm install --ignore-scripts onnxruntime-web@{ONNXRUNTIME}'"


def _missing(needed: tuple[str, ...]) -> str:
    return (
        f"onnxruntime-web: {_install()}, and copy {', '.join(needed)} of "
        f"node_modules/onnxruntime-web/dist to {RUNTIME_FOLDER}/ (or package with --vendor "
        "node_modules/onnxruntime-web/dist)"
    )


def _readme(bundle: Bundle, missing: tuple[str, ...]) -> str:
    todo = "".join(f"**Still missing** is {sentence}.\n\n" for sentence in missing)
    call = client_call(bundle.manifest)
    return f"""# {bundle.manifest.source.id} in a browser

{todo}Serve this folder with any server of files, and open its index.html:

    python -m http.server 8000

The model runs in the page: no text leaves it, and nothing is fetched from elsewhere. The model is kept in
the browser's storage, and checked by its checksums.

## Several threads

A browser gives threads only to pages that are isolated from others. Let your server send with each file

    Cross-Origin-Opener-Policy: same-origin
    Cross-Origin-Embedder-Policy: require-corp

Without them one thread runs; the page says which it is.

## In a page of your own

```js
import {{ loadInWorker }} from "./{MINIFIED}";

const model = await loadInWorker("{MODEL_FOLDER}/", {{
  runtime: "{RUNTIME_FOLDER}/{WASM_FILES[0]}",
}});
console.log((await model.verify()).passed);
console.log(await {call});
```

| | |
|---|---|
| `index.html`, `page.css`, `page.js`, `tasks.js`, `drawing.js` | the page |
| `keep.js` | keeps the page for when there is no network (a service worker) |
| `{MINIFIED}`, `{WORKER}` | the client, with its source map, and its worker |
| `{MODEL_FOLDER}/` | the bundle: checksums in `manifest.json`, golden answers in `golden.json` |
| `{RUNTIME_FOLDER}/` | onnxruntime-web {ONNXRUNTIME}: what runs the graph |
"""

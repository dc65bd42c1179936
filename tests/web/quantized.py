"""`edgebert quantize --target web`: what its manifest says of WebAssembly, measured again by the client."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from edgebert.bundle import read_bundle
from edgebert.drift.comparing import compared_texts
from edgebert.measures.similarity import cosines
from edgebert.quantize import QuantizeOptions
from edgebert.quantize.calibration import choose_texts
from edgebert.quantize.web.node import find_node_runtime
from edgebert.quantize.web.wasm import Wasm
from edgebert.records.manifest import VNNI, Manifest, Web
from edgebert.runtimes import Model, load
from edgebert.runtimes.kernels import OFF
from web.running import CLIENT, HERE, WORK, asked, fresh, run

_SAMPLES = 64
_FOLDER = WORK / "quantized"
_RUNTIME = CLIENT / "node_modules/onnxruntime-web/dist/ort.node.min.mjs"
_AGAIN = 0.01
"""Share of a drift by which the same measured by the client may differ: its batches are others."""


@dataclass(frozen=True)
class Proved:
    """What was chosen for WebAssembly, and how far it drifts there by the client."""

    bundle: str
    web: Web
    again: float
    on_cpu: float


def proved_in_wasm(tiny: Mapping[str, Path], real: Path, found: list[Proved]) -> Iterator[str]:
    """Quantize each bundle for the web, and have the client verify and measure what was made.

    Args:
        tiny: float bundles by name, of which a search chooses the mixture.
        real: one whose scheme is named, because a search takes minutes.
        found: what was measured, for the table.
    """
    bundles = {**tiny, "real": real}
    yield from _full_range_is_exact()
    fresh(_FOLDER)
    floats = {name: load(bundle, kernels=OFF) for name, bundle in bundles.items()}
    texts = {name: _held_out(model) for name, model in floats.items()}
    for name, bundle in bundles.items():
        _quantize(bundle, _FOLDER / "bundles" / name, "auto" if name in tiny else "token")
    verbs = {name: _verb(model) for name, model in floats.items()}
    plan = {
        "folder": str(_FOLDER),
        "client": str(CLIENT / "dist"),
        "options": {"provider": "wasm", "runtime": _RUNTIME.as_uri(), "threads": 1},
        "bundles": {name: [[verbs[name], texts[name]]] for name in floats},
    }
    answers = asked(HERE / "in_node.mjs", plan)["bundles"]
    for name, model in floats.items():
        manifest, here = read_bundle(_FOLDER / "bundles" / name).manifest, answers[name]
        yield from (f"{name}: {failure}" for failure in here["failures"])
        if here["provider"] != "wasm":
            yield f"{name}: {here['provider']} ran it"
        yield from _as_promised(
            name, manifest, _moved(model, texts[name], here["answers"][0]), found
        )


def _quantize(bundle: Path, output: Path, scheme: str) -> None:
    output.parent.mkdir(exist_ok=True)
    options = ("--target", "web", "--scheme", scheme, "--samples", str(_SAMPLES))
    command = ("-m", "edgebert", "quantize", bundle.resolve(), *options, "-o", output.resolve())
    run(sys.executable, *map(str, command), cwd=CLIENT)


def _held_out(model: Model) -> list[Any]:
    options = QuantizeOptions(target="web", samples=_SAMPLES)
    return list(compared_texts(model, choose_texts(options, model).held_out))


def _verb(model: Model) -> str:
    return "embed" if model.spec.task.vectors else "classify"


def _moved(model: Model, texts: Sequence[Any], answers: Sequence[Any]) -> float:
    """The mean distance of the client's answers from those of the floats in Python."""
    if model.spec.task.vectors:
        return float((1 - cosines(model.embed(texts), np.array(answers, np.float32))).mean())
    changes = [
        max(abs(one.scores[label] - other["scores"][label]) for label in one.scores)
        for one, other in zip(model.classify(texts), answers, strict=True)
    ]
    return float(np.mean(changes))


def _as_promised(name: str, manifest: Manifest, again: float, found: list[Proved]) -> Iterator[str]:
    web, drift = manifest.web, manifest.drift
    if web is None or drift is None or web.chosen is None:
        yield f"{name}: its manifest says nothing of WebAssembly"
        return
    found.append(Proved(name, web, again, drift.mean))
    if abs(again - web.drift.mean) > _AGAIN * web.drift.mean:
        yield f"{name}: the client drifts by {again:.3g}, its manifest says {web.drift.mean:.3g}"
    if manifest.quantization is None or manifest.quantization.isa != VNNI:
        yield f"{name}: its weights have not the full range"
    if any(one.p50_ms <= 0 for one in web.candidates):
        yield f"{name}: its candidates were not timed"


def _full_range_is_exact() -> Iterator[str]:
    """Products of the largest codes with weights of the full range, where sums of 16 bits overflow."""
    path = fresh(_FOLDER) / "product.onnx"
    draw = np.random.default_rng(0)
    weight = draw.choice(np.array([-128, -127, 127], np.int8), (384, 96))
    onnx.save(_product(weight), path)
    with Wasm(find_node_runtime(CLIENT)) as wasm:
        session = wasm.open(path)
        for rows in (1, 2, 16, 33):
            codes = draw.choice(np.array([255, 254, 0], np.int32), (rows, 384))
            (sums,) = session.run(None, {"codes": codes})
            if (sums != codes @ weight.astype(np.int32)).any():
                yield f"sums of {rows} rows of the full range are not exact"


def _product(weight: np.ndarray) -> onnx.ModelProto:
    nodes = [
        helper.make_node("Cast", ["codes"], ["bytes"], to=TensorProto.UINT8),
        helper.make_node("MatMulInteger", ["bytes", "weight"], ["sums"]),
    ]
    graph = helper.make_graph(
        nodes,
        "product",
        [helper.make_tensor_value_info("codes", TensorProto.INT32, ["rows", len(weight)])],
        [helper.make_tensor_value_info("sums", TensorProto.INT32, ["rows", weight.shape[1]])],
        [numpy_helper.from_array(weight, "weight")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)

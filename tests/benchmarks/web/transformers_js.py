"""all-MiniLM-L6-v2 as the conversion script of transformers.js makes it.

The package it exports with does not install beside transformers 5, so the same exporter of PyTorch and
the script's settings of onnxruntime.quantization are called here: weights in int8 of seven bits, per
channel; activations in uint8, dynamic; products with weights only. The script slims graphs before it
writes them; onnxruntime folds the same when it loads them.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from devices.minilm import minilm_folder
from onnxruntime.quantization import QuantType, quantize_dynamic
from web.running import WORK

from benchmarks.plain_export import plain_onnx
from benchmarks.protocol import Sources
from benchmarks.web.clients import GRAPHS, LONGEST

_PEERS = WORK / "transformers.js"


def transformers_js_folder() -> Path:
    """The folder of all-MiniLM-L6-v2 in fp32 and q8; made where it is not there yet."""
    folder = _PEERS / "all-MiniLM-L6-v2"
    quantized = folder / "onnx" / GRAPHS["q8"]
    if quantized.exists():
        return folder
    (folder / "onnx").mkdir(parents=True, exist_ok=True)
    checkpoint = minilm_folder()
    plain = plain_onnx(Sources(checkpoint, (), _PEERS))
    shutil.copy(plain, folder / "onnx" / GRAPHS["fp32"])
    for name in ("config.json", "tokenizer.json"):
        shutil.copy(checkpoint / name, folder)
    read = json.loads((checkpoint / "tokenizer_config.json").read_text(encoding="utf-8"))
    cut = json.dumps(read | {"model_max_length": LONGEST})
    (folder / "tokenizer_config.json").write_text(cut, encoding="utf-8")
    beside = quantized.with_suffix(".part")
    quantize_dynamic(
        plain,
        beside,
        per_channel=True,
        reduce_range=True,
        weight_type=QuantType.QInt8,
        extra_options={"EnableSubgraph": True, "MatMulConstBOnly": True},
    )
    beside.rename(quantized)
    return folder

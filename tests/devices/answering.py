"""What runs inside a device: `python -m devices.answering BUNDLE TEXTS FOLDER`.

Embeds the texts of a JSON file with each reader, and writes the vectors of each and what the device
says of itself into the folder. It imports what a device has: edgebert[cpu], nothing of the host's.
"""

from __future__ import annotations

import json
import platform
import sys
import time
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime
import tokenizers

import edgebert
from edgebert.bundle import open_bundle
from edgebert.machine import this_machine

Vectors = npt.NDArray[np.float32]


def with_edgebert(bundle: Path, texts: Sequence[str], *, kernels: str = "off") -> Vectors:
    """What a user of edgebert gets. One text at a time: neighbours move the answers of some int8."""
    model = edgebert.load(bundle, threads=1, kernels=kernels)
    return np.stack([model.embed(text) for text in texts])


def with_kernels(bundle: Path, texts: Sequence[str]) -> Vectors:
    """What the native kernels answer."""
    return with_edgebert(bundle, texts, kernels="required")


def with_onnxruntime(bundle: Path, texts: Sequence[str]) -> Vectors:
    """What a user of model.onnx gets: onnxruntime's defaults, one text at a time, no padding."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # the emulator's threads would only wait for each other
    session = onnxruntime.InferenceSession(
        str(bundle / "model.onnx"), options, providers=["CPUExecutionProvider"]
    )
    tokenizer = tokenizers.Tokenizer.from_file(str(bundle / "tokenizer.json"))
    tokenizer.no_padding()
    rows = []
    for encoding in tokenizer.encode_batch(list(texts)):
        columns = {
            "input_ids": encoding.ids,
            "attention_mask": encoding.attention_mask,
            "token_type_ids": encoding.type_ids,
        }
        feed = {
            value.name: np.array(
                [columns[value.name]], np.int32 if value.type == "tensor(int32)" else np.int64
            )
            for value in session.get_inputs()
        }
        rows.append(session.run(["sentence_embedding"], feed)[0][0])
    return np.stack(rows)


KERNELS = "kernels"
READERS: dict[str, Callable[[Path, Sequence[str]], Vectors]] = {
    "edgebert": with_edgebert,
    "onnxruntime": with_onnxruntime,
    KERNELS: with_kernels,
}


def readers_of(bundle: Path) -> dict[str, Callable[[Path, Sequence[str]], Vectors]]:
    """Those that can read a bundle: kernels where it says what they answer."""
    measured = open_bundle(bundle).manifest.kernels is not None
    return {name: embed for name, embed in READERS.items() if measured or name != KERNELS}


def main() -> None:
    bundle, texts, folder = map(Path, sys.argv[1:])
    seconds = {}
    for name, embed in readers_of(bundle).items():
        start = time.perf_counter()
        vectors = embed(bundle, json.loads(texts.read_text(encoding="utf-8")))
        seconds[name] = round(time.perf_counter() - start, 1)
        np.save(folder / f"{name}.npy", vectors)
    about = {
        "cpu_class": this_machine().cpu_class,
        "python": platform.python_version(),
        "onnxruntime": metadata.version("onnxruntime"),
        "seconds": seconds,
    }
    (folder / "about.json").write_text(json.dumps(about), encoding="utf-8")


if __name__ == "__main__":
    main()

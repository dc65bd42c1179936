"""Does this device give the answers that the bundle promised where it was made?"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edgebert.bundle import GOLDEN
from edgebert.errors import BundleError
from edgebert.machine import release_numbers, this_machine
from edgebert.records.codec import to_dict
from edgebert.records.golden import Golden, GoldenText, Tolerance
from edgebert.records.manifest import FORMAT
from edgebert.runtimes.model import Model
from edgebert.runtimes.providers import CPU
from edgebert.runtimes.reasons import reason_of
from edgebert.runtimes.session import import_onnxruntime
from edgebert.text.encoding import Text, encode
from edgebert.user_cache import user_cache


@dataclass(frozen=True)
class GoldenAnswer:
    """How one golden text came out here; distances are relative L2 (see `relative_distance`).

    Attributes:
        rounds_otherwise: int8 of a provider that rounds in other places than the CPU's: held to
            the reference alone, from which both are as far.
    """

    golden: GoldenText
    tokens_equal: bool
    to_expected: float
    to_reference: float
    rounds_otherwise: bool = False

    @property
    def as_expected(self) -> bool:
        return self.rounds_otherwise or self.to_expected <= self.golden.tolerance.expected

    @property
    def as_reference(self) -> bool:
        return self.to_reference <= self.golden.tolerance.reference

    @property
    def passed(self) -> bool:
        return self.tokens_equal and self.as_expected and self.as_reference


def run_golden(model: Model) -> list[GoldenAnswer]:
    """Run the bundle's golden texts one by one and compare tokens and outputs.

    Raises:
        BundleError: the graph loads but cannot run.
    """
    golden = model.bundle.golden()
    return [_run_one(model, text, golden.columns) for text in golden.texts]


def write_golden(
    model: Model,
    texts: Sequence[Text],
    references: Sequence[Any],
    tolerance: Tolerance,
    columns: Sequence[int],
) -> None:
    """Write the golden file of a bundle that is being made.

    Args:
        model: the new graph; its answers become `expected`.
        texts: the golden texts.
        references: what is `kept` of the checkpoint's fp32 output for each text.
        tolerance: how far an answer may be from each of the two.
        columns: of an output that are kept; none for all.
    """
    encodings = encode(model.tokenizer, texts)
    golden = Golden(
        format=FORMAT,
        cpu_class=this_machine().cpu_class,
        onnxruntime=str(import_onnxruntime().__version__),
        texts=tuple(
            GoldenText(
                text=text,
                input_ids=tuple(encoding.ids),
                attention_mask=tuple(encoding.attention_mask),
                reference=_rounded(reference),
                expected=_rounded(kept(model.outputs([text])[0], columns)),
                tolerance=tolerance,
            )
            for text, encoding, reference in zip(texts, encodings, references, strict=True)
        ),
        columns=tuple(columns),
    )
    plain = json.dumps(to_dict(golden), ensure_ascii=False)
    (model.files.path / GOLDEN).write_text(plain + "\n", encoding="utf-8")


def kept(output: npt.NDArray[Any], columns: Sequence[int]) -> npt.NDArray[Any]:
    """What a golden file keeps of an output."""
    return output[..., list(columns)] if columns else output


def relative_distance(answer: npt.ArrayLike, promised: npt.ArrayLike) -> float:
    """||answer - promised|| / ||promised||; infinite where the shapes differ or a value is nan."""
    a, b = np.asarray(answer, np.float64), np.asarray(promised, np.float64)
    if a.size == b.size == 0:  # a text whose mask was cut away
        return 0.0
    if a.shape != b.shape or not np.isfinite(a).all():
        return float("inf")
    return float(np.linalg.norm(a - b) / max(float(np.linalg.norm(b)), 1e-12))


def is_newer(version: str, than: str) -> bool:
    """Compare releases like 1.31.1 by their numbers."""
    return release_numbers(version) > release_numbers(than)


def prove_on_new_onnxruntime(model: Model) -> None:
    """Run the golden texts once for each onnxruntime newer than the bundle was tested with.

    Raises:
        BundleError: a golden text came out differently.
    """
    installed = str(import_onnxruntime().__version__)
    if not is_newer(installed, model.manifest.onnxruntime.tested):
        return
    verdict = _verdict_file(model, installed)
    if verdict.is_file():
        return
    failed = [answer for answer in run_golden(model) if not answer.passed]
    if failed:
        raise BundleError(
            f"{model.bundle.path} answers differently under onnxruntime {installed}: {len(failed)} "
            f"golden texts fail. It was tested with {model.manifest.onnxruntime.tested}"
        )
    _remember(verdict)


def _run_one(model: Model, golden: GoldenText, columns: Sequence[int]) -> GoldenAnswer:
    text = golden.as_text
    (encoding,) = encode(model.tokenizer, [text])
    try:
        output = kept(model.outputs([text])[0], columns)
    except Exception as error:  # onnxruntime's errors share no public base class
        raise BundleError(f"{model.files.model_path} cannot run: {reason_of(error)}") from error
    return GoldenAnswer(
        golden=golden,
        tokens_equal=tuple(encoding.ids) == golden.input_ids,
        to_expected=relative_distance(output, golden.expected),
        to_reference=relative_distance(output, golden.reference),
        rounds_otherwise=model.rounds_otherwise,
    )


def _rounded(values: npt.ArrayLike) -> Any:
    """Nested lists with the seven digits that a float32 holds."""
    array = np.asarray(values, np.float64)
    if array.ndim > 1:
        return [_rounded(row) for row in array]
    return [float(f"{value:.7g}") for value in array]


def _verdict_file(model: Model, onnxruntime: str) -> Path:
    """Where a verdict is kept; a home may be shared by machines of different CPUs."""
    where = this_machine().cpu_class if model.provider == CPU.full_name else model.provider
    return user_cache("golden") / f"{model.bundle.sha256[:32]}-{onnxruntime}-{where}"


def _remember(verdict: Path) -> None:
    try:
        verdict.parent.mkdir(parents=True, exist_ok=True)
        verdict.touch()
    except OSError:
        return  # a read-only device proves it again next time

"""Does this device give the answers that the bundle promised where it was made?"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edgebert.bundle import GOLDEN
from edgebert.errors import BundleError
from edgebert.machine import KERNELS_WHEEL, release_numbers, this_machine
from edgebert.records.codec import to_dict
from edgebert.records.golden import Golden, GoldenText, Tolerance
from edgebert.records.manifest import FORMAT
from edgebert.runtimes.model import Model
from edgebert.runtimes.sessions.providers import CPU
from edgebert.runtimes.sessions.reasons import reason_of
from edgebert.runtimes.sessions.session import import_onnxruntime
from edgebert.text.encoding import Text, encode
from edgebert.user_cache import user_cache


@dataclass(frozen=True)
class GoldenAnswer:
    """How one golden text came out here; distances as in `golden_distance`.

    Attributes:
        rounds_otherwise: int8 of a provider, or by bfloat16, that round in other places than the
            CPU's: held to the reference alone, from which all are as far.
        other_bits: how many numbers have other bits than those promised; None where none were.
    """

    golden: GoldenText
    tokens_equal: bool
    to_expected: float
    to_reference: float
    rounds_otherwise: bool = False
    other_bits: int | None = None

    @property
    def as_expected(self) -> bool:
        if self.other_bits is not None:
            return self.other_bits == 0
        return self.rounds_otherwise or self.to_expected <= self.golden.tolerance.expected

    @property
    def as_reference(self) -> bool:
        return self.to_reference <= self.golden.tolerance.reference

    @property
    def passed(self) -> bool:
        return self.tokens_equal and self.as_expected and self.as_reference

    @property
    def quoted(self) -> str:
        """The beginning of the text."""
        text = str(self.golden.text)
        return repr(text if len(text) <= 40 else text[:39] + "…")

    @property
    def told(self) -> str:
        """The text and, where bits were promised, how many numbers have others, and by how much."""
        if not self.other_bits:
            return self.quoted
        of = np.size(self.golden.kernels)
        return (
            f"{self.quoted} ({self.other_bits} of {of} numbers have other bits, "
            f"by {self.to_expected:.2g} of the whole)"
        )


def run_golden(model: Model, golden: Golden | None = None) -> list[GoldenAnswer]:
    """Run the bundle's golden texts one by one and compare tokens and outputs.

    Kernels whose manifest promises the same bits on every CPU are held to these; all else to the
    tolerance.

    Args:
        model: of a bundle.
        golden: what its golden file holds, where it was read before.

    Raises:
        BundleError: the graph loads but cannot run, or there are no answers of what runs it.
    """
    golden = golden or model.bundle.golden()
    if model.kernels and any(text.kernels is None for text in golden.texts):
        raise BundleError(f"{model.bundle.path}/{GOLDEN} is damaged: it has no answers of kernels")
    return [_run_one(model, text, golden.columns) for text in golden.texts]


def write_golden(
    model: Model,
    texts: Sequence[Text],
    references: Sequence[Any],
    tolerance: Tolerance,
    columns: Sequence[int],
    kernels: Model | None = None,
) -> None:
    """Write the golden file of a bundle that is being made.

    Args:
        model: the new graph; its answers become `expected`.
        texts: the golden texts.
        references: what is `kept` of the checkpoint's fp32 output for each text.
        tolerance: how far an answer may be from each of the two.
        columns: of an output that are kept; none for all.
        kernels: the same graph as kernels run it, where that was measured.
    """
    encodings = encode(model.tokenizer, texts)
    golden = Golden(
        format=FORMAT,
        cpu_class=this_machine().cpu_class,
        onnxruntime=_onnxruntime(),
        texts=tuple(
            GoldenText(
                text=text,
                input_ids=tuple(encoding.ids),
                attention_mask=tuple(encoding.attention_mask),
                reference=_rounded(reference),
                expected=_rounded(kept(model.outputs([text])[0], columns)),
                tolerance=tolerance,
                kernels=every_bit(kept(kernels.outputs([text])[0], columns)) if kernels else None,
            )
            for text, encoding, reference in zip(texts, encodings, references, strict=True)
        ),
        columns=tuple(columns),
    )
    write_golden_file(golden, model.files.path)


def write_golden_file(golden: Golden, folder: Path) -> None:
    """Write the golden file of a bundle."""
    plain = json.dumps(to_dict(golden), ensure_ascii=False)
    (folder / GOLDEN).write_text(plain + "\n", encoding="utf-8")


def every_bit(answer: npt.ArrayLike) -> Any:
    """Nested lists that give back every bit of a float32: nine digits are enough for any of them."""
    return _rounded(answer, digits=9)


def other_bits(answer: npt.ArrayLike, promised: npt.ArrayLike) -> int:
    """How many numbers of float32 differ in any bit; all of them where the shapes differ."""
    a, b = np.asarray(answer, np.float32), np.asarray(promised, np.float32)
    if a.size == b.size == 0:  # a text whose mask was cut away
        return 0
    if a.shape != b.shape:
        return max(a.size, b.size)
    return int(np.count_nonzero(a.view(np.uint32) != b.view(np.uint32)))


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


def golden_distance(model: Model, answer: npt.NDArray[Any], promised: Any) -> float:
    """How far an output is from what was promised, as its task has it."""
    told = model.spec.task.golden_distance(answer, promised)
    return relative_distance(answer, promised) if told is None else told


def is_newer(version: str, than: str) -> bool:
    """Compare releases like 1.31.1 by their numbers."""
    return release_numbers(version) > release_numbers(than)


def prove_on_new_versions(model: Model) -> None:
    """Run the golden texts once for each onnxruntime newer than the bundle was tested with.

    Of a bundle that kernels run, also once for each release of theirs but that which made it.

    Raises:
        BundleError: a golden text came out differently.
    """
    untested = list(_untested(model))
    if not untested:
        return
    verdict = _verdict_file(model)
    if verdict.is_file():
        return
    failed = [answer for answer in run_golden(model) if not answer.passed]
    if failed:
        now, tested = (" and ".join(versions) for versions in zip(*untested, strict=True))
        raise BundleError(
            f"{model.bundle.path} answers differently under {now}: {len(failed)} golden texts fail, "
            f"first {failed[0].told}. It was tested with {tested}"
        )
    _remember(verdict)


def _untested(model: Model) -> Iterator[tuple[str, str]]:
    """What runs a model that it was not tested with, beside what it was tested with."""
    installed, tested = _onnxruntime(), model.manifest.onnxruntime.tested
    if is_newer(installed, tested):
        yield f"onnxruntime {installed}", f"onnxruntime {tested}"
    if model.kernels:
        made_with = model.manifest.created_with.get(KERNELS_WHEEL)
        if made_with != model.kernels.version:
            yield f"{KERNELS_WHEEL} {model.kernels.version}", f"{KERNELS_WHEEL} {made_with}"


def _run_one(model: Model, golden: GoldenText, columns: Sequence[int]) -> GoldenAnswer:
    text = golden.as_text
    (encoding,) = encode(model.tokenizer, [text])
    try:
        output = kept(model.outputs([text])[0], columns)
    except Exception as error:  # onnxruntime's errors share no public base class
        raise BundleError(f"{model.files.model_path} cannot run: {reason_of(error)}") from error
    promised = golden.kernels if model.kernels else golden.expected
    return GoldenAnswer(
        golden=golden,
        tokens_equal=tuple(encoding.ids) == golden.input_ids,
        to_expected=golden_distance(model, output, promised),
        to_reference=golden_distance(model, output, golden.reference),
        rounds_otherwise=model.rounds_otherwise,
        other_bits=other_bits(output, promised) if model.promises_bits else None,
    )


def _rounded(values: npt.ArrayLike, *, digits: int = 7) -> Any:
    """Nested lists, by default with the seven digits that a float32 holds."""
    array = np.asarray(values, np.float64)
    if array.ndim > 1:
        return [_rounded(row, digits=digits) for row in array]
    return [float(f"{value:.{digits}g}") for value in array]


def _onnxruntime() -> str:
    return str(import_onnxruntime().__version__)


def _verdict_file(model: Model) -> Path:
    """Where a verdict is kept; a home may be shared by machines of different CPUs."""
    where = this_machine().cpu_class if model.provider == CPU.full_name else model.provider
    name = f"{model.bundle.sha256[:32]}-{_onnxruntime()}-{where}"
    if model.kernels:
        kernels = model.kernels
        name += f"-{KERNELS_WHEEL}-{kernels.version}-{kernels.engine}-{kernels.instruction_set}"
    return user_cache("golden") / name


def _remember(verdict: Path) -> None:
    try:
        verdict.parent.mkdir(parents=True, exist_ok=True)
        verdict.touch()
    except OSError:
        return  # a read-only device proves it again next time

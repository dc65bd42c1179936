"""Does this device give the answers that a bundle promises? Needs nothing but the runtime."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from edgebert.bundle import Bundle, changed_files, read_bundle
from edgebert.errors import EdgebertError, GateError
from edgebert.machine import this_machine
from edgebert.records.measured import DoctorCheck, DoctorRecord
from edgebert.runtimes import Model, load
from edgebert.runtimes.golden import GoldenAnswer, is_newer, run_golden
from edgebert.runtimes.session import import_onnxruntime


def examine(path: str | Path) -> DoctorRecord:
    """Check a bundle on this device: files, versions, provider, tokens and golden answers.

    Raises:
        GateError: a check failed; `error.record` is the `DoctorRecord` with all of them.
        BundleError: the folder is no bundle at all.
    """
    bundle = read_bundle(path)
    checks = [_files(bundle), _versions(bundle)]
    if checks[0].passed:
        checks += _answers(bundle)
    failed = [check for check in checks if not check.passed]
    record = DoctorRecord(bundle=str(path), passed=not failed, checks=tuple(checks))
    if failed:
        raise GateError("; ".join(f"{check.name}: {check.detail}" for check in failed), record)
    return record


def _files(bundle: Bundle) -> DoctorCheck:
    changed = changed_files(bundle)
    detail = "; ".join(changed) or f"{len(bundle.manifest.files)} files, all as they were sealed"
    return DoctorCheck("checksums", not changed, detail)


def _versions(bundle: Bundle) -> DoctorCheck:
    installed, bounds = str(import_onnxruntime().__version__), bundle.manifest.onnxruntime
    detail = f"onnxruntime {installed} (bundle needs {bounds.min}, was tested with {bounds.tested})"
    return DoctorCheck("versions", not is_newer(bounds.min, installed), detail)


def _answers(bundle: Bundle) -> list[DoctorCheck]:
    try:
        model = load(bundle.path)
        answers = run_golden(model)
    except EdgebertError as error:
        return [DoctorCheck("load", False, str(error))]
    return [_provider(model), _tokens(answers), *_golden(bundle, answers)]


def _provider(model: Model) -> DoctorCheck:
    return DoctorCheck("provider", model.provider == "CPUExecutionProvider", model.provider)


def _tokens(answers: list[GoldenAnswer]) -> DoctorCheck:
    wrong = [answer for answer in answers if not answer.tokens_equal]
    if not wrong:
        return DoctorCheck("tokenizer", True, f"{len(answers)} texts give the promised token ids")
    detail = (
        f"{len(wrong)} of {len(answers)} texts give other token ids, first {_quoted(wrong[0])}: "
        "the tokenizer file or the tokenizers package differs from where the bundle was made"
    )
    return DoctorCheck("tokenizer", False, detail)


def _golden(bundle: Bundle, answers: list[GoldenAnswer]) -> list[DoctorCheck]:
    """One check against the promised answers, one against the fp32 reference."""
    return [
        _compare(
            "golden answers",
            answers,
            lambda answer: (answer.to_expected, answer.golden.tolerance.expected),
            _likely_cause(bundle),
        ),
        _compare(
            "fp32 reference",
            answers,
            lambda answer: (answer.to_reference, answer.golden.tolerance.reference),
            _likely_cause(bundle),
        ),
    ]


def _compare(
    name: str,
    answers: list[GoldenAnswer],
    distance_and_tolerance: Callable[[GoldenAnswer], tuple[float, float]],
    cause: str,
) -> DoctorCheck:
    pairs = [distance_and_tolerance(answer) for answer in answers]
    off = [answer for answer, (d, bound) in zip(answers, pairs, strict=True) if not d <= bound]
    worst = max(distance for distance, _ in pairs)
    if not off:
        return DoctorCheck(name, True, f"{len(answers)} texts, furthest {worst:.2g}")
    detail = (
        f"{len(off)} of {len(answers)} texts differ, furthest {worst:.2g}, first {_quoted(off[0])}"
    )
    return DoctorCheck(name, False, f"{detail}: {cause}")


def _likely_cause(bundle: Bundle) -> str:
    """What differs between here and where the promises were made."""
    golden, here = bundle.golden(), this_machine().cpu_class
    installed = str(import_onnxruntime().__version__)
    if golden.cpu_class != here:
        return f"made on {golden.cpu_class}, this is {here}, whose int8 kernels may round otherwise"
    if golden.onnxruntime != installed:
        return f"made with onnxruntime {golden.onnxruntime}, this is {installed}"
    return "same CPU class and onnxruntime, so the graph is not the one that was sealed"


def _quoted(answer: GoldenAnswer) -> str:
    text = str(answer.golden.text)
    return repr(text if len(text) <= 40 else text[:39] + "…")

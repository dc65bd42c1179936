"""Does this device give the answers that a bundle promises? Needs nothing but the runtime."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from edgebert.bundle import TOKENIZER, Bundle, changed_files, read_bundle
from edgebert.errors import BundleError, GateError, ProviderError
from edgebert.machine import KERNELS_WHEEL, installed_versions, this_machine
from edgebert.records.diagnosed import DoctorCheck, DoctorRecord
from edgebert.records.golden import Golden
from edgebert.records.manifest import ANY_CPU, Manifest
from edgebert.runtimes.golden import GoldenAnswer, is_newer, run_golden
from edgebert.runtimes.kernels import AUTO as WHERE_MEASURED
from edgebert.runtimes.kernels import OFF, choosing
from edgebert.runtimes.kernels.library import REINSTALL
from edgebert.runtimes.loading import open_model
from edgebert.runtimes.model import Model
from edgebert.runtimes.sessions.providers import AUTO, CPU, PROVIDERS, Provider, provider_named
from edgebert.runtimes.sessions.session import import_onnxruntime
from edgebert.runtimes.sessions.wheels import overwritten_wheels
from edgebert.text.encoding import open_tokenizer
from edgebert.text.readable import tokens_beyond

_OVERFLOWING = ("-avx2", "-avx512bw")
"""Endings of the CPU classes whose u8 x s8 products go through int16 and can overflow there."""

_WITHOUT_KERNELS = "load it with kernels='off' (--kernels off)"
_USE_CPU = f"use provider {CPU.name!r}, on which the bundle was proved"
_COPY_AGAIN = "copy the bundle to this device again"
_MAKE_AGAIN = "take the bundle anew from where it was made, or make it again with 'edgebert export'"


@dataclass(frozen=True)
class Likely:
    """The likely cause of a failure: its name, why it is thought to be that, the way out."""

    cause: str
    reason: str
    way_out: str


def examine(
    path: str | Path, *, provider: str = AUTO, kernels: str = WHERE_MEASURED
) -> DoctorRecord:
    """Check a bundle on this device: files, versions, provider, tokens, answers and CPU.

    Args:
        path: the bundle.
        provider: execution provider to ask for, as in `edgebert.load`.
        kernels: whether edgebert's kernels are to run it, as there.

    Raises:
        GateError: a check failed; `error.record` is the `DoctorRecord` with all of them.
        BundleError: the folder is no bundle at all.
        ProviderError: no onnxruntime is installed, or no such provider is known.
    """
    bundle = read_bundle(path)
    chosen = provider_named(provider)
    checks = [_files(bundle), _versions(bundle, chosen)]
    if checks[0].passed:
        checks += _answers(bundle, provider, kernels)
    failed = [check for check in checks if not check.passed]
    record = DoctorRecord(
        bundle=str(path),
        passed=not failed,
        checks=tuple(checks),
        fingerprint=_fingerprint(bundle, provider, kernels),
    )
    if failed:
        found = "; ".join(f"{check.name}: {check.detail}" for check in failed)
        raise GateError(f"{found} ({'; '.join(record.ways_out)})", record)
    return record


def likely_cause(manifest: Manifest, golden: Golden, *, here: str, onnxruntime: str) -> Likely:
    """Why the right tokens gave other answers: what differs from where the promises were made.

    Args:
        manifest: of the bundle.
        golden: its promised answers.
        here: class of this CPU (see `edgebert.machine.cpu_class`).
        onnxruntime: version that is installed.
    """
    quantized = manifest.quantization
    if quantized and here not in (golden.cpu_class, *quantized.cpu_classes):
        made = f"made on {golden.cpu_class}, this is {here}"
        way_out = f"run 'edgebert quantize' on a CPU of class {here}, or use the float bundle here"
        if here.endswith(_OVERFLOWING) and quantized.isa != ANY_CPU:
            return Likely("saturation", f"{made}, which can overflow u8 x s8 products", way_out)
        return Likely("cpu", f"{made}, whose int8 kernels may round otherwise", way_out)
    if golden.onnxruntime != onnxruntime:
        return Likely(
            "version",
            f"made with onnxruntime {golden.onnxruntime}, this is {onnxruntime}",
            f"pip install onnxruntime=={golden.onnxruntime}",
        )
    same = "same CPU class and onnxruntime, so the graph is not the one that was sealed"
    return Likely("graph", same, _MAKE_AGAIN)


def _failed(name: str, detail: str, cause: str, way_out: str) -> DoctorCheck:
    return DoctorCheck(name, False, detail, cause=cause, way_out=way_out)


def _files(bundle: Bundle) -> DoctorCheck:
    changed = changed_files(bundle)
    if changed:
        return _failed("checksums", "; ".join(changed), "changed file", _COPY_AGAIN)
    return DoctorCheck("checksums", True, f"{len(bundle.manifest.files)} files, all as sealed")


def _versions(bundle: Bundle, provider: Provider) -> DoctorCheck:
    onnxruntime, bounds = import_onnxruntime(), bundle.manifest.onnxruntime
    wheel, installed = str(onnxruntime.package_name), str(onnxruntime.__version__)
    detail = f"{wheel} {installed} (bundle needs {bounds.min}, was tested with {bounds.tested})"
    if overwritten := overwritten_wheels(provider.extra):
        detail = f"{detail}; {overwritten}"
    if is_newer(bounds.min, installed):
        return _failed("versions", detail, "version", f"pip install '{wheel}>={bounds.min}'")
    return DoctorCheck("versions", True, detail)


def _fingerprint(bundle: Bundle, provider: str, kernels: str) -> str | None:
    """Of the answers here; None where what was asked for does not run the bundle."""
    try:
        engine = choosing.engine_of(bundle, provider=provider, kernels=kernels)
        return str(bundle.fingerprint(engine))
    except ProviderError:
        return None


def _answers(bundle: Bundle, provider: str, kernels: str) -> list[DoctorCheck]:
    """Load the bundle without asking it to prove itself: that is what is done here."""
    try:
        for path in bundle.tokenizer_paths:
            open_tokenizer(path)
    except BundleError as error:
        return [_failed("load", str(error), "tokenizer", _tokenizer_way_out(bundle.manifest))]
    try:
        model = open_model(bundle, provider=provider, kernels=kernels)
        golden = bundle.golden()
    except ProviderError as error:
        if kernels not in (WHERE_MEASURED, OFF):
            return [_failed("kernels", str(error), "kernels", _WITHOUT_KERNELS)]
        return [_failed("provider", str(error), "provider", _USE_CPU)]
    except BundleError as error:
        versions = _versions(bundle, CPU)
        cause, way_out = versions.cause or "graph", versions.way_out or _MAKE_AGAIN
        return [_failed("load", str(error), cause, way_out)]
    used = [_provider(model, provider), *_kernels(model, kernels)]
    try:
        answers = run_golden(model)
    except BundleError as error:
        return [*used, _failed("run", str(error), "graph", _MAKE_AGAIN)]
    likely = _why_other_answers(model, golden)
    checks = [
        *used,
        _tokens(bundle.manifest, answers, _beyond(model)),
        _as_expected(bundle.manifest, answers, likely),
        _compare(
            "fp32 reference",
            bundle.manifest,
            [answer.to_reference for answer in answers],
            [answer for answer in answers if not answer.as_reference],
            likely,
        ),
    ]
    if model.provider == CPU.full_name:
        checks.append(_cpu(model, golden, answers))
    return checks


def _provider(model: Model, asked: str) -> DoctorCheck:
    """What runs the bundle: `open_session` has held it to all that was asked for."""
    if asked != AUTO:
        return DoctorCheck("provider", True, model.provider)
    there = import_onnxruntime().get_available_providers()
    others = [p.name for p in PROVIDERS.values() if p is not CPU and p.full_name in there]
    by_name = f"; to be asked for by name: {', '.join(others)}" if others else ""
    return DoctorCheck("provider", True, f"{model.provider}, chosen by auto{by_name}")


def _kernels(model: Model, asked: str) -> Iterator[DoctorCheck]:
    """Which layers kernels run of a bundle that was measured with them, or why they run none."""
    if model.kernels:
        running = model.kernels
        run, left = len(running.layers), len(running.left)
        detail = f"{KERNELS_WHEEL} {running.version}, {running}: {run} layers"
        yield DoctorCheck("kernels", True, f"{detail}, {left} left to onnxruntime")
    elif model.manifest.kernels:
        why = choosing.why_onnxruntime(model.bundle, provider=model.provider, kernels=asked)
        yield DoctorCheck("kernels", True, f"onnxruntime runs all layers: {why}")


def _beyond(model: Model) -> str:
    """What the tokenizer knows and the model does not; nothing where it knows all."""
    rows = model.manifest.embedding_rows
    if rows is None:
        return ""
    tokens = tokens_beyond(model.tokenizer.get_vocab(), rows)
    return f"; {len(tokens)} tokens have no embedding and are refused, first {tokens[0]!r}"


def _tokens(manifest: Manifest, answers: Sequence[GoldenAnswer], beyond: str) -> DoctorCheck:
    wrong = [answer for answer in answers if not answer.tokens_equal]
    if not wrong:
        detail = f"{len(answers)} texts give the promised token ids{beyond}"
        return DoctorCheck("tokenizer", True, detail)
    return _failed(
        "tokenizer",
        f"{len(wrong)} of {len(answers)} texts give other token ids, first {wrong[0].quoted}",
        "tokenizer",
        _tokenizer_way_out(manifest),
    )


def _tokenizer_way_out(manifest: Manifest) -> str:
    made, here = manifest.created_with.get("tokenizers"), installed_versions().get("tokenizers")
    if made and made != here:
        return f"pip install tokenizers=={made} (this is {here})"
    return f"take {TOKENIZER} anew from where the bundle was made"


def _why_other_answers(model: Model, golden: Golden) -> Likely:
    if model.provider != CPU.full_name:
        reason = f"made on {CPU.full_name}, and {model.provider} rounds otherwise"
        return Likely("provider", reason, _USE_CPU)
    if model.kernels:
        return _why_other_bits(model.manifest, model.kernels.version)
    return likely_cause(
        model.manifest,
        golden,
        here=this_machine().cpu_class,
        onnxruntime=str(import_onnxruntime().__version__),
    )


def _why_other_bits(manifest: Manifest, installed: str) -> Likely:
    made = manifest.created_with.get(KERNELS_WHEEL, installed)
    if made == installed:
        reason, anew = (
            f"measured with the same {KERNELS_WHEEL} {made}, so one is damaged",
            REINSTALL,
        )
    else:
        reason = f"measured with {KERNELS_WHEEL} {made}, this is {installed}"
        anew = f"pip install {KERNELS_WHEEL}=={made}"
    return Likely("kernels", reason, f"{anew}, or {_WITHOUT_KERNELS}")


def _as_expected(
    manifest: Manifest, answers: Sequence[GoldenAnswer], likely: Likely
) -> DoctorCheck:
    name = "golden answers"
    if all(answer.other_bits == 0 for answer in answers):
        return DoctorCheck(name, True, f"{len(answers)} texts, equal bit for bit")
    distances = [answer.to_expected for answer in answers]
    off = [answer for answer in answers if not answer.as_expected]
    return _compare(name, manifest, distances, off, likely)


def _compare(
    name: str,
    manifest: Manifest,
    distances: Sequence[float],
    off: Sequence[GoldenAnswer],
    likely: Likely,
) -> DoctorCheck:
    """Answers that are beyond their tolerance; other tokens explain another answer."""
    worst = max(distances, default=0.0)
    if not off:
        return DoctorCheck(name, True, f"{len(distances)} texts, furthest {worst:.2g}")
    found = f"{len(off)} of {len(distances)} texts differ, furthest {worst:.2g}, first"
    with_right_tokens = [answer for answer in off if answer.tokens_equal]
    if not with_right_tokens:
        detail = f"{found} {off[0].told}: all of them have other token ids"
        return _failed(name, detail, "tokenizer", _tokenizer_way_out(manifest))
    detail = f"{found} {with_right_tokens[0].told}: {likely.reason}"
    return _failed(name, detail, likely.cause, likely.way_out)


def _cpu(model: Model, golden: Golden, answers: Sequence[GoldenAnswer]) -> DoctorCheck:
    """An int8 bundle on a CPU it was not proved on is as good as its answers there."""
    manifest, here = model.manifest, this_machine().cpu_class
    quantized = manifest.quantization
    if model.promises_bits:
        return DoctorCheck("cpu", True, f"{here}; kernels give the same bits on every CPU")
    if quantized is None:
        return DoctorCheck("cpu", True, f"{here}; a float graph assumes nothing of it")
    known = ", ".join(quantized.cpu_classes)
    if here in quantized.cpu_classes:
        return DoctorCheck("cpu", True, f"{here}, one that the bundle was proved on ({known})")
    detail = f"{here} is not one that the bundle was proved on ({known})"
    if all(answer.as_expected for answer in answers if answer.tokens_equal):
        return DoctorCheck("cpu", True, f"{detail}, but the golden answers hold here")
    likely = likely_cause(manifest, golden, here=here, onnxruntime=golden.onnxruntime)
    return _failed("cpu", detail, likely.cause, likely.way_out)

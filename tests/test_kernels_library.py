"""The library of kernels comes from a wheel; one that is missing, damaged or foreign changes nothing."""

from __future__ import annotations

import shutil
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from bundle_damage import edit
from kernel_wheels import NAME

from edgebert.doctor import examine
from edgebert.errors import GateError, InputError, ProviderError
from edgebert.records.codec import to_dict
from edgebert.records.manifest import Drift, Kernels
from edgebert.runtimes import Model, load
from edgebert.runtimes.kernels import library
from edgebert.runtimes.kernels.library import KernelLibrary, find_library

REQUIRED_WITHOUT = "no kernels are installed: pip install 'edgebert[native]'"
MEASURED = Kernels(1, True, Drift(0.001, 0.002, 0.003, None, 64, "texts", {"max_drift": 0.002}))


@pytest.fixture
def measured(tiny_int8: Path, tmp_path: Path) -> Path:
    """A bundle that says it was measured with kernels."""
    bundle = Path(shutil.copytree(tiny_int8, tmp_path / "measured"))
    edit(bundle, "manifest.json", lambda manifest: manifest.update(kernels=to_dict(MEASURED)))
    return bundle


def by_onnxruntime(bundle: Path) -> Model:
    model = load(bundle)
    assert model.kernels is None
    assert model.fingerprint == load(bundle, kernels="off").fingerprint
    assert model.fingerprint.endswith("-onnxruntime")
    return model


def refusal(bundle: Path, provider: str = "auto") -> str:
    with pytest.raises(ProviderError) as caught:
        load(bundle, provider=provider, kernels="required")
    return str(caught.value)


def told(bundle: Path) -> str:
    """What a library that cannot be used is told by, which is said once; onnxruntime runs all."""
    with pytest.warns(RuntimeWarning) as caught:
        by_onnxruntime(bundle)
    with warnings.catch_warnings(action="error"):
        by_onnxruntime(bundle)
    (warning,) = caught
    sentence = str(warning.message).removesuffix("; onnxruntime runs all of every bundle")
    assert refusal(bundle) == sentence
    return sentence


def test_without_a_wheel_onnxruntime_runs_all_and_nothing_is_said(
    measured: Path, tiny_int8: Path, no_wheel: None
) -> None:
    by_onnxruntime(tiny_int8)
    assert "CPUExecutionProvider>" in repr(by_onnxruntime(measured))
    assert refusal(measured) == refusal(tiny_int8) == REQUIRED_WITHOUT


def test_doctor_says_why_kernels_do_not_run_a_bundle_that_was_measured_with_them(
    measured: Path, tiny_int8: Path, no_wheel: None
) -> None:
    record = examine(measured)
    (check,) = (check for check in record.checks if check.name == "kernels")
    why = "no kernels that can be used are installed (pip install 'edgebert[native]')"
    assert (check.passed, check.detail) == (True, f"onnxruntime runs all layers: {why}")
    assert record.fingerprint == load(measured).fingerprint
    with pytest.raises(GateError) as caught:
        examine(measured, kernels="required")
    failed = caught.value.record
    (check,) = (check for check in failed.checks if not check.passed)
    assert (check.name, check.cause, check.detail) == ("kernels", "kernels", REQUIRED_WITHOUT)
    assert failed.fingerprint is None
    names = [check.name for check in examine(measured, kernels="off").checks]
    assert names.count("kernels") == 1


def test_a_bundle_without_kernels_is_not_told_of_a_wheel_that_is_damaged(
    tiny_bundle: Path, wheel_of: Callable[[bytes], Path]
) -> None:
    wheel_of(b"no library")
    by_onnxruntime(tiny_bundle)


@pytest.mark.parametrize(
    "content",
    [b"", b"no library", b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x03\x00\xf7\x00" + bytes(100)],
    ids=["empty", "text", "another-machine"],
)
def test_what_is_no_library_of_this_platform_is_told_once(
    measured: Path, wheel_of: Callable[[bytes], Path], content: bytes
) -> None:
    path = wheel_of(content)
    sentence = told(measured)
    assert sentence.startswith("edgebert-kernels cannot be loaded (")
    assert str(path) in sentence
    assert sentence.endswith("): pip install --force-reinstall edgebert-kernels")


def test_a_library_that_is_another_one_is_told(
    measured: Path, wheel_of: Callable[[bytes], Path]
) -> None:
    import onnxruntime

    (other,) = (Path(onnxruntime.__file__).parent / "capi").glob(
        "libonnxruntime_providers_shared.*"
    )
    wheel_of(other.read_bytes())
    assert "edgebert_kernels_arithmetic" in told(measured)


def test_a_wheel_without_its_library_is_told(
    measured: Path, wheel_of: Callable[[bytes], Path]
) -> None:
    wheel_of(b"gone").unlink()
    assert told(measured).startswith("edgebert-kernels cannot be loaded (")


@pytest.mark.parametrize("damage", ["cut", "a byte"])
def test_a_library_that_is_not_what_was_installed_is_never_loaded(
    measured: Path, copied_wheel: Path, damage: str
) -> None:
    content = bytearray(copied_wheel.read_bytes())
    if damage == "cut":
        del content[len(content) // 2 :]
    else:
        content[len(content) // 2] ^= 1
    copied_wheel.unlink()  # a copy may share what is mapped
    copied_wheel.write_bytes(content)
    assert told(measured) == (
        f"edgebert-kernels cannot be loaded ({copied_wheel} was changed since it was installed): "
        "pip install --force-reinstall edgebert-kernels"
    )


def test_a_library_that_counts_otherwise_is_refused(
    measured: Path, kernels: KernelLibrary, looked_for_anew: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(library, "ARITHMETIC", 2)
    assert told(measured) == (
        f"edgebert-kernels {kernels.version} counts by arithmetic 1, and this edgebert by 2: "
        "pip install -U 'edgebert[native]'"
    )


def test_a_bundle_of_another_arithmetic_stays_on_onnxruntime(
    measured: Path, kernels: KernelLibrary
) -> None:
    edit(measured, "manifest.json", lambda manifest: manifest["kernels"].update(arithmetic=2))
    by_onnxruntime(measured)
    assert refusal(measured).startswith(
        f"{measured} was measured with kernels of arithmetic 2, and those of edgebert-kernels "
        f"{kernels.version} count by 1: measure it again with 'edgebert kernels "
    )


def test_kernels_run_on_the_cpu_alone(measured: Path, azure: str) -> None:
    assert refusal(measured, provider=azure) == (
        "kernels run on the provider 'cpu', and 'azure' was asked for: leave one of the two out"
    )


@pytest.mark.parametrize("asked", ["on", "", None, True])
def test_another_word_for_kernels_is_refused(tiny_int8: Path, asked: object) -> None:
    with pytest.raises(InputError) as caught:
        load(tiny_int8, kernels=asked)  # type: ignore[arg-type]
    assert str(caught.value) == f"kernels={asked!r}: expected one of auto, off, required, bf16"


def test_the_best_instruction_set_is_chosen_and_another_one_may_be(kernels: KernelLibrary) -> None:
    assert find_library() == kernels
    assert kernels.instruction_sets[-1] == "plain"
    try:
        for name in kernels.instruction_sets:
            kernels.choose(name)
            assert kernels.instruction_set == name
        with pytest.raises(InputError, match="instruction_set='sse2': expected one of "):
            kernels.choose("sse2")
    finally:
        kernels.choose("")
    assert kernels.instruction_set == kernels.instruction_sets[0]


def test_the_model_answers_the_same_whatever_wheel_is_damaged(
    measured: Path, tiny_int8: Path, wheel_of: Callable[[bytes], Path]
) -> None:
    texts = ["turn on the lamp", "anna is in paris"]
    expected = load(tiny_int8, kernels="off").embed(texts)
    wheel_of(b"no library")
    with pytest.warns(RuntimeWarning):
        model = load(measured)
    assert np.array_equal(model.embed(texts), expected)
    assert NAME in sys.modules

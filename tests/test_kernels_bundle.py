"""A bundle that was measured with kernels is run by them, says so, and keeps its promises to the bit."""

from __future__ import annotations

import gc
import json
import pickle
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bundle_damage import edit
from click.testing import CliRunner, Result

from edgebert.adapters import RetrievalEmbedder
from edgebert.bundle import open_bundle
from edgebert.cli import main
from edgebert.doctor import examine
from edgebert.drift import check
from edgebert.errors import BundleError, GateError, InputError, OutputError, ProviderError
from edgebert.inspect import inspect_path
from edgebert.machine import KERNELS_WHEEL
from edgebert.quantize import (
    HeldOut,
    QuantizeOptions,
    add_kernels,
    measured_kernels,
    quantize_bundle,
)
from edgebert.records.fingerprint import Fingerprint
from edgebert.records.made import KernelsRecord
from edgebert.records.profile import one_caller
from edgebert.runtimes import load
from edgebert.runtimes.golden import every_bit, other_bits, run_golden
from edgebert.runtimes.kernels.library import KernelLibrary
from edgebert.runtimes.sessions.profiles import save_profile

TEXTS = ["turn on the lamp", "", "anna is in paris", "the fan is off " * 9, "off"]


def edgebert(*arguments: object) -> Result:
    return CliRunner().invoke(main, [*map(str, arguments)])


@pytest.fixture(scope="module")
def plain_int8(
    tiny_bundle: Path, kernels: KernelLibrary, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """An int8 bundle that was not measured with kernels, as one that is older than they."""
    folder = tmp_path_factory.mktemp("plain") / "int8"
    options = QuantizeOptions(scheme="token", kernels="off")
    assert quantize_bundle(tiny_bundle, folder, options=options).kernels is None
    return folder


@pytest.fixture(scope="module")
def added(tiny_bundle: Path, plain_int8: Path) -> KernelsRecord:
    """The record of measuring it."""
    return add_kernels(plain_int8, plain_int8.parent / "kernels", reference=tiny_bundle)


@pytest.fixture
def bundle(added: KernelsRecord, tmp_path: Path) -> Path:
    """A bundle that was measured with kernels, which may be changed."""
    return Path(shutil.copytree(added.bundle, tmp_path / "kernels"))


def test_a_bundle_that_was_not_measured_stays_as_it_was(plain_int8: Path) -> None:
    model = load(plain_int8)
    assert model.kernels is None
    assert Fingerprint.read(model.fingerprint).engine == "onnxruntime"
    assert np.array_equal(model.embed(TEXTS), load(plain_int8, kernels="off").embed(TEXTS))


def test_a_bundle_that_was_measured_is_run_by_kernels_and_says_so(
    added: KernelsRecord, plain_int8: Path, kernels: KernelLibrary
) -> None:
    model = load(added.bundle)
    assert model.kernels is not None
    assert (model.kernels.layers, model.kernels.left) == (added.layers, added.left)
    named = {name.rstrip(".") for name in added.layers}
    assert {"encoder.layer.0.output.dense", "encoder.layer.1.output.dense"} <= named
    assert model.kernels.instruction_set == kernels.instruction_set
    assert repr(model).endswith(f"on CPUExecutionProvider by kernels ({kernels.instruction_set})>")
    assert Fingerprint.read(model.fingerprint).engine == "kernels1"
    assert model.fingerprint == added.fingerprint
    off = load(added.bundle, kernels="off")
    assert (off.kernels, off.fingerprint) == (None, load(plain_int8).fingerprint)
    assert np.array_equal(off.embed(TEXTS), load(plain_int8).embed(TEXTS))
    near = (model.embed(TEXTS) * off.embed(TEXTS)).sum(axis=1)
    assert near.min() > 0.99


def test_a_text_has_the_same_bits_alone_in_a_batch_and_by_every_instruction_set(
    added: KernelsRecord, kernels: KernelLibrary
) -> None:
    expected = load(added.bundle).embed(TEXTS)
    try:
        for name in kernels.instruction_sets:
            kernels.choose(name)
            model = load(added.bundle, threads=2)
            alone = np.stack([model.embed(text) for text in TEXTS])
            assert model.kernels and model.kernels.instruction_set == name
            assert other_bits(model.embed(TEXTS), expected) == other_bits(alone, expected) == 0
            assert all(answer.passed for answer in run_golden(model))
    finally:
        kernels.choose("")


def test_another_process_answers_by_the_same_engine(added: KernelsRecord) -> None:
    for asked in ("auto", "off", "required"):
        model = load(added.bundle, kernels=asked)
        again = pickle.loads(pickle.dumps(model))
        assert again.fingerprint == model.fingerprint
        assert np.array_equal(again.embed(TEXTS), model.embed(TEXTS))


def test_nine_digits_give_every_bit_back() -> None:
    bits = np.random.default_rng(0).integers(0, 2**32, 100_000, np.uint32)
    values = bits.view(np.float32)
    values = np.append(
        values[np.isfinite(values)], np.array([0.0, -0.0, 1e-45, -3e-39, 1 / 3], np.float32)
    )
    read = json.loads(json.dumps(every_bit(values)))
    assert other_bits(read, values) == 0
    assert other_bits([0.0, 1.0], [-0.0, 1.0]) == 1
    assert other_bits([1.0, 2.0], [1.0]) == 2


def test_an_exact_bundle_is_held_to_the_bit_and_the_text_is_named(
    bundle: Path, kernels: KernelLibrary
) -> None:
    assert examine(bundle).passed
    promised = open_bundle(bundle).golden().texts[3]

    def change(golden: dict[str, Any]) -> None:
        answer = np.array(golden["texts"][3]["kernels"], np.float32)
        answer[5] = np.nextafter(answer[5], np.float32(2))
        golden["texts"][3]["kernels"] = every_bit(answer)

    edit(bundle, "golden.json", change)
    assert examine(bundle, kernels="off").passed
    with pytest.raises(GateError) as caught:
        examine(bundle)
    (failed,) = (found for found in caught.value.record.checks if not found.passed)
    width = len(promised.kernels)
    assert (failed.name, failed.cause) == ("golden answers", "kernels")
    assert f"first {promised.text[:39] + '…'!r} (1 of {width} numbers" in failed.detail
    assert " have other bits, by " in failed.detail
    assert failed.way_out == (
        "pip install --force-reinstall edgebert-kernels, or load it with kernels='off' "
        "(--kernels off)"
    )
    edit(bundle, "manifest.json", lambda manifest: manifest["kernels"].update(exact=False))
    assert examine(bundle).passed  # within its tolerance


def test_another_release_of_the_kernels_proves_itself_once(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    edit(bundle, "manifest.json", lambda m: m["created_with"].update({KERNELS_WHEEL: "0.0.1"}))
    assert load(bundle, kernels="off").kernels is None
    assert not (tmp_path / "cache").exists()
    load(bundle)
    (verdict,) = (tmp_path / "cache").rglob("*-edgebert-kernels-*")
    with monkeypatch.context() as patch:
        patch.setattr("edgebert.runtimes.golden.run_golden", lambda model: pytest.fail("again"))
        load(bundle)
    verdict.unlink()
    edit(bundle, "golden.json", lambda golden: golden["texts"][0].update(kernels=[0.5] * 32))
    with pytest.raises(BundleError) as caught:
        load(bundle)
    assert f"{bundle} answers differently under edgebert-kernels " in str(caught.value)
    assert "1 golden texts fail, first " in str(caught.value)
    assert str(caught.value).endswith("It was tested with edgebert-kernels 0.0.1")
    assert load(bundle, kernels="off").kernels is None


def test_golden_answers_without_those_of_kernels_are_damaged(bundle: Path) -> None:
    edit(bundle, "golden.json", lambda golden: golden["texts"][2].pop("kernels"))
    with pytest.raises(BundleError) as caught:
        run_golden(load(bundle))
    assert str(caught.value) == f"{bundle}/golden.json is damaged: it has no answers of kernels"


def test_a_graph_that_kernels_cannot_run_is_damaged(bundle: Path, tiny_bundle: Path) -> None:
    model = (bundle / "model.onnx").read_bytes()
    (bundle / "model.onnx").write_bytes(bytes(len(model)))
    with pytest.raises(
        BundleError, match="it was measured with kernels, and they can run no layer"
    ):
        load(bundle)


def test_check_holds_kernels_to_what_was_promised_of_them(bundle: Path, tiny_bundle: Path) -> None:
    record = check(tiny_bundle, bundle)
    promised = open_bundle(bundle).manifest.kernels
    assert promised
    assert record.thresholds == promised.drift.promises
    assert record.made_by["candidate"].endswith("-kernels1")
    promise = {"max_drift": 1e-9}
    edit(bundle, "manifest.json", lambda m: m["kernels"]["drift"].update(promises=promise))
    with pytest.raises(GateError, match=r"drift \S+ is above 1e-09 \(manifest\)"):
        check(tiny_bundle, bundle)
    assert check(tiny_bundle, bundle, kernels="off").made_by["candidate"].endswith("-onnxruntime")
    with pytest.raises(
        InputError, match=r"saved\.jsonl is no bundle, and kernels run nothing else"
    ):
        check(tiny_bundle, "saved.jsonl", kernels="required")


def test_a_profile_belongs_to_the_engine_that_was_tuned(
    added: KernelsRecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    tuned, opened = one_caller(1), open_bundle(added.bundle)
    save_profile(tuned, opened, provider="cpu", threads=2, kernels=True)
    assert load(added.bundle, threads=2).engine.profile == tuned
    assert load(added.bundle, threads=2, kernels="off").engine.profile != tuned


def test_a_session_outlives_its_model(added: KernelsRecord) -> None:
    ids = np.arange(12, dtype=np.int64).reshape(1, 12)
    inputs = {"input_ids": ids, "attention_mask": ids * 0 + 1, "token_type_ids": ids * 0}
    model = load(added.bundle)
    (expected,) = model.session.run(["sentence_embedding"], inputs)
    session = load(added.bundle).session
    gc.collect()
    other = [np.full(100_000, 9, np.int8) for _ in range(20)]  # where the tables might have been
    (found,) = session.run(["sentence_embedding"], inputs)
    assert other_bits(found, expected) == 0
    del other


def test_a_file_that_is_written_to_changes_no_answer_of_a_loaded_model(bundle: Path) -> None:
    model = load(bundle)
    expected = model.embed(TEXTS)
    content = (bundle / "model.onnx").read_bytes()
    (bundle / "model.onnx").write_bytes(bytes(len(content)))
    assert np.array_equal(model.embed(TEXTS[0]), expected[0])
    with (bundle / "model.onnx").open("wb") as emptied:
        assert emptied.tell() == 0
        assert np.array_equal(model.embed(TEXTS[2]), expected[2])


def test_a_bundle_of_links_is_run_too(bundle: Path, tmp_path: Path) -> None:
    links = tmp_path / "links"
    for file in bundle.rglob("*"):
        if file.is_file():
            link = links / file.relative_to(bundle)
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(file)
    model = load(links)
    assert model.kernels
    assert other_bits(model.embed(TEXTS), load(bundle).embed(TEXTS)) == 0


def test_attention_in_bfloat16_has_a_fingerprint_of_its_own_and_is_asked_for_by_name(
    added: KernelsRecord, tiny_bundle: Path, plain_int8: Path, kernels: KernelLibrary
) -> None:
    if not kernels.bf16:
        with pytest.raises(ProviderError, match="this CPU multiplies no numbers of bfloat16"):
            load(added.bundle, kernels="bf16")
        return
    model, exact = load(added.bundle, kernels="bf16"), load(added.bundle)
    assert model.kernels and model.kernels.bf16 and not model.kernels.exact
    assert model.fingerprint == f"{exact.fingerprint}.bf16"
    assert "attention in bfloat16" in repr(model)
    vectors = model.embed(TEXTS)
    assert (vectors * exact.embed(TEXTS)).sum(axis=1).min() > 0.99
    assert not np.array_equal(vectors, exact.embed(TEXTS))
    assert np.array_equal(model.embed(TEXTS[3]), vectors[3])
    again = pickle.loads(pickle.dumps(model))
    assert again.fingerprint == model.fingerprint
    assert examine(added.bundle, kernels="bf16").fingerprint == model.fingerprint
    made_by = check(tiny_bundle, added.bundle, kernels="bf16").made_by
    assert made_by["candidate"] == model.fingerprint
    assert RetrievalEmbedder(added.bundle, fingerprint=model.fingerprint).model.kernels
    with pytest.raises(InputError, match=r"load the bundle with kernels='bf16'"):
        RetrievalEmbedder(exact, fingerprint=model.fingerprint).embed_query("a lamp")
    with pytest.raises(InputError, match=r"load the bundle with kernels='required'"):
        RetrievalEmbedder(model, fingerprint=exact.fingerprint).embed_query("a lamp")
    with pytest.raises(ProviderError, match="was not measured with kernels"):
        load(plain_int8, kernels="bf16")


# Vectors of one engine, and the other.


def embedded(bundle: object, folder: Path, *options: str) -> Path:
    (folder / "texts.txt").write_text("a lamp\nthe fan is off\n")
    given = ("--input", folder / "texts.txt", "-o", folder / "vectors.jsonl", *options)
    result = edgebert("embed", bundle, *given)
    assert result.exit_code == 0, result.output
    return folder / "vectors.jsonl"


def test_search_refuses_vectors_of_the_other_engine_and_names_the_way_out(
    added: KernelsRecord, tmp_path: Path, no_wheel: None
) -> None:
    vectors = embedded(added.bundle, tmp_path)
    search = ("search", added.bundle, "a lamp", "--corpus", vectors)
    assert edgebert(*search).exit_code == 0
    made_by, here = load(added.bundle).fingerprint, added.fingerprint
    assert made_by.endswith("-onnxruntime")
    text = vectors.read_text()
    vectors.write_text(text.replace(made_by, str(here)))
    result = edgebert(*search)
    assert result.exit_code == 1
    assert result.stderr == (
        f"Error: {vectors} was made by {here}, not by this model ({made_by}): install the kernels: "
        "pip install 'edgebert[native]', or make them anew with 'edgebert embed'\n"
    )


def test_vectors_of_before_the_kernels_are_searched_without_them(
    added: KernelsRecord, tmp_path: Path
) -> None:
    vectors = embedded(added.bundle, tmp_path, "--kernels", "off")
    search = ("search", added.bundle, "a lamp", "--corpus", vectors)
    result = edgebert(*search)
    assert result.exit_code == 1
    assert ": load the bundle with kernels='off' (--kernels off), or make" in result.stderr
    assert edgebert(*search, "--kernels", "off").exit_code == 0


def test_an_index_that_was_filled_before_the_kernels_came_is_searched_without_them(
    added: KernelsRecord,
) -> None:
    off = load(added.bundle, kernels="off")
    embedder = RetrievalEmbedder(added.bundle, fingerprint=off.fingerprint)
    assert embedder.model.kernels is None
    assert RetrievalEmbedder(added.bundle).model.kernels
    assert RetrievalEmbedder(added.bundle, fingerprint=added.fingerprint).model.kernels
    with pytest.raises(InputError, match=r"load the bundle with kernels='off'"):
        RetrievalEmbedder(load(added.bundle), fingerprint=off.fingerprint).embed_query("a lamp")
    with pytest.raises(InputError, match="the index was filled by something else"):
        RetrievalEmbedder(added.bundle, fingerprint="something else").embed_query("a lamp")


def test_a_run_goes_on_by_the_engine_that_began_it(added: KernelsRecord, tmp_path: Path) -> None:
    from edgebert.answer_files.resuming import resumed_file
    from edgebert.cli.texts.answering import _what_decides
    from edgebert.cli.texts.given import given_texts
    from edgebert.cli.texts.verb import Runner, Verb
    from edgebert.tasks import TASKS

    (tmp_path / "texts.txt").write_text("a lamp\n")
    given = given_texts((), tmp_path / "texts.txt", None)
    verb = Verb("embed", TASKS[0], lambda model, texts: texts)
    by_kernels, off = (
        _what_decides(verb, Runner(Path(added.bundle), "auto", asked), given)
        for asked in ("auto", "off")
    )
    with resumed_file(tmp_path / "v.jsonl", by_kernels) as file:
        assert not file.whole
    assert {key for key in off if off[key] != by_kernels[key]} == {"fingerprint"}


# Measuring.


def test_quantize_measures_kernels_where_they_are_installed(
    tiny_bundle: Path, tmp_path: Path, kernels: KernelLibrary
) -> None:
    options = QuantizeOptions(scheme="token")
    record = quantize_bundle(tiny_bundle, tmp_path / "int8", options=options)
    manifest = open_bundle(tmp_path / "int8").manifest
    assert record.kernels is not None
    assert (manifest.kernels, record.kernels_left_out) == (record.kernels, ())
    assert record.kernels.drift.n == record.drift.n
    assert record.kernels.drift.texts == record.drift.texts
    assert manifest.created_with[KERNELS_WHEEL] == kernels.version
    model = load(tmp_path / "int8", kernels="required")
    assert model.fingerprint == record.fingerprint
    assert all(answer.other_bits == 0 for answer in run_golden(model))
    assert "by edgebert's kernels" in (tmp_path / "int8" / "README.md").read_text()


def test_kernels_that_break_a_bound_are_left_out_and_it_is_said(
    tiny_bundle: Path, tmp_path: Path, kernels: KernelLibrary, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = "drift 0.3 is above 0.2 (asked)"
    monkeypatch.setattr(measured_kernels, "broken_budget", lambda *_: (said,))
    output = tmp_path / "int8"
    result = edgebert("quantize", tiny_bundle, "-o", output, "--scheme", "token")
    assert result.exit_code == 0
    assert f"without kernels, which break a bound: {said}: drift on " in result.stdout
    assert open_bundle(output).manifest.kernels is None
    assert all(text.kernels is None for text in open_bundle(output).golden().texts)
    assert load(output).kernels is None


def test_a_bundle_is_measured_later_by_a_command(
    plain_int8: Path, tiny_bundle: Path, tmp_path: Path, added: KernelsRecord
) -> None:
    texts, output, record = tmp_path / "texts.txt", tmp_path / "new", tmp_path / "record.json"
    texts.write_text("".join(f"{text}\n" for text in ("the lamp is on", "anna is late", "off")))
    given = ("kernels", plain_int8, "--reference", tiny_bundle, "-o", output, "--data", texts)
    result = edgebert(*given, "--json", record)
    assert (result.exit_code, result.stderr) == (0, "")
    total = len(added.layers) + len(added.left)
    assert result.stdout.startswith(
        f"{output}: kernels of arithmetic 1 run {len(added.layers)} of {total} layers, the same bits"
    )
    assert "drift on 3 texts (texts.txt): mean " in result.stdout
    assert json.loads(record.read_text())["record"] == "kernels"
    before, after = open_bundle(plain_int8), open_bundle(output, verify=True)
    assert after.fingerprint() == before.fingerprint()
    assert after.manifest.drift == before.manifest.drift
    again = edgebert(*given)
    assert (again.exit_code, "add --force" in again.stderr) == (1, True)
    assert edgebert(*given, "--force").exit_code == 0


def test_a_bound_that_kernels_break_writes_the_record_alone(
    plain_int8: Path, tiny_bundle: Path, tmp_path: Path
) -> None:
    output, record = tmp_path / "new", tmp_path / "record.json"
    given = ("kernels", plain_int8, "--reference", tiny_bundle, "-o", output, "--json", record)
    result = edgebert(*given, "--max-drift", "0")
    assert result.exit_code == 3
    assert result.stderr.startswith(f"Error: {plain_int8} stays without kernels: drift ")
    assert result.stdout.startswith(f"{output} (not written): kernels of arithmetic 1 run ")
    read = json.loads(record.read_text())
    assert (read["passed"], read["fingerprint"], len(read["failures"])) == (False, None, 1)
    assert [path.name for path in tmp_path.iterdir()] == ["record.json"]


def test_a_reference_is_the_float_bundle_of_the_same_checkpoint(
    plain_int8: Path, tiny_classifier_bundle: Path, tiny_bundle: Path, tmp_path: Path
) -> None:
    for reference, why in (
        (plain_int8, "is int8 (scheme token): a reference is the float bundle"),
        (tiny_classifier_bundle, f"{plain_int8} was not made of {tiny_classifier_bundle}"),
    ):
        with pytest.raises(InputError) as caught:
            add_kernels(plain_int8, tmp_path / "new", reference=reference)
        assert why in str(caught.value)
    with pytest.raises(OutputError):
        add_kernels(plain_int8, plain_int8, reference=tiny_bundle, force=True)
    with pytest.raises(InputError, match="--max-flips is about labels"):
        add_kernels(plain_int8, tmp_path / "new", reference=tiny_bundle, max_flips=0.1)
    with pytest.raises(InputError, match=r"none\.txt"):
        held_out = HeldOut(tmp_path / "none.txt")
        add_kernels(plain_int8, tmp_path / "new", reference=tiny_bundle, held_out=held_out)
    assert list(tmp_path.iterdir()) == []


# Looking into a bundle needs no wheel.


def test_inspect_lists_the_layers_that_kernels_run_without_them(
    added: KernelsRecord, plain_int8: Path, no_wheel: None
) -> None:
    found = inspect_path(Path(added.bundle)).kernels
    assert found
    assert (found.layers, found.left, found.exact) == (added.layers, added.left, True)
    assert found.arithmetic == 1
    shown = edgebert("inspect", added.bundle).stdout
    assert "encoder.layer.1.output.dense" in shown.partition("runs by")[2]
    could = inspect_path(plain_int8).kernels
    assert could and (could.layers, could.arithmetic) == (added.layers, None)
    assert "kernels: could run " in edgebert("inspect", plain_int8).stdout


def test_golden_answers_hold_attention_in_bfloat16_to_the_reference(
    bundle: Path, kernels: KernelLibrary
) -> None:
    """As they hold int8 of other providers, which is as far from both."""

    def change(golden: dict[str, Any]) -> None:
        for text in golden["texts"]:
            text["kernels"] = [-value for value in text["kernels"]]

    edit(bundle, "golden.json", change)
    with pytest.raises(GateError):
        examine(bundle)
    if kernels.bf16:
        assert examine(bundle, kernels="bf16").passed

"""Models that read the end of a long text: every reader of theirs cuts at the beginning."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from tiny import make_checkpoint

from edgebert.bundle import TOKENIZER, open_bundle
from edgebert.checkpoint import open_checkpoint
from edgebert.data import Text
from edgebert.errors import CheckpointError, GateError, InputError
from edgebert.export import export_model, optimize_export
from edgebert.export.sealing import seal_proved
from edgebert.references.onnx_file import open_onnx_file
from edgebert.references.pytorch_model import CheckpointModel
from edgebert.runtimes import Model, load
from edgebert.runtimes.loading import open_model
from edgebert.runtimes.parts import in_parts, with_the_others
from edgebert.runtimes.windows import Window
from edgebert.text.encoding import encode, open_tokenizer
from edgebert.text.long_texts import cut_at

FOREIGN = Path(__file__).parent / "fixtures" / "foreign"
BEGINNING, END = "the lamp is good " * 30, "anna is in paris " * 20
LONG = BEGINNING + END
TEXTS: tuple[Text, ...] = (
    "turn on the lamp",
    LONG,
    ("is it on", LONG),
    (LONG, "is it on"),
    (LONG, LONG),
)


def change(file: Path, **values: Any) -> None:
    file.write_text(json.dumps(json.loads(file.read_text()) | values))


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("left") / "checkpoint"
    make_checkpoint(folder, "BertForSequenceClassification", ("off", "on", "tell"))
    change(folder / "tokenizer_config.json", truncation_side="left", model_max_length=32)
    return folder


@pytest.fixture(scope="module")
def bundle(checkpoint: Path) -> Path:
    export_model(checkpoint, checkpoint.with_name("bundle"))
    return checkpoint.with_name("bundle")


@pytest.fixture(scope="module")
def reference(checkpoint: Path) -> CheckpointModel:
    return CheckpointModel(open_checkpoint(checkpoint))


def test_a_bundle_keeps_the_end_of_a_text_where_its_source_does(
    bundle: Path, reference: CheckpointModel
) -> None:
    model = load(bundle)
    for text in TEXTS:
        (expected,) = reference.encode([text])["input_ids"]
        (found,) = encode(model.tokenizer, [text])
        assert found.ids == [*expected]
        assert model.outputs([text])[0] == pytest.approx(reference.outputs([text])[0], abs=1e-4)
    assert json.loads((bundle / TOKENIZER).read_text())["truncation"]["direction"] == "Left"
    assert json.loads((bundle / "tokenizer_config.json").read_text())["truncation_side"] == "left"


def test_a_text_that_is_cut_is_among_what_a_bundle_was_sealed_with(bundle: Path) -> None:
    model = load(bundle)
    sealed = [text.as_text for text in model.bundle.golden().texts]
    assert any(model.truncated(sealed))
    drift = open_bundle(bundle).manifest.drift
    assert drift is not None
    assert drift.n > len(sealed)


def test_a_bundle_that_cuts_elsewhere_is_never_sealed(
    bundle: Path, reference: CheckpointModel, tmp_path: Path
) -> None:
    other = Path(shutil.copytree(bundle, tmp_path / "other"))
    sealed = (other / "manifest.json").read_bytes()
    truncation = json.loads((other / TOKENIZER).read_text())["truncation"]
    change(other / TOKENIZER, truncation=truncation | {"direction": "Right"})
    graph = Model(
        open_bundle(bundle),
        open_model(open_bundle(bundle)).engine,
        open_tokenizer(other / TOKENIZER),
    )
    (failure,) = seal_proved(reference, graph, atol=1e-4)
    assert failure.startswith("the bundle's tokenizer gives other tokens than the source's for ")
    assert (other / "manifest.json").read_bytes() == sealed


def test_a_graph_that_drifts_beyond_rounding_is_never_sealed(bundle: Path, tmp_path: Path) -> None:
    labels = ("off", "on", "tell")
    folder = make_checkpoint(tmp_path / "x", "BertForSequenceClassification", labels, seed=8)
    change(folder / "tokenizer_config.json", truncation_side="left", model_max_length=32)
    other = CheckpointModel(open_checkpoint(folder))
    (failure,) = seal_proved(other, load(bundle), atol=1e-4)
    assert failure.startswith("the bundle drifts by 0.")
    assert "(allowed: 1e-05)" in failure


def test_an_export_whose_tokens_differ_fails_and_writes_nothing(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from edgebert.export import tokenizer_files

    def cutting_right(tokenizer: Any, *given: Any) -> None:
        tokenizer.truncation_side = "right"
        tokenizer_files.write_tokenizer(tokenizer, *given)
        tokenizer.truncation_side = "left"

    monkeypatch.setattr("edgebert.export.companions.write_tokenizer", cutting_right)
    with pytest.raises(GateError, match="gives other tokens than the source's") as refused:
        export_model(checkpoint, tmp_path / "bundle")
    assert refused.value.record.failures
    assert list(tmp_path.iterdir()) == []


def test_the_side_may_stand_in_the_tokenizer_file_alone(checkpoint: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(checkpoint, tmp_path / "checkpoint"))
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    del settings["truncation_side"]
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    assert open_checkpoint(folder).truncation_side == "right"
    cut = {"direction": "Left", "max_length": 16, "strategy": "LongestFirst", "stride": 0}
    change(folder / TOKENIZER, truncation=cut)
    opened = open_checkpoint(folder)
    assert opened.truncation_side == CheckpointModel(opened).tokenizer.truncation_side == "left"
    change(folder / "tokenizer_config.json", truncation_side="middle")
    with pytest.raises(CheckpointError, match="truncation_side is left or right, not 'middle'"):
        open_checkpoint(folder)


def test_a_foreign_export_is_read_as_its_tokenizer_says(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(FOREIGN / "sentence-transformers", tmp_path / "source"))
    change(folder / "tokenizer_config.json", truncation_side="left")
    optimize_export(folder, tmp_path / "bundle")
    model, file = load(tmp_path / "bundle"), open_onnx_file(folder / "onnx/model.onnx")
    expected = model.tokenizer.encode(" ".join(END.split()[-38:])).ids
    for tokenizer in (model.tokenizer, file.tokenizer):
        assert tokenizer.encode(LONG).ids == expected
    shorter = model.embed(LONG, max_length=10)
    assert shorter == pytest.approx(model.embed(" ".join(END.split()[-8:])), abs=1e-6)


def test_parts_of_a_text_come_in_its_order_on_whichever_side_it_is_cut(bundle: Path) -> None:
    cut = cut_at(load(bundle).tokenizer, 16, 4)
    (window,) = in_parts([Window([LONG], full=False)], with_the_others(cut.encode_batch))
    begins = [part.encoding.offsets[1][0] for part in window.texts]
    assert begins == sorted(begins)
    assert [part.last for part in window.texts] == [False] * (len(begins) - 1) + [True]


def test_a_foreign_tokenizer_that_contradicts_its_settings_is_refused(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(FOREIGN / "sentence-transformers", tmp_path / "source"))
    change(folder / "tokenizer_config.json", do_lower_case=False)
    with pytest.raises(InputError, match=r"says do_lower_case False, tokenizer\.json True"):
        optimize_export(folder, tmp_path / "bundle")

"""Adapting a model to the words of a domain: what is hidden, what is learned, and what it costs."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from click.testing import CliRunner
from families import FAMILIES, make_family
from tiny import make_untrained

from edgebert.checkpoint import open_checkpoint
from edgebert.cli import main
from edgebert.data import read_examples
from edgebert.errors import CheckpointError, InputError
from edgebert.export import export_model
from edgebert.records.trained import TrainingRecord
from edgebert.runtimes import load
from edgebert.training import FinetuneOptions, evaluate, finetune
from edgebert.training.loop.objective import Step
from edgebert.training.loop.seeding import seeded
from edgebert.training.tasks.masked_words import MaskedTexts, encode_texts, mask_tokens

TASK = "masked-language-model"
SENTENCES = [
    f"please turn {state} the {device} in the {room} ."
    for state in ("on", "off")
    for device in ("lamp", "light", "fan")
    for room in ("kitchen", "bedroom")
]
OPTIONS = FinetuneOptions(epochs=40, batch_size=6, learning_rate=2e-3, precision="fp32")


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("texts") / "texts.txt", *SENTENCES)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An encoder without a head that guesses words."""
    return make_untrained(tmp_path_factory.mktemp("bert"), layers=1, spread=0.1)


@pytest.fixture(scope="module")
def adapted(encoder: Path, texts: Path) -> tuple[Path, TrainingRecord]:
    output = encoder.with_name("adapted")
    return output, finetune(
        str(encoder), output, task=TASK, train=texts, dev=texts, options=OPTIONS
    )


def written(path: Path, *lines: str) -> Path:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def encoded(path: Path, tokenizer: Path, max_length: int = 64) -> MaskedTexts:
    loaded = transformers.AutoTokenizer.from_pretrained(tokenizer)
    loaded.model_max_length = max_length
    return encode_texts(read_examples(path), tokenizer=loaded)


def test_words_of_a_domain_are_learned(adapted: tuple[Path, TrainingRecord]) -> None:
    _, record = adapted
    assert (record.task, record.metric) == (TASK, "masked_lm_accuracy")
    first, last = record.evaluations[0].scores, record.evaluations[-1].scores
    assert last.keys() == {"masked_lm_accuracy", "perplexity", "loss"}
    assert last["perplexity"] < first["perplexity"] / 2
    assert record.best_dev is not None and record.best_dev > 50


def test_a_bundle_fills_in_what_was_learned(
    adapted: tuple[Path, TrainingRecord], tmp_path: Path
) -> None:
    folder, _ = adapted
    assert open_checkpoint(folder).task == "fill-mask"
    export_model(folder, tmp_path / "bundle")
    (fill,) = load(tmp_path / "bundle").fill_mask(
        "please [MASK] off the lamp in the kitchen .", k=1
    )
    assert fill.token == "turn"


def test_the_exam_hides_the_same_words_every_time(
    adapted: tuple[Path, TrainingRecord], texts: Path
) -> None:
    folder, record = adapted
    assert evaluate(str(folder), texts) == evaluate(str(folder), texts) == record.best_dev


def test_a_new_head_is_told_and_one_that_is_there_is_not(
    encoder: Path, tiny_filler: Path, texts: Path, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    options = FinetuneOptions(epochs=1, max_length=32)
    with caplog.at_level(logging.WARNING, logger="edgebert"):
        finetune(str(tiny_filler), tmp_path / "b", task=TASK, train=texts, options=options)
        assert not caplog.messages
        finetune(str(encoder), tmp_path / "a", task=TASK, train=texts, options=options)
    assert caplog.messages == [
        f"{encoder.name} has no head that guesses words: one starts at random"
    ]


@pytest.mark.parametrize("family", FAMILIES)
def test_the_head_sees_hidden_words_alone_and_guesses_as_ever(
    family: str, texts: Path, tmp_path: Path
) -> None:
    model: Any = transformers.AutoModelForMaskedLM.from_pretrained(
        make_family(tmp_path / family, family, transformers.AutoModelForMaskedLM)
    ).eval()
    data = encoded(texts, tmp_path / family)
    rows = range(len(data.lengths))
    with seeded(5):
        (loss,) = data.losses(model, Step(rows, len(rows), len(rows)))
    batch = data.encoded.batch(rows)
    with seeded(5):
        changed, masked = mask_tokens(batch["input_ids"], data.tokenizer, 65)
    wanted = batch["input_ids"].masked_fill(~masked, -100)
    with torch.inference_mode():
        expected = model(**{**batch, "input_ids": changed}, labels=wanted).loss
    tokens = sum(length - 2 for length in data.lengths)
    share = float(masked.sum()) / (0.15 * tokens)  # of what is hidden on average
    assert loss.item() == pytest.approx(expected.item() * share, rel=1e-4)
    torch.autograd.backward(loss)
    assert all(weight.grad is not None for weight in model.get_output_embeddings().parameters())


def test_a_step_in_parts_is_the_step(encoder: Path, texts: Path) -> None:
    """But for which words are hidden: so all of each part is weighed alike."""
    data = encoded(texts, encoder)
    model = transformers.AutoModelForMaskedLM.from_pretrained(encoder)
    rows = range(len(data.lengths))
    for micro_batch in (1, 4, len(rows)):
        with seeded(7):
            losses = list(data.losses(model, Step(rows, len(rows), micro_batch)))
        assert len(losses) == -(-len(rows) // micro_batch)
        assert 0.2 < sum(loss.item() for loss in losses) / 4.2 < 2  # log(65) by chance


def test_a_long_text_is_cut_into_parts_that_do_not_overlap(encoder: Path, tmp_path: Path) -> None:
    words = "please tell that it is late and not good " * 10
    path = written(tmp_path / "a.txt", words, "", "late", "late")
    data = encoded(path, encoder, max_length=16)
    special = set(data.tokenizer.all_special_ids)
    parts = [[i for i in ids if i not in special] for ids in data.encoded.columns["input_ids"]]
    assert [len(part) for part in parts] == [14] * 6 + [6, 1]  # each text once, an empty one never
    joined = [token for part in parts[:-1] for token in part]
    assert data.tokenizer.decode(joined) == words.strip()


def test_any_table_will_do(encoder: Path, tmp_path: Path) -> None:
    row = {"question": "late ?", "context": "it is late .", "answers": []}
    path = written(tmp_path / "a.jsonl", json.dumps(row), json.dumps({**row, "question": "good ?"}))
    assert len(encoded(path, encoder).lengths) == 3  # a context that stands twice counts once


def test_texts_without_a_word_are_told(encoder: Path, tmp_path: Path) -> None:
    path = written(tmp_path / "a.txt", "", "  ")
    with pytest.raises(InputError, match=r"a\.txt: no text has a word$"):
        encoded(path, encoder)


def test_a_model_without_a_mask_is_refused(encoder: Path, texts: Path, tmp_path: Path) -> None:
    folder = tmp_path / "bert"
    folder.mkdir()
    for file in encoder.iterdir():
        if file.name != "tokenizer_config.json":
            (folder / file.name).write_bytes(file.read_bytes())
    config = json.loads((encoder / "tokenizer_config.json").read_text())
    config |= {"tokenizer_class": "PreTrainedTokenizerFast", "mask_token": None}
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    with pytest.raises(
        CheckpointError, match="has no mask token, so no word can be hidden from it"
    ):
        finetune(str(folder), tmp_path / "out", task=TASK, train=texts, options=OPTIONS)


def test_the_command_adapts_and_chooses_by_the_loss(
    encoder: Path, texts: Path, tmp_path: Path
) -> None:
    asked = ["finetune", encoder, "--task", TASK, "--train", texts, "--dev", texts, "--epochs", "1"]
    call = CliRunner().invoke(
        main, [*map(str, asked), "--metric", "loss", "-o", str(tmp_path / "a")]
    )
    assert call.exit_code == 0 and "dev loss" in call.stdout, call.stderr
    call = CliRunner().invoke(
        main, [*map(str, asked), "--metric", "perplexity", "-o", str(tmp_path / "b")]
    )
    assert call.exit_code == 1
    assert "unknown metric 'perplexity': expected one of masked_lm_accuracy, loss" in call.stderr

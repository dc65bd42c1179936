"""Pretraining, and the loop, batches and corpus that all training shares."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path

import pytest
import torch

from edgebert.checkpoint import open_checkpoint
from edgebert.demo.english import ENGLISH
from edgebert.demo.stories import write_story
from edgebert.errors import InputError, OutputError
from edgebert.records.codec import to_dict
from edgebert.records.trained import TrainingRecord
from edgebert.training import PretrainOptions, pretrain
from edgebert.training.evaluation import write_untrained
from edgebert.training.loop.seeding import seeded
from edgebert.training.pretraining.vocabulary import learn_tokenizer
from edgebert.training.tasks.encoding import encode, predict
from edgebert.training.tasks.masked_words import mask_tokens
from edgebert.training.tasks.trainable import load_task

OPTIONS = PretrainOptions(
    layers=2, hidden=32, vocab_size=500, epochs=3, batch_size=8, max_length=48, learning_rate=3e-3
)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    generator = random.Random(1)
    stories = ["\n".join(write_story(ENGLISH, generator)) for _ in range(60)]
    path = tmp_path_factory.mktemp("corpus") / "stories.txt"
    path.write_text("\n\n".join(stories), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def trained(corpus: Path) -> tuple[Path, TrainingRecord]:
    output = corpus.with_name("bert")
    return output, pretrain([corpus], output, options=OPTIONS)


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_pretraining_learns(trained: tuple[Path, TrainingRecord]) -> None:
    _, record = trained
    losses = [epoch.loss for epoch in record.epochs]
    assert losses[-1] < 0.9 * losses[0]
    assert record.metric == "masked_lm_accuracy"
    assert record.best_dev is not None and record.best_dev > 2  # of 500 tokens, chance is 0.2
    for look in record.evaluations:
        assert set(look.scores) == {
            "masked_lm_accuracy",
            "next_sentence_accuracy",
            "perplexity",
            "loss",
        }
    first, last = record.evaluations[0].scores, record.evaluations[-1].scores
    assert 1 < last["perplexity"] < first["perplexity"] < 500
    assert last["loss"] > math.log(last["perplexity"])  # the question of what follows is beside it


def test_a_pretrained_folder_is_a_checkpoint_with_its_record(
    trained: tuple[Path, TrainingRecord],
) -> None:
    folder, record = trained
    checkpoint = open_checkpoint(folder)
    assert (checkpoint.architecture, checkpoint.max_length) == ("bert", 48)
    assert checkpoint.config["num_attention_heads"] == 1
    assert json.loads((folder / "training.json").read_text(encoding="utf-8")) == to_dict(record)
    assert (record.layers, record.hidden, record.seed) == (2, 32, 42)


def test_the_same_seed_trains_the_same_weights(corpus: Path, tmp_path: Path) -> None:
    options = PretrainOptions(layers=1, hidden=32, vocab_size=300, epochs=1, max_length=32)
    for name in ("one", "two"):
        pretrain([corpus], tmp_path / name, options=options)
    for file in ("model.safetensors", "tokenizer.json"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_an_output_that_exists_is_refused(trained: tuple[Path, TrainingRecord]) -> None:
    folder, _ = trained
    with pytest.raises(OutputError, match="exists"):
        pretrain([folder.with_name("stories.txt")], folder, options=OPTIONS)


def test_a_width_that_heads_cannot_share_is_refused(corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a hidden size of 50 is no multiple of 32"):
        pretrain([corpus], tmp_path / "out", options=PretrainOptions(hidden=50))
    assert list(tmp_path.iterdir()) == []


def test_masks_take_15_percent_and_no_special_token() -> None:
    tokenizer = learn_tokenizer(["turn on the lamp in the kitchen"] * 3, 200, 32)
    input_ids = torch.arange(len(tokenizer)).repeat(4000, 1)
    with seeded(1):
        changed, chosen = mask_tokens(input_ids, tokenizer, len(tokenizer))
    ordinary = input_ids >= 5
    assert not chosen[~ordinary].any()
    assert abs(chosen[ordinary].float().mean().item() - 0.15) < 0.005
    assert torch.equal(changed[~chosen], input_ids[~chosen])
    masked = (changed[chosen] == tokenizer.mask_token_id).float().mean().item()
    kept = (changed[chosen] == input_ids[chosen]).float().mean().item()
    assert abs(masked - 0.8) < 0.02 and abs(kept - 0.1) < 0.02


def test_a_word_is_hidden_whole_where_words_are() -> None:
    tokenizer = learn_tokenizer(["turn on the lamp in the kitchen"] * 3, 200, 32)
    pieces = tokenizer.convert_ids_to_tokens(range(len(tokenizer)))
    continues = torch.tensor([piece.startswith("##") for piece in pieces])
    on, go_on = tokenizer.convert_tokens_to_ids(["on", "##n"])
    words = torch.tensor([2, on, go_on, go_on, on, on, go_on, 3]).repeat(4000, 1)
    with seeded(1):
        _, chosen = mask_tokens(words, tokenizer, len(tokenizer), continues)
    assert not chosen[:, [0, 7]].any()
    assert torch.equal(chosen[:, 1], chosen[:, 2]) and torch.equal(chosen[:, 1], chosen[:, 3])
    assert torch.equal(chosen[:, 5], chosen[:, 6]) and not torch.equal(chosen[:, 4], chosen[:, 5])
    assert abs(chosen[:, 1:7].float().mean().item() - 0.15) < 0.02


def test_padding_does_not_change_an_answer(tiny_classifier: Path) -> None:
    task = load_task(open_checkpoint(tiny_classifier))
    texts = ["turn on the lamp", "on", "please tell ben that the lamp in the kitchen is off"]
    together = predict(
        task.model, encode(task.tokenizer, texts), lambda batch: task.model(**batch).logits
    )
    for text, answer in zip(texts, together, strict=True):
        alone = predict(
            task.model, encode(task.tokenizer, [text]), lambda batch: task.model(**batch).logits
        )
        torch.testing.assert_close(alone[0], answer, atol=1e-5, rtol=0)


def test_untrained_weights_are_not_those_of_the_checkpoint(
    tiny_classifier: Path, tmp_path: Path
) -> None:
    write_untrained(str(tiny_classifier), tmp_path / "random", seed=1)
    one, other = open_checkpoint(tiny_classifier), open_checkpoint(tmp_path / "random")
    assert one.labels == other.labels and one.sha256() != other.sha256()

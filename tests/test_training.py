"""Pretraining, and the loop, batches and corpus that all training shares."""

from __future__ import annotations

import json
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
from edgebert.training.pretraining.corpus import hold_out, read_corpus, sentence_pairs
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


def test_the_vocabulary_is_lower_case_and_splits_chinese() -> None:
    tokenizer = learn_tokenizer(["Turn ON the Lamp", "打开灯"] * 5, 200, 32)
    assert tokenizer.tokenize("TURN 打开lamp") == ["turn", "打", "开", "lamp"]
    assert sorted(tokenizer.all_special_ids) == [0, 1, 2, 3, 4]


def test_a_vocabulary_is_learned_the_same_every_time(corpus: Path) -> None:
    sentences = corpus.read_text(encoding="utf-8").splitlines()
    one, two = (learn_tokenizer(sentences, 300, 32).get_vocab() for _ in range(2))
    assert one == two


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


def test_half_of_the_pairs_are_neighbours() -> None:
    documents = [[f"{d} {s}" for s in range(6)] for d in range(200)]
    pairs, not_next = sentence_pairs(documents, random.Random(2))
    assert abs(sum(not_next) / len(not_next) - 0.5) < 0.05
    for (first, second), is_random in zip(pairs, not_next, strict=True):
        same_document = first.split()[0] == second.split()[0]
        assert same_document != bool(is_random)


def test_blank_lines_divide_documents(tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", "a.\nb. c.\n\nd.\ne.\n\n\nf.\ng.\n\nalone.\n")
    assert read_corpus([path]) == [["a.", "b. c."], ["d.", "e."], ["f.", "g."]]


def test_without_blank_lines_each_line_is_a_document(tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", "One. Two! Three?\n一。二！三？\nFour. Five\n")
    assert read_corpus([path]) == [
        ["One.", "Two!", "Three?"],
        ["一。", "二！", "三？"],
        ["Four.", "Five"],
    ]


def test_too_little_text_is_told_in_a_line(tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", "only one sentence")
    with pytest.raises(InputError, match=r"a\.txt: expected at least 3 documents of 2 sentences"):
        read_corpus([path])


def test_no_document_is_both_trained_on_and_held_out() -> None:
    documents = [[str(d), "x"] for d in range(45)]
    train, held_out = hold_out(documents, random.Random(0))
    assert len(held_out) == 2 and len(train) == 43
    assert not [document for document in held_out if document in train]


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

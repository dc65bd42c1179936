"""Fine-tuning of sentence models: what is read, learned, examined and written."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from click.testing import CliRunner
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Dense, Pooling, Transformer
from tiny import make_checkpoint, make_untrained
from torch.nn.functional import cross_entropy, normalize

from edgebert.checkpoint import open_checkpoint
from edgebert.cli import main
from edgebert.data import Examples, Retrieval, read_examples
from edgebert.errors import InputError
from edgebert.records.trained import TrainingRecord
from edgebert.training import FinetuneOptions, evaluate, finetune
from edgebert.training.loop.objective import Step
from edgebert.training.tasks.sentences.embedder import Embedder
from edgebert.training.tasks.sentences.embedding_head import sentence_embedding
from edgebert.training.tasks.sentences.mining import mine
from edgebert.training.tasks.sentences.ranking import RankedPairs
from edgebert.training.tasks.sentences.ranking_metrics import (
    AMONG_POSITIVES,
    OF_JUDGEMENTS,
    ranking_scores,
)
from edgebert.training.tasks.sentences.similarity import ScoredPairs
from edgebert.training.tasks.task import Task
from edgebert.training.tasks.trainable import load_task

QUICK = FinetuneOptions(epochs=1, batch_size=8)
PROMPTS = {"query": "please tell ", "document": "anna ", "late": "it is late . "}
ROOMS, DEVICES = ("kitchen", "bedroom", "cafe", "paris"), ("lamp", "fan", "light")
TEXTS = ["turn the lamp on", "off", "is ben late ?"]
as_our_folders_are_written = pytest.mark.filterwarnings("ignore:The `pooling_mode:FutureWarning")
"""In keys that every version of sentence-transformers reads; the newest asks for its own."""


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT as it is before training; no dropout, so that a few steps suffice."""
    return make_untrained(tmp_path_factory.mktemp("bert"))


@pytest.fixture(scope="module")
def prompted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of sentence-transformers with prompts, a Dense layer and vectors cut to 24."""
    folder = tmp_path_factory.mktemp("prompted")
    encoder = Transformer(str(make_checkpoint(folder / "bert", "BertModel")), max_seq_length=40)
    dense = Dense(64, 32, activation_function=torch.nn.Tanh())
    model = SentenceTransformer(
        modules=[encoder, Pooling(64, "mean"), dense],
        prompts=PROMPTS,
        default_prompt_name="late",
        truncate_dim=24,
        device="cpu",
    )
    model.save(str(folder / "model"))
    return folder / "model"


def write(path: Path, lines: list[str]) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def train_on(model: Path, output: Path, train: Path, **given: Any) -> TrainingRecord:
    options = given.pop("options", QUICK)
    return finetune(
        str(model), output, task="sentence-similarity", train=train, options=options, **given
    )


def task_of(folder: Path, matryoshka: tuple[int, ...] = ()) -> Task:
    checkpoint = open_checkpoint(folder)
    task = sentence_embedding(checkpoint, Embedder.of(checkpoint).by_cosine(), matryoshka)
    task.model.eval()
    return task


def ranked(folder: Path, pairs: list[tuple[str, str]], *negatives: tuple[str, ...]) -> RankedPairs:
    data = task_of(folder).encode(Examples(Path("p"), tuple(pairs), negatives=negatives or None))
    assert isinstance(data, RankedPairs)
    return data


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    anchors = "lamp fan kitchen anna paris late good bad light bedroom cafe naive".split()
    positives = "1 2 3 4 5 6 7 8 one two three very".split()
    rows = [f"the {a}\tis it {p} ?" for a, p in zip(anchors, positives, strict=True)]
    return write(tmp_path / "pairs.tsv", ["anchor\tpositive", *rows])


@pytest.fixture
def beir(tmp_path: Path) -> Path:
    """A query of a room is answered by the documents that name it."""
    documents = [
        (f"d{i}", f"{d} {r}") for i, (d, r) in enumerate(itertools.product(DEVICES, ROOMS))
    ]
    queries = [(f"q{i}", f"it is in {room} ?") for i, room in enumerate(ROOMS)]
    for name, texts in (("corpus", documents), ("queries", queries)):
        rows = [json.dumps({"_id": key, "text": text}) for key, text in texts]
        write(tmp_path / f"beir/{name}.jsonl", rows)
    judged = [
        f"{query}\t{document}\t1"
        for (query, asked), (document, text) in itertools.product(queries, documents)
        if text.split()[1] in asked.split()
    ]
    for split in ("train", "test"):
        rows = ["query-id\tcorpus-id\tscore", *judged]
        write(tmp_path / f"beir/qrels_{split}.tsv", rows)
    return tmp_path / "beir"


# what is learned


def test_pairs_are_learned_and_looked_up_among_the_positives(
    bert: Path, pairs: Path, tmp_path: Path
) -> None:
    options = FinetuneOptions(epochs=25, batch_size=12, micro_batch_size=5, learning_rate=2e-3)
    before = task_of(bert).encode(read_examples(pairs)).scores(task_of(bert).model)
    record = train_on(bert, tmp_path / "out", pairs, dev=pairs, options=options)
    assert record.metric == "accuracy_at_1" and record.best_dev is not None
    assert record.best_dev > 90 > before["accuracy_at_1"]
    assert set(record.evaluations[-1].scores) == {"accuracy_at_1", "mrr_at_10", "loss"}
    assert evaluate(str(tmp_path / "out"), pairs) == record.best_dev


def test_a_folder_of_judgements_is_learned_and_ranked(
    bert: Path, beir: Path, tmp_path: Path
) -> None:
    options = FinetuneOptions(epochs=12, batch_size=8, learning_rate=2e-3, hard_negatives=2)
    record = train_on(bert, tmp_path / "out", beir, dev=beir, options=options)
    assert (record.metric, record.examples) == ("ndcg_at_10", 12)
    assert record.best_dev is not None and record.best_dev > 90
    assert list(record.evaluations[-1].scores) == [
        "ndcg_at_10", "mrr_at_10", "recall_at_100", "loss"
    ]  # fmt: skip
    assert evaluate(str(tmp_path / "out"), beir) == record.best_dev


def test_scores_of_train_and_dev_may_have_other_scales(bert: Path, tmp_path: Path) -> None:
    rows = [(f"the {a} is on", f"it is the {b}", a == b, b) for a in DEVICES for b in DEVICES]
    scales = {"five": (0.0, 5.0), "sick": (1.0, 5.0), "one": (0.0, 1.0), "sides": (-1.0, 1.0)}
    files = {
        name: write(
            tmp_path / f"{name}.tsv",
            ["sentence1\tsentence2\tscore", *(f"{a}\t{b}\t{ends[same]}" for a, b, same, _ in rows)],
        )
        for name, ends in scales.items()
    }
    options = FinetuneOptions(epochs=20, batch_size=9, learning_rate=2e-3)
    record = train_on(bert, tmp_path / "out", files["sick"], dev=files["sides"], options=options)
    assert record.metric == "spearman" and record.best_dev is not None and record.best_dev > 70
    found = {evaluate(str(tmp_path / "out"), path) for path in files.values()}
    assert len(found) == 1
    other = train_on(bert, tmp_path / "other", files["one"], dev=files["five"], options=options)
    assert [epoch.loss for epoch in other.epochs] == [epoch.loss for epoch in record.epochs]


def test_an_answer_is_never_a_negative_however_often_it_stands_in_a_step(
    tiny_embedder: Path,
) -> None:
    given = [
        ("turn the lamp on", "light on"),
        ("turn the lamp on", "lamp on"),  # two answers to one query
        ("light", "light on"),  # one answer to two queries
        ("off", "light"),  # a query that is a document
        ("is it late ?", "off"),
    ]
    wrong = [("fan",), ("light on",), ("fan",), ("naive",), ("light",)]  # an answer as a negative
    data = ranked(tiny_embedder, given, *wrong)
    task = task_of(tiny_embedder)
    (loss,) = data.losses(task.model, Step(range(5), 5, 5))
    vectors = {
        text: normalize(vector, dim=-1)
        for side, texts in (
            (data.queries, dict.fromkeys(query for query, _ in given)),
            (data.documents, dict.fromkeys((*(d for _, d in given), *(w for (w,) in wrong)))),
        )
        for text, vector in zip(texts, data.embedder.embed_all(task.model, side), strict=True)
    }
    candidates = [document for _, document in given] + [text for (text,) in wrong]
    expected = []
    for row, (query, _) in enumerate(given):
        own = {document for asked, document in given if asked == query} | {query}
        kept = [c for place, c in enumerate(candidates) if place == row or c not in own]
        cosines = torch.stack([vectors[text] @ vectors[query] for text in kept])
        place = sum(place < row and c not in own for place, c in enumerate(candidates))
        expected.append(cross_entropy(20 * cosines[None], torch.tensor([place])))
    assert loss.item() == pytest.approx(float(torch.stack(expected).mean()), rel=1e-5)


def test_hard_negatives_are_the_nearest_that_do_not_answer(tiny_embedder: Path) -> None:
    given = [("turn the lamp on", "light on"), ("off", "turn it off"), ("ben", "ben is late")]
    others = ("fan", "naive cafe", "berlin", "paris is good", "lamp", "1 2 3")
    data = ranked(tiny_embedder, given, others, others, others)
    task = task_of(tiny_embedder)
    bare = RankedPairs(
        **{**vars(data), "pairs": tuple(type(p)(p.query, p.document) for p in data.pairs)}
    )
    mined = mine(bare, task.model, 2)
    queries = normalize(data.embedder.embed_all(task.model, data.queries), dim=-1)
    documents = normalize(data.embedder.embed_all(task.model, data.documents), dim=-1)
    for pair in mined.pairs:
        cosines = (documents @ queries[pair.query]).tolist()
        allowed = [
            number for number in range(len(cosines))
            if number != pair.document and cosines[number] <= 0.95 * cosines[pair.document]
        ]  # fmt: skip
        nearest = sorted(allowed, key=cosines.__getitem__, reverse=True)[:2]
        assert list(pair.negatives) == nearest
    assert any(pair.negatives for pair in mined.pairs)


# what is examined


def test_a_ranking_is_counted_as_by_hand() -> None:
    documents = torch.eye(4)
    queries = torch.tensor([[0.9, 0.8, 0.1, 0.0], [0.0, 0.1, 0.2, 0.9]])
    judged = Retrieval(2, ({1: 1, 2: 2}, {3: 1}))
    scores = ranking_scores(queries, documents, judged, OF_JUDGEMENTS)
    ideal = 2 + 1 / math.log2(3)
    gained = 1 / math.log2(3) + 2 / math.log2(4)
    assert scores["ndcg_at_10"] == pytest.approx(100 * (gained / ideal + 1) / 2)
    assert scores["mrr_at_10"] == pytest.approx(100 * (1 / 2 + 1) / 2)
    assert scores["recall_at_100"] == 100
    assert ranking_scores(queries, documents, judged, AMONG_POSITIVES)["accuracy_at_1"] == 50


def test_triplets_are_right_where_the_positive_is_nearer_than_all_negatives(
    tiny_embedder: Path,
) -> None:
    given = [(text, text) for text in TEXTS]
    task = task_of(tiny_embedder)
    right = ranked(tiny_embedder, given, ("fan", "naive"), ("1 2 3", "ben"), ("on", "off"))
    assert right.metrics == ("triplet_accuracy",)
    assert right.scores(task.model)["triplet_accuracy"] == 100
    swapped = ranked(
        tiny_embedder, [*given[:2], (TEXTS[2], "fan")], ("fan", "naive"), ("1", "ben"), ("on", TEXTS[2])
    )  # fmt: skip
    assert swapped.scores(task.model)["triplet_accuracy"] == pytest.approx(200 / 3)


def test_a_query_does_not_find_itself_among_the_positives(tiny_embedder: Path) -> None:
    data = ranked(tiny_embedder, [("lamp on", "light on"), ("light on", "lamp on")])
    assert data.judged.identical == {0: 1, 1: 0}
    task = task_of(tiny_embedder)
    assert data.scores(task.model)["accuracy_at_1"] == 100


def test_every_metric_is_told_at_every_length(tiny_embedder: Path) -> None:
    task = task_of(tiny_embedder, (8, 32))
    examples = Examples(
        Path("p"), tuple((text, other) for text in TEXTS for other in TEXTS),
        scores=tuple(float(a == b) for a in TEXTS for b in TEXTS),
    )  # fmt: skip
    data = task.encode(examples)
    assert isinstance(data, ScoredPairs)
    scores = data.scores(task.model)
    assert tuple(scores) == (*data.metrics, "loss")
    assert data.metrics == (
        "spearman", "pearson", "spearman_32", "pearson_32", "spearman_8", "pearson_8"
    )  # fmt: skip
    first, second = (
        data.embedder.embed_all(task.model, side)[:, :8] for side in (data.first, data.second)
    )
    cosines = torch.cosine_similarity(first, second).numpy()
    expected = 100 * np.corrcoef(cosines, np.asarray(examples.scores))[0, 1]
    assert scores["pearson_8"] == pytest.approx(expected, abs=1e-3)


# what is written


def test_queries_and_documents_have_the_prompts_that_sentence_transformers_gives_them(
    prompted: Path,
) -> None:
    peer, task = SentenceTransformer(str(prompted), device="cpu"), task_of(prompted)
    data = ranked(prompted, list(zip(TEXTS, reversed(TEXTS), strict=True)))
    assert task.embedder is not None
    plain = task.embedder.encode(task.tokenizer, TEXTS)
    for encoded, expected in (
        (data.queries, peer.encode_query(TEXTS)),
        (data.documents, peer.encode_document(TEXTS[::-1])),
        (plain, peer.encode(TEXTS)),
    ):
        found = normalize(data.embedder.embed_all(task.model, encoded), dim=-1)
        torch.testing.assert_close(
            found, normalize(torch.from_numpy(expected), dim=-1), rtol=0, atol=1e-5
        )


@as_our_folders_are_written
def test_prompts_and_modules_stay_and_sentence_transformers_opens_what_is_written(
    prompted: Path, pairs: Path, tmp_path: Path
) -> None:
    train_on(prompted, tmp_path / "out", pairs, options=FinetuneOptions(epochs=1, batch_size=6))
    peer = SentenceTransformer(str(tmp_path / "out"), device="cpu")
    assert [type(module).__name__ for module in peer] == [
        "Transformer", "Pooling", "Dense", "Normalize"
    ]  # fmt: skip
    assert {name: peer.prompts[name] for name in PROMPTS} == PROMPTS
    assert (peer.default_prompt_name, peer.truncate_dim) == ("late", 24)
    assert (peer.max_seq_length, peer.similarity_fn_name) == (40, "cosine")
    task = load_task(open_checkpoint(tmp_path / "out"))
    assert task.embedder is not None
    found = task.embedder.embed_all(task.model, task.embedder.encode(task.tokenizer, TEXTS))
    torch.testing.assert_close(found, torch.from_numpy(peer.encode(TEXTS)), rtol=0, atol=1e-5)
    assert found.shape == (3, 24)
    encoder = transformers.AutoModel.from_pretrained(tmp_path / "out")
    own = transformers.AutoModel.from_pretrained(prompted)
    assert {k: v.shape for k, v in encoder.state_dict().items()} == {
        k: v.shape for k, v in own.state_dict().items()
    }


# what is refused


@pytest.mark.parametrize(
    ("lines", "options", "expected"),
    [
        (["sentence1\tsentence2\tscore", "on\toff\t3.0", "fan\tlamp\t3"], {},
         "train.tsv: every pair has the score 3, so there is no order to learn"),
        (["anchor\tnegative", "on\toff"], {},
         "train.tsv, line 1: no column named 'positive' beside 'anchor'; columns found: anchor, negative"),
        (["anchor\tpositive\tnegative", "on\toff\tfan", "on\toff\t"], {},
         "train.tsv, line 3: 'negative' should be text, and is empty"),
        (["sentence1\tsentence2\tlabel", "on\toff\t1"], {},
         ("train.tsv, line 1: the labels do not say which pairs belong together: give a 'score' column, "
         "or those pairs alone as 'anchor' and 'positive'")),
        (["text", "on"], {}, ("train.tsv, line 1: expected two texts ('sentence1', 'sentence2') and a "
         "'score' column, or two that belong together ('anchor', 'positive'); columns found: text")),
        (["anchor\tpositive", "on\toff"], {"batch_size": 1}, ("sentence-similarity compares the examples "
         "of a step with each other: --batch-size should be at least 2")),
        (["anchor\tpositive", "on\toff"], {"matryoshka": (64, 65)}, ("--matryoshka 65: the embeddings of "
         "this model have 64 numbers, so choose from 1 to 64")),
        (["anchor\tpositive", "on\toff"], {"matryoshka": (8, 8)}, "--matryoshka names 8 twice"),
        (["sentence1\tsentence2\tscore", "on\toff\t3.0", "fan\tlamp\t1"], {"hard_negatives": 1},
         "--hard-negatives is for pairs that belong together, not for scores"),
    ],
)  # fmt: skip
def test_what_nothing_can_be_learned_of_is_told_in_a_line(
    bert: Path, tmp_path: Path, lines: list[str], options: dict[str, Any], expected: str
) -> None:
    train = write(tmp_path / "train.tsv", lines)
    with pytest.raises(InputError) as caught:
        train_on(bert, tmp_path / "out", train, options=FinetuneOptions(epochs=1, **options))
    assert str(caught.value).removeprefix(f"{tmp_path}/") == expected


def test_lengths_and_hard_negatives_are_for_sentences_alone(bert: Path, tmp_path: Path) -> None:
    train = write(tmp_path / "train.tsv", ["text\tlabel", "on\ta", "off\tb"])
    asked = ["finetune", str(bert), "--task", "text-classification", "--train", str(train)]
    for option in (["--matryoshka", "32,8"], ["--hard-negatives", "2"]):
        result = CliRunner().invoke(main, [*asked, "-o", str(tmp_path / "out"), *option])
        assert result.stderr.splitlines() == [
            f"Error: {option[0]} is for sentence-similarity, not for text-classification"
        ]


def test_a_list_of_numbers_that_is_none_is_refused_by_name(bert: Path, tmp_path: Path) -> None:
    file = str(write(tmp_path / "train.tsv", ["text\tlabel", "on\ta", "off\tb"]))
    out = ["-o", str(tmp_path / "out")]
    finetune = ["finetune", str(bert), "--task", "sentence-similarity", "--train", file, *out]
    for command, option in (
        (finetune, "--matryoshka"),
        (["distill", str(bert), "--texts", file, *out], "--layers"),
    ):
        for value, said in (
            ("two", "whole numbers separated by commas"),
            ("3,-1", "numbers of at"),
        ):
            result = CliRunner().invoke(main, [*command, option, value])
            assert result.exit_code == 2
            assert f"Invalid value for '{option}': expected {said}" in result.stderr


def test_a_folder_has_no_rows_to_draw_and_needs_a_relevant_document(
    bert: Path, beir: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=r"--limit draws rows of a file, and this is a folder$"):
        train_on(bert, tmp_path / "out", beir, options=FinetuneOptions(epochs=1, limit=2))
    write(beir / "qrels_train.tsv", ["query-id\tcorpus-id\tscore", "q0\td1\t0"])
    with pytest.raises(InputError, match=r"no document is relevant to any query$"):
        train_on(bert, tmp_path / "out", beir)

"""What CTranslate2 is given is our model, and what is said of both is what was timed."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from benchmarks.page_table import BEGIN, END
from benchmarks.rounds import PeerFailed
from benchmarks.translation.speed import page
from benchmarks.translation.speed.contestants import Contestant, Way
from benchmarks.translation.speed.plan import QUICK, Sentences
from benchmarks.translation.speed.record import (
    FIRST_TOKEN,
    Agreement,
    Alone,
    SpeedRecord,
    Throughput,
)
from benchmarks.translation.speed.record import Contestant as Row
from benchmarks.translation.speed.run import run_benchmark
from benchmarks.translation.speed.seats import Opening, Seat
from benchmarks.translation.speed.trying import chosen_ways
from benchmarks.translation.speed.variables import Weights, read_weights, variables_of
from tokenizers import Tokenizer
from translators import pairs

import edgebert
from edgebert.checkpoint import open_checkpoint
from edgebert.checkpoint.translation.opening import open_translator
from edgebert.errors import InputError
from edgebert.records.timed import Noise

Array = npt.NDArray[np.float64]


class Specified:
    """CTranslate2's Transformer specification in numpy: post-norm, norms after both embeddings."""

    def __init__(self, weights: Weights) -> None:
        self.config = weights.config
        self.values = {name: array.astype(float) for name, array in variables_of(weights).items()}
        self.epsilon = weights.config["encoder"]["layer_norm_eps"]

    def log_probabilities(self, source: list[int], target: list[int]) -> Array:
        """Of the next token after each of a target, [tokens, vocabulary]."""
        encoder = self.config["encoder"]
        states = self.norm(
            "encoder/layernorm_embedding",
            self.values["encoder/embeddings_0/weight"][source]
            + self.values["encoder/position_encodings/encodings"][: len(source)],
        )
        everywhere = np.zeros((len(source), len(source)))
        for number in range(encoder["num_hidden_layers"]):
            path, heads = f"encoder/layer_{number}", encoder["num_attention_heads"]
            states = self.attend(f"{path}/self_attention", states, states, heads, everywhere)
            states = self.feed_forward(f"{path}/ffn", states, gelu)
        memory, table = states, self.values["decoder/embeddings/weight"]
        states = self.norm(
            "decoder/layernorm_embedding",
            table[target] * np.sqrt(table.shape[1])
            + self.values["decoder/position_encodings/encodings"][: len(target)],
        )
        later = np.triu(np.full((len(target), len(target)), -np.inf), 1)
        for number in range(self.config["num_hidden_layers"]):
            path, heads = f"decoder/layer_{number}", self.config["num_attention_heads"]
            states = self.attend(f"{path}/self_attention", states, states, heads, later)
            seen = np.zeros((len(target), len(source)))
            states = self.attend(f"{path}/attention", states, memory, heads, seen)
            states = self.feed_forward(f"{path}/ffn", states, lambda x: np.maximum(x, 0))
        logits = states @ self.values["decoder/projection/weight"].T
        found: Array = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
        return found

    def attend(self, path: str, states: Array, read: Array, heads: int, mask: Array) -> Array:
        if f"{path}/linear_2/weight" in self.values:
            query = self.linear(f"{path}/linear_0", states)
            key, value = np.split(self.linear(f"{path}/linear_1", read), 2, axis=-1)
            last = f"{path}/linear_2"
        else:
            query, key, value = np.split(self.linear(f"{path}/linear_0", states), 3, axis=-1)
            last = f"{path}/linear_1"
        mixed = []
        for q, k, v in zip(
            *(np.split(x, heads, axis=-1) for x in (query, key, value)), strict=True
        ):
            scores = np.exp(q @ k.T / np.sqrt(q.shape[-1]) + mask)
            mixed.append(scores / scores.sum(axis=-1, keepdims=True) @ v)
        changed = self.linear(last, np.concatenate(mixed, axis=-1))
        return self.norm(f"{path}/layer_norm", states + changed)

    def feed_forward(self, path: str, states: Array, activation: Any) -> Array:
        neurons = activation(self.linear(f"{path}/linear_0", states))
        return self.norm(f"{path}/layer_norm", states + self.linear(f"{path}/linear_1", neurons))

    def linear(self, path: str, states: Array) -> Array:
        found: Array = states @ self.values[f"{path}/weight"].T + self.values[f"{path}/bias"]
        return found

    def norm(self, path: str, states: Array) -> Array:
        centred = states - states.mean(axis=-1, keepdims=True)
        spread = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + self.epsilon)
        found: Array = centred / spread * self.values[f"{path}/gamma"] + self.values[f"{path}/beta"]
        return found


def gelu(states: Array) -> Array:
    found: Array = torch.nn.functional.gelu(torch.from_numpy(states)).numpy()
    return found


def ours(checkpoint: Path, source: list[int], target: list[int]) -> Array:
    """What PyTorch says of the same."""
    model = open_translator(open_checkpoint(checkpoint, offline=True)).model
    ids = torch.tensor([source])
    read = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    with torch.inference_mode():
        states = model(read, torch.tensor([target]))
        found: Array = model.decoder.logits(states)[0].double().log_softmax(dim=-1).numpy()
    return found


@pytest.mark.parametrize("text, target", pairs()[:3])
def test_the_variables_for_ctranslate2_say_what_our_model_says(
    tiny_translator: Path, text: str, target: str
) -> None:
    weights = read_weights(tiny_translator, tiny_translator / "tokenizer.json")
    source = Tokenizer.from_file(str(tiny_translator / "tokenizer.json")).encode(text).ids
    written = Tokenizer.from_file(str(tiny_translator / "tokenizer_target.json")).encode(target).ids
    told = Specified(weights).log_probabilities(source, [1, *written])
    wanted = ours(tiny_translator, source, [1, *written])
    np.testing.assert_allclose(told, wanted, atol=2e-4)
    assert np.ptp(wanted, axis=-1).min() > 1  # they do say something


def test_one_matrix_is_the_target_s_embedding_and_its_output(tiny_translator: Path) -> None:
    found = variables_of(read_weights(tiny_translator, tiny_translator / "tokenizer.json"))
    assert found["decoder/embeddings/weight"] is found["decoder/projection/weight"]


def test_a_trimmed_vocabulary_keeps_the_rows_of_its_pieces(
    tiny_translator: Path, tmp_path: Path
) -> None:
    told = json.loads((tiny_translator / "tokenizer.json").read_text(encoding="utf-8"))
    before = told["model"]["vocab"]
    kept = [piece for piece in before if piece.startswith("[") or before[piece] % 2]
    told["model"]["vocab"] = {piece: place for place, piece in enumerate(kept)}
    told["added_tokens"] = [
        {**token, "id": kept.index(token["content"])} for token in told["added_tokens"]
    ]
    told.pop("post_processor")
    trimmed = tmp_path / "tokenizer.json"
    trimmed.write_text(json.dumps(told), encoding="utf-8")
    weights = read_weights(tiny_translator, trimmed)
    table = weights.tensors["encoder.embeddings.word_embeddings.weight"]
    found = variables_of(weights)["encoder/embeddings_0/weight"]
    assert weights.source == tuple(kept)
    np.testing.assert_array_equal(found, table[[before[piece] for piece in kept]])


def test_an_encoder_that_the_specification_cannot_say_is_refused(
    tiny_translator: Path, tmp_path: Path
) -> None:
    told = json.loads((tiny_translator / "config.json").read_text(encoding="utf-8"))
    told["encoder"]["model_type"] = "distilbert"
    (tmp_path / "config.json").write_text(json.dumps(told), encoding="utf-8")
    with pytest.raises(ValueError, match="only encoders of the family bert are converted"):
        read_weights(tmp_path, tmp_path / "tokenizer.json")


@pytest.fixture
def sentences(tiny_translator: Path) -> Sentences:
    sources, targets = zip(*pairs()[:6], strict=True)
    tokenizer = Tokenizer.from_file(str(tiny_translator / "tokenizer_target.json"))
    return Sentences("pairs.tsv", sources, targets, tokenizer)


def contestant(bundle: Path, kernels: str = "off") -> Contestant:
    opening = Opening(Path(sys.executable), "edgebert_bundle", bundle, 1, {"kernels": kernels})
    name = f"edgebert_{kernels}"
    return Contestant(name, name, "int8", True, bundle, {1: (Way(opening),)}, ("onnxruntime",))


def test_a_run_times_what_the_bundle_writes(
    tiny_translator_bundle: Path, sentences: Sentences, tmp_path: Path
) -> None:
    able, unable = contestant(tiny_translator_bundle), contestant(tmp_path, "no such thing")
    record = run_benchmark(
        "tiny",
        [able, unable],
        sentences,
        QUICK,
        cores=(1,),
        log=tmp_path / "log",
        say=lambda text: None,
    )
    model = edgebert.load(tiny_translator_bundle, kernels="off")
    for row in record.throughput:
        written = [one.text for one in model.translate(list(sentences.sources), beam=row.beams)]
        assert row.tokens == len(written) + sum(
            len(sentences.tokenizer.encode(text).ids) for text in written
        )
        assert (len(row.seconds), row.min_s) == (QUICK.rounds, min(row.seconds))
        assert row.sentences_per_s == pytest.approx(len(written) / row.min_s)
    assert {(row.beams, row.what) for row in record.alone} == {
        (1, "first token"),
        (1, "sentence"),
        (4, "sentence"),
    }
    ran, failed = record.contestants
    assert ran.failure is None and ran.ready_s and ran.memory_bytes and ran.size_bytes > 10_000
    assert failed.failure and "\n" not in failed.failure
    assert {row.contestant for row in record.throughput} == {able.name}


class Asked:
    """A seat that takes the seconds that its way is given."""

    def __init__(self, opening: Opening, seconds: Mapping[tuple[str, int], float]) -> None:
        self.opening, self._seconds, self.asked = opening, seconds, 0

    def ask(self, order: str, **arguments: Any) -> Any:
        self.asked += 1
        told = self._seconds[
            str(self.opening.options["name"]), arguments["options"]["max_batch_size"]
        ]
        return [told] if order == "alone" else (told * arguments["beams"], [])

    def close(self) -> None:
        pass


def test_the_fastest_of_all_ways_is_taken_and_hopeless_ones_are_left(tmp_path: Path) -> None:
    seconds = {("a", 32): 1.0, ("a", 64): 0.9, ("b", 32): 5.0, ("b", 64): 0.1, ("c", 32): 0.8}
    seconds |= {("c", 64): 0.85}
    openings = [Opening(tmp_path, "", tmp_path, 1, {"name": name}) for name in "abc"]
    ways = tuple(Way(one, {"max_batch_size": size}) for one in openings for size in (32, 64))
    entrant = Contestant("x", "x", "int8", False, tmp_path, {1: ways}, ())
    seats: dict[Opening, Asked] = {}

    def opens(opening: Opening) -> Seat:
        seats[opening] = Asked(opening, seconds)
        return seats[opening]  # type: ignore[return-value]

    chosen, trials = chosen_ways(entrant, 1, (1, 4), opens, 2)
    assert [str(chosen.many[beams]) for beams in (1, 4)] == ["name=c, max_batch_size=32"] * 2
    assert chosen.alone == openings[2]
    assert [trial.way for trial in trials if trial.chosen] == ["name=c, max_batch_size=32"] * 2
    assert not any("name=b, max_batch_size=64" in trial.way for trial in trials)


def test_where_nothing_opens_the_reason_is_told(tmp_path: Path) -> None:
    def opens(opening: Opening) -> Seat:
        raise PeerFailed("no wheel for this machine")

    entrant = Contestant(
        "x", "x", "int8", False, tmp_path, {1: (Way(Opening(tmp_path, "", tmp_path, 1, {})),)}, ()
    )
    with pytest.raises(PeerFailed, match="no wheel"):
        chosen_ways(entrant, 1, (1,), opens, 2)


@pytest.fixture
def record() -> SpeedRecord:
    def many(name: str, beams: int, least: float) -> Throughput:
        return Throughput(
            name, 1, beams, "its way", (least, 2 * least), least, 1.5 * least, 100 / least, 1500,
            1500 / least, 38.5,
        )  # fmt: skip

    names = (("ours fp32", "fp32", True), ("ours int8", "int8", True), ("theirs", "int8", False))
    return SpeedRecord(
        quick=False,
        model="tiny",
        test="test.tsv",
        sentences=100,
        cores=(1,),
        contestants=tuple(
            Row(name, name, precision, mine, 25_000_000, {}, 0.5, 200_000_000)
            for name, precision, mine in names
        ),
        throughput=(
            many("ours fp32", 1, 0.1),
            many("ours int8", 1, 2.0),
            many("theirs", 1, 3.0),
            many("ours int8", 4, 4.0),
            many("theirs", 4, 3.0),
        ),
        alone=(Alone("theirs", 1, 1, FIRST_TOKEN, (3.5, 4.0), 3.5, 3.75),),
        trials=(),
        agreement=Agreement(100, 99),
        noise=Noise(0.0, None, noisy=False),
        seconds=1.0,
    )


def test_int8_is_held_against_int8(record: SpeedRecord) -> None:
    assert page.ratios(record) == {"greedy, 1 core": 1.5, "4 beams, 1 core": 0.75}
    told = page.tables(record)
    assert "1.50 times on greedy, 1 core; 0.75 times on 4 beams, 1 core" in told
    assert "| theirs | 33.3 (500) | 33.3 (500) | 38.50 / 38.50 |" in told
    assert "In fp32 99 of 100 greedy translations are the same text." in told


def test_a_quick_run_does_not_reach_the_page(record: SpeedRecord, tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    with pytest.raises(InputError, match="figures mean nothing"):
        page.write_table(replace(record, quick=True), readme)
    assert "old" in readme.read_text()
    page.write_table(record, readme)
    assert "old" not in readme.read_text() and "ours int8" in readme.read_text()

"""Do a bundle's vectors and scores mean what sentence-transformers means by them?

    PYTHONPATH=tests .venv-peers/bin/python -m benchmarks.semantics

For each way to make an embedding, on tiny models: `edgebert.load(bundle).embed` beside
`SentenceTransformer(folder).encode`, and beside what sentence-transformers' own modules, as they are
found in the bundle's folder, make of `last_hidden_state`. For rerankers, `classify` beside
`CrossEncoder(folder).predict`. Needs sentence-transformers; takes two minutes.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from families import make_family
from sentence_transformers import CrossEncoder, SentenceTransformer
from sentence_transformers.base.modules import Dense, Normalize, Transformer
from sentence_transformers.sentence_transformer.modules import LayerNorm, Pooling
from tiny import VOCABULARY, make_checkpoint

import edgebert
from edgebert.export import export_model

TEXTS = ["turn the lamp on", "Anna was in Paris, and BEN in Berlin !", "a", "", "灯 关 开 " * 30]
PAIRS = [("is the fan off ?", "the fan is off"), ("turn the light on", "Anna was in Paris")]
_WIDTH = 64
_AGREES = 2e-5
"""Largest absolute difference that two runtimes' fp32 rounding may leave."""

Head = list[torch.nn.Module]


@dataclass(frozen=True)
class Case:
    """A sentence-transformers folder.

    Attributes:
        head: what follows the encoder.
        options: of `SentenceTransformer`.
        prompt: asked of both sides.
    """

    name: str
    head: Callable[[], Head]
    family: str = "bert"
    options: tuple[tuple[str, Any], ...] = ()
    prompt: str | None = None


PROMPTS = {"query": "please tell : ", "passage": "Anna "}
CASES = (
    Case("mean", lambda: [Pooling(_WIDTH, "mean")]),
    Case("cls, normalized", lambda: [Pooling(_WIDTH, "cls"), Normalize()], family="xlm-roberta"),
    Case("max", lambda: [Pooling(_WIDTH, "max")]),
    Case("last token, normalized", lambda: [Pooling(_WIDTH, "lasttoken"), Normalize()]),
    Case("Dense with tanh", lambda: [Pooling(_WIDTH, "mean"), Dense(_WIDTH, 32)], family="electra"),
    Case(
        "two Dense layers, normalized",
        lambda: [
            Pooling(_WIDTH, "mean"),
            Dense(_WIDTH, 96, activation_function=torch.nn.GELU()),
            Dense(96, 24, bias=False, activation_function=torch.nn.Identity()),
            Normalize(),
        ],
    ),
    Case(
        "sum over the square root of the length", lambda: [Pooling(_WIDTH, "mean_sqrt_len_tokens")]
    ),
    Case(
        "three poolings, LayerNorm",
        lambda: [Pooling(_WIDTH, ("weightedmean", "max", "cls")), LayerNorm(3 * _WIDTH)],
    ),
    Case(
        "Normalize, then Dense beside its input",
        lambda: [
            Pooling(_WIDTH, ("cls", "mean")),
            Normalize(),
            Dense(2 * _WIDTH, 32, use_residual=True),
            Dense(32, 32, use_residual=True),
        ],
    ),
    Case(
        "cut to 20 numbers",
        lambda: [Pooling(_WIDTH, "mean"), Normalize()],
        options=(("truncate_dim", 20),),
    ),
    Case(
        "a prompt by name",
        lambda: [Pooling(_WIDTH, "mean")],
        options=(("prompts", PROMPTS),),
        prompt="query",
    ),
    Case(
        "a prompt by default",
        lambda: [Pooling(_WIDTH, "max")],
        options=(("prompts", PROMPTS), ("default_prompt_name", "passage")),
    ),
)
RERANKERS: dict[str, dict[str, Any]] = {
    "reranker": {},
    "reranker with identity": {"sentence_transformers": {"activation_fn": "torch.nn.Identity"}},
    "reranker of an old version": {
        "sbert_ce_default_activation_function": "torch.nn.modules.linear.Identity"
    },
}


def main() -> int:
    """Print a line for each case; 1 where one differs."""
    torch.manual_seed(0)
    worst = 0.0
    with tempfile.TemporaryDirectory() as folder:
        for name, difference in _differences(Path(folder)):
            print(f"{name:45} {difference:.1e}  {'' if difference <= _AGREES else 'DIFFERS'}")
            worst = max(worst, difference)
    return int(worst > _AGREES)


def _differences(folder: Path) -> Iterator[tuple[str, float]]:
    for number, case in enumerate(CASES):
        yield from _embedding(case, folder / str(number))
    yield from _lower_casing(folder / "lower")
    for name, config in RERANKERS.items():
        source = make_checkpoint(folder / name, "BertForSequenceClassification", ("score",))
        _update(source / "config.json", config)
        yield name, _reranker(source, folder / f"{name}.bundle")
    CrossEncoder(str(folder / "reranker"), device="cpu").save(str(folder / "saved"))
    yield "reranker that it saved", _reranker(folder / "saved", folder / "saved.bundle")


def _embedding(case: Case, folder: Path) -> Iterator[tuple[str, float]]:
    encoder = make_family(folder / "encoder", case.family)
    modules = [Transformer(str(encoder), max_seq_length=48), *case.head()]
    theirs = SentenceTransformer(modules=modules, device="cpu", **dict(case.options))
    theirs.save(str(folder / "model"))
    yield from _compare(case.name, folder / "model", folder / "bundle", case.prompt)


def _lower_casing(folder: Path) -> Iterator[tuple[str, float]]:
    """A cased tokenizer under `do_lower_case`, which only a folder of an old version says."""
    make_checkpoint(folder, "BertModel")
    (folder / "vocab.txt").write_text("\n".join(VOCABULARY) + "\n", encoding="utf-8")
    cased = transformers.BertTokenizerFast(str(folder / "vocab.txt"), do_lower_case=False)
    cased.save_pretrained(folder)
    limits = {"max_seq_length": 48, "do_lower_case": True}
    (folder / "sentence_bert_config.json").write_text(json.dumps(limits))
    types = {"": "models.Transformer", "1_Pooling": "models.Pooling"}
    entries = [
        {"idx": index, "name": str(index), "path": path, "type": f"sentence_transformers.{kind}"}
        for index, (path, kind) in enumerate(types.items())
    ]
    (folder / "modules.json").write_text(json.dumps(entries))
    (folder / "1_Pooling").mkdir()
    pooling = {"word_embedding_dimension": _WIDTH, "pooling_mode_mean_tokens": True}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(pooling))
    yield from _compare("lower-casing", folder, folder.with_name("lower.bundle"), None)


def _compare(
    name: str, model: Path, bundle: Path, prompt: str | None
) -> Iterator[tuple[str, float]]:
    export_model(model, bundle, offline=True)
    expected = SentenceTransformer(str(model), device="cpu").encode(TEXTS, prompt_name=prompt)
    ours = edgebert.load(bundle)
    yield name, _apart(expected, ours.embed(TEXTS, prompt=prompt))
    if prompt is None:
        yield f"{name}, bundle read by theirs", _apart(expected, _read_by_theirs(bundle, ours))


def _read_by_theirs(bundle: Path, ours: edgebert.Model) -> np.ndarray:
    """Tokens, prompts and all behind the graph as sentence-transformers reads this folder."""
    _make_loadable(bundle)
    theirs = SentenceTransformer(str(bundle), device="cpu")
    prompt = theirs.prompts.get(theirs.default_prompt_name or "", "")
    inputs = theirs.preprocess([prompt + text for text in TEXTS])
    feed = {name: inputs[name].numpy() for name in ours.manifest.inputs}
    (hidden,) = ours.session.run(["last_hidden_state"], feed)
    features = {**inputs, "token_embeddings": torch.from_numpy(hidden)}
    for module in list(theirs)[1:]:
        features = module(features)
    return np.asarray(features["sentence_embedding"].detach())[:, : theirs.truncate_dim]


def _make_loadable(bundle: Path) -> None:
    """Put weights beside the graph, any weights: only what surrounds them is looked at."""
    config = transformers.AutoConfig.from_pretrained(bundle)
    transformers.AutoModel.from_config(config).save_pretrained(bundle)


def _reranker(model: Path, bundle: Path) -> float:
    export_model(model, bundle, offline=True)
    expected = CrossEncoder(str(model), device="cpu").predict(PAIRS)
    return _apart(expected, np.array([a.score for a in edgebert.load(bundle).classify(PAIRS)]))


def _apart(a: Any, b: Any) -> float:
    return float(np.abs(np.asarray(a) - np.asarray(b)).max())


def _update(path: Path, values: dict[str, Any]) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


if __name__ == "__main__":
    sys.exit(main())

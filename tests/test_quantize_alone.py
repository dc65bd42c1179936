"""What a group costs alone is the same whether the floats in front of it run once or each time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import onnx
import pytest
from families import make_embedder

from edgebert.data import Text
from edgebert.export import export_model
from edgebert.export.options import ExportOptions
from edgebert.onnx_graph.parts import STATIC, TOKEN
from edgebert.quantize.forms.activation_samples import sample_activations
from edgebert.quantize.forms.prepared_graph import prepare_graph
from edgebert.quantize.forms.recipes import Plan, Recipes
from edgebert.quantize.forms.weights_aside import put_weights_aside
from edgebert.quantize.search.few_texts import FewTexts
from edgebert.quantize.search.mixture_drift import MixtureDrift, first_of_each
from edgebert.quantize.search.sensitivity import AloneRuns
from edgebert.runtimes import load
from edgebert.runtimes.sessions.session import open_graph

TEXTS = [
    "turn on the lamp",
    "anna is late",
    "anna is in paris . ben is in berlin !",
    "play the song " * 9,
    "what is the weather",
    "turn the fan off",
    "please tell ben that the lamp is off",
]

pytestmark = pytest.mark.usefixtures("own_cache")


def recipes_of(
    bundle: Path, scratch: Path, texts: Sequence[Text] = TEXTS, *, contrib: bool = True
) -> Recipes:
    prepared = put_weights_aside(prepare_graph(bundle / "model.onnx"), scratch)
    values = list(dict.fromkeys(value for group in prepared.groups for value in group.values))
    samples = sample_activations(prepared.model, values, texts, load(bundle), scratch, seed=0)
    return Recipes(prepared, samples, contrib=contrib, saturates=False)


def same_as_the_whole(
    bundle: Path, scratch: Path, read: Sequence[Text] = TEXTS, *, contrib: bool = True
) -> None:
    recipes = recipes_of(bundle, scratch, read, contrib=contrib)
    texts = FewTexts(load(bundle), read[:4], read[4:])
    alone, whole = AloneRuns(recipes, texts, scratch), scratch / "whole.onnx"

    def measured(plan: Plan) -> MixtureDrift:
        recipes.write(plan, whole)
        session = open_graph(whole, widen=False)
        return texts.judge([session.run(list(texts.outputs), b.inputs) for b in texts.batches])

    assert alone.floats().mean == pytest.approx(measured({}).mean, abs=1e-6)
    for group in recipes.prepared.groups:
        for form in (TOKEN, STATIC) if contrib else (STATIC,):
            expected, found = measured({group.name: form}), alone.measure(group, form)
            assert expected.mean > 1e-6
            for one, other in zip(asdict(found).values(), asdict(expected).values(), strict=True):
                assert one == (other and pytest.approx(other, rel=1e-2, abs=1e-6))


def test_an_embedder(tiny_bundle: Path, tmp_path: Path) -> None:
    same_as_the_whole(tiny_bundle, tmp_path)


def test_a_reader(tiny_reader_bundle: Path, tmp_path: Path) -> None:
    same_as_the_whole(tiny_reader_bundle, tmp_path, [("who is late", text) for text in TEXTS])


def test_a_classifier(tiny_classifier_bundle: Path, tmp_path: Path) -> None:
    same_as_the_whole(tiny_classifier_bundle, tmp_path)


def test_layers_that_share_a_weight(tmp_path: Path) -> None:
    export_model(make_embedder(tmp_path / "albert", "albert"), tmp_path / "fp32")
    same_as_the_whole(tmp_path / "fp32", tmp_path)


def test_standard_operators_and_a_fixed_shape(tiny_embedder: Path, tmp_path: Path) -> None:
    options = ExportOptions(target="npu", fixed_shape=(1, 32))
    export_model(tiny_embedder, tmp_path / "fp32", options=options)
    same_as_the_whole(tmp_path / "fp32", tmp_path, contrib=False)


def test_few_texts_of_each_kind_have_their_tokens_and_never_are_fewer_than_twelve(
    tiny_bundle: Path,
) -> None:
    model = load(tiny_bundle)
    own, others = ["turn on the lamp"] * 40, ["anna is late", "play the song"] * 20
    chosen, count = first_of_each(model, own, others, 240)
    assert (chosen, count) == ([*own[:20], *others[:24]], 20)
    assert first_of_each(model, own, (), 240) == (own[:20], 20)
    assert first_of_each(model, own, others, 2) == ([*own[:12], *others[:12]], 12)
    assert first_of_each(model, own, others, 9999) == ([*own, *others], 40)


def test_weights_that_are_aside_are_written_once_and_come_back(
    tiny_bundle: Path, tmp_path: Path
) -> None:
    (tmp_path / "bundle").mkdir()
    recipes = recipes_of(tiny_bundle, tmp_path)
    recipes.write({}, tmp_path / "here.onnx")
    recipes.write({}, tmp_path / "bundle/model.onnx")
    whole = onnx.load(tmp_path / "bundle/model.onnx", load_external_data=False)
    aside = onnx.load(tmp_path / "here.onnx", load_external_data=False)
    assert len((tmp_path / "here.onnx").read_bytes()) < 60_000
    assert any(tensor.external_data for tensor in aside.graph.initializer)
    assert not any(tensor.external_data for tensor in whole.graph.initializer)
    onnx.load_external_data_for_model(aside, str(tmp_path))
    assert aside == whole

"""Heads: rerankers, several labels, words to fill in, answers to find."""

from __future__ import annotations

import json
import weakref
from pathlib import Path
from typing import Any, cast

import numpy as np
import onnx
import pytest
import torch
import transformers
from families import FAMILIES, make_family
from tiny import VOCABULARY, make_checkpoint

from edgebert.bundle import open_bundle
from edgebert.checkpoint import Checkpoint, open_checkpoint
from edgebert.checkpoint.pytorch import load_model
from edgebert.data.masking import with_mask
from edgebert.doctor import examine
from edgebert.drift import check
from edgebert.errors import CheckpointError, GateError, InputError
from edgebert.export import ExportOptions, export_model
from edgebert.latency.bundle import LoadedBundle
from edgebert.latency.shapes import Shape
from edgebert.logits import probabilities
from edgebert.measures import Thresholds
from edgebert.quantize import QuantizeOptions, quantize_bundle
from edgebert.records.manifest import FILL_MASK, QUESTION_ANSWERING, TEXT_CLASSIFICATION
from edgebert.records.profile import TOKENS_PER_RUN
from edgebert.references.onnx_file import probe_bundle
from edgebert.references.pytorch_model import CheckpointModel
from edgebert.runtimes import Model, engine, load
from edgebert.tasks import TASKS, task_of
from edgebert.tasks.answers import read_classification

PAIRS = [("turn the lamp on", "the lamp is off"), ("is anna late ?", "no"), ("a", "1")]
CONTEXT = "Anna was in Paris, and Ben told the kitchen fan to turn off in Berlin."


def bundle_of(checkpoint: Path, task: str | None = None) -> Path:
    output = checkpoint.with_name(f"{checkpoint.name}-bundle")
    export_model(checkpoint, output, options=ExportOptions(task=task))
    return output


def plain_logits(checkpoint: Path, auto_class: Any, *texts: Any) -> Any:
    """What transformers alone says, of one text or pair."""
    model = auto_class.from_pretrained(checkpoint).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(checkpoint)
    with torch.inference_mode():
        return model(**tokenizer(*texts, return_tensors="pt"))


# rerankers


@pytest.mark.parametrize("target", ["cpu", "gpu"])
def test_the_mean_of_no_tokens_is_a_number(target: str, tmp_path: Path) -> None:
    """As ModernBERT's own checkpoints classify, and PyTorch divides 0 by 0."""
    head = transformers.AutoModelForSequenceClassification
    folder = tmp_path / "checkpoint"
    one_layer: dict[str, Any] = {"num_hidden_layers": 1, "layer_types": ["full_attention"]}
    make_family(folder, "modernbert", head, classifier_pooling="mean", **one_layer)
    options = ExportOptions(target=target, atol=0.1)  # which what is no number exceeds
    export_model(folder, tmp_path / "bundle", options=options)


def test_a_single_label_is_scored_by_a_sigmoid(
    tiny_reranker: Path, tiny_reranker_bundle: Path
) -> None:
    model = load(tiny_reranker_bundle)
    for pair, answer in zip(PAIRS, model.classify(PAIRS), strict=True):
        logit = plain_logits(
            tiny_reranker, transformers.AutoModelForSequenceClassification, *pair
        ).logits
        assert answer.label == "relevance"
        assert answer.scores == {"relevance": answer.score}
        assert answer.score == pytest.approx(float(logit.sigmoid()), abs=1e-5)
        assert answer.labels is None
    assert model.manifest.activation == "sigmoid"


def test_scores_are_compared_as_scores(
    tiny_reranker: Path, tiny_reranker_bundle: Path, tmp_path: Path
) -> None:
    int8 = tmp_path / "int8"
    quantize_bundle(tiny_reranker_bundle, int8, options=QuantizeOptions(scheme="token"))
    data = tmp_path / "pairs.tsv"
    rows = [f"{a}\t{b}\t{score}" for (a, b), score in zip(PAIRS, (3, 1, 2), strict=True)]
    data.write_text("\n".join(["sentence1\tsentence2\tscore", *rows]) + "\n")
    record = check(tiny_reranker, int8, data, thresholds=Thresholds(max_drift=0.2))
    before, after = (
        np.array([answer.score for answer in load(path).classify(PAIRS)])
        for path in (tiny_reranker_bundle, int8)
    )
    assert record.distance_mean == pytest.approx(np.abs(before - after).mean(), abs=1e-5)
    assert (record.labels, record.logits) == (None, None)
    assert [metric.name for metric in record.metrics] == ["spearman", "pearson"]
    with pytest.raises(InputError, match="--max-flips cannot be held here"):
        check(tiny_reranker, int8, data, thresholds=Thresholds(max_flips=0.1))
    with pytest.raises(InputError, match=r"'score' column"):
        check(tiny_reranker, int8, thresholds=Thresholds(max_metric_drop=1.0))


def test_saved_scores_of_a_reranker_are_compared_as_they_are(
    tiny_reranker_bundle: Path, tmp_path: Path
) -> None:
    answers = load(tiny_reranker_bundle).classify(PAIRS)
    saved = tmp_path / "saved.jsonl"
    rows = [
        {"text": pair, "label": answer.label, "score": answer.score, "scores": answer.scores}
        for pair, answer in zip(PAIRS, answers, strict=True)
    ]
    saved.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert check(tiny_reranker_bundle, saved).distance_mean < 1e-6
    rows[0]["scores"] = {"relevance": answers[0].score - 0.3}
    saved.write_text("".join(json.dumps(row) + "\n" for row in rows))
    record = check(tiny_reranker_bundle, saved, thresholds=Thresholds(max_drift=0.2))
    assert record.distance_mean == pytest.approx(0.1, abs=1e-6)


IDENTITY = "torch.nn.modules.linear.Identity"


@pytest.mark.parametrize(
    ("config", "said", "scoring"),
    [
        ({}, {}, "sigmoid"),
        ({"sentence_transformers": {"activation_fn": IDENTITY}}, {}, "identity"),
        ({"sbert_ce_default_activation_function": IDENTITY}, {}, "identity"),
        ({}, {"activation_fn": IDENTITY}, "identity"),
        ({"problem_type": "regression"}, {}, "identity"),
        (
            {"problem_type": "regression", "sentence_transformers": {"activation_fn": "Sigmoid"}},
            {},
            "sigmoid",
        ),
        ({"id2label": {"0": "a", "1": "b"}}, {"activation_fn": IDENTITY}, "softmax"),
        (
            {"id2label": {"0": "a", "1": "b"}, "problem_type": "multi_label_classification"},
            {},
            "sigmoid",
        ),
        ({"id2label": {"0": "a", "1": "b"}, "problem_type": "regression"}, {}, "identity"),
    ],
)
def test_the_folder_says_how_a_score_is_made(
    tiny_reranker: Path, tmp_path: Path, config: dict[str, Any], said: dict[str, Any], scoring: str
) -> None:
    assert changed(tiny_reranker, tmp_path / "copy", config, said).scoring == scoring


def test_a_score_made_in_another_way_is_refused(tiny_reranker: Path, tmp_path: Path) -> None:
    config = {"sentence_transformers": {"activation_fn": "torch.nn.Tanh"}}
    with pytest.raises(CheckpointError, match=r"scores by torch.nn.Tanh; Sigmoid or Identity is"):
        _ = changed(tiny_reranker, tmp_path / "copy", config, {}).scoring


def test_a_reranker_that_sentence_transformers_6_saved_is_no_embedding_model(
    tiny_reranker: Path, tmp_path: Path
) -> None:
    said = {"activation_fn": IDENTITY, "model_type": "CrossEncoder", "prompts": {}}
    changed(tiny_reranker, tmp_path / "copy", {}, said)
    kind = "sentence_transformers.base.modules.transformer.Transformer"
    (tmp_path / "copy/modules.json").write_text(json.dumps([{"type": kind, "path": ""}]))
    limits = {"transformer_task": "sequence-classification", "module_output_name": "scores"}
    (tmp_path / "copy/sentence_bert_config.json").write_text(json.dumps(limits))
    checkpoint = open_checkpoint(tmp_path / "copy")
    assert (checkpoint.task, checkpoint.scoring) == (TEXT_CLASSIFICATION, "identity")


def changed(source: Path, folder: Path, config: dict[str, Any], said: dict[str, Any]) -> Checkpoint:
    """The same checkpoint with other values in its configuration files."""
    folder.mkdir()
    for file in source.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    values = json.loads((source / "config.json").read_text()) | config
    (folder / "config.json").write_text(json.dumps(values))
    if said:
        (folder / "config_sentence_transformers.json").write_text(json.dumps(said))
    return open_checkpoint(folder)


def test_scores_are_made_in_three_ways() -> None:
    logits = np.array([0.0, 2.0, -90.0], np.float32)
    assert probabilities(logits, "identity").tolist() == logits.tolist()
    sigmoid = probabilities(logits, "sigmoid")
    assert sigmoid[:2] == pytest.approx([0.5, 1 / (1 + np.exp(-2))])
    assert probabilities(logits).sum() == pytest.approx(1.0)
    answer = read_classification(logits, ("a", "b", "c"), scoring="sigmoid", multi_label=True)
    assert answer.labels == ("a", "b")
    answer = read_classification(logits[1:2], ("a",), scoring="identity", multi_label=False)
    assert (answer.label, answer.score) == ("a", 2.0)


# fill-mask


def test_logits_stand_at_the_masks_alone(tiny_filler: Path, tiny_filler_bundle: Path) -> None:
    model = load(tiny_filler_bundle)
    assert (model.task, model.manifest.outputs, model.mask_token) == (
        FILL_MASK,
        ("logits",),
        "[MASK]",
    )
    texts = ["turn the [MASK] on", "[MASK] is [MASK] late , anna", "no mask"]
    one, two, none = model.outputs(texts)
    assert (one.shape, two.shape, none.shape) == ((1, 65), (2, 65), (0, 65))
    auto_class = transformers.AutoModelForMaskedLM
    for text, found in ((texts[0], one), (texts[1], two)):
        places = [i for i, word in enumerate(["[CLS]", *text.split()]) if word == "[MASK]"]
        expected = plain_logits(tiny_filler, auto_class, text).logits[0, places].numpy()
        np.testing.assert_allclose(found, expected, atol=1e-4)
    for text, row in zip(
        texts, CheckpointModel(open_checkpoint(tiny_filler)).outputs(texts), strict=True
    ):
        np.testing.assert_allclose(model.outputs([text])[0], row, atol=1e-4)


def test_logits_beside_the_masks_are_let_go_at_once(
    tiny_filler_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A window of texts has gigabytes of them, over a vocabulary of thirty thousand."""
    run = engine._run
    given: list[weakref.ref[Any]] = []

    def run_and_watch(*arguments: Any) -> list[Any]:
        answers = run(*arguments)
        given.extend(weakref.ref(answer) for answer in answers)
        return answers

    monkeypatch.setattr(engine, "_run", run_and_watch)
    model = load(tiny_filler_bundle)
    answers = model.pipeline.run(
        [f"turn the [MASK] {'on ' * (i % 50)}{i}" for i in range(200)], model.pipeline.answers
    )
    taken = [next(answers) for _ in range(199)]
    assert len(given) > 2
    assert all(watched() is None for watched in given)
    assert {answered.row.shape for answered in taken} == {(1, 65)}


def test_golden_answers_of_a_filler_are_few_and_hold(tiny_filler_bundle: Path) -> None:
    golden = open_bundle(tiny_filler_bundle).golden()
    assert (tiny_filler_bundle / "golden.json").stat().st_size < 100_000
    assert all(model_masks(text.text) for text in golden.texts)
    assert len(golden.columns) == np.shape(golden.texts[0].expected)[1] <= 64
    assert max(golden.columns) < len(VOCABULARY)
    assert examine(tiny_filler_bundle).passed


def model_masks(text: str) -> int:
    return text.count("[MASK]")


def test_a_filler_is_checked_and_quantized(
    tiny_filler: Path, tiny_filler_bundle: Path, tmp_path: Path
) -> None:
    record = check(tiny_filler, tiny_filler_bundle)
    assert record.passed
    assert record.labels is not None
    assert (record.labels.flips, record.labels.n) == (0, 40)
    assert record.logits is not None
    assert record.logits.max_abs < 1e-3
    quantize_bundle(tiny_filler_bundle, tmp_path / "int8", options=QuantizeOptions(scheme="token"))
    assert examine(tmp_path / "int8").passed
    worse = check(tiny_filler_bundle, tmp_path / "int8", thresholds=Thresholds(max_drift=1.0))
    assert worse.distance_mean > record.distance_mean
    with pytest.raises(GateError, match="drift"):
        check(tiny_filler_bundle, tmp_path / "int8", thresholds=Thresholds(max_drift=0.0))
    with pytest.raises(InputError, match="fill-mask has no metric"):
        check(tiny_filler, tiny_filler_bundle, thresholds=Thresholds(max_metric_drop=1.0))


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("turn the lamp on", "turn the <mask> on"),
        ("one", "<mask>"),
        ("", "<mask>"),
        ("?!", "<mask>"),
        ("it is <mask> here", "it is <mask> here"),
        ("今天下午三点", "今天下<mask>三点"),
        ("Café naïve, Straße!", "Café <mask>, Straße!"),
        ("a " * 400, "a " * 8 + "<mask> " + "a " * 391),
    ],
)
def test_a_text_without_a_mask_gets_one_in_the_place_of_a_word(text: str, masked: str) -> None:
    assert with_mask(text, "<mask>") == masked


def test_a_large_vocabulary_runs_few_tokens_at_a_time() -> None:
    assert task_of(TEXT_CLASSIFICATION).tokens_per_run(250_000, TOKENS_PER_RUN) == TOKENS_PER_RUN
    assert task_of(FILL_MASK).tokens_per_run(30_000, TOKENS_PER_RUN) == TOKENS_PER_RUN
    assert task_of(FILL_MASK).tokens_per_run(250_000, TOKENS_PER_RUN) == 64
    assert task_of(FILL_MASK).tokens_per_run(100_000_000, TOKENS_PER_RUN) == 1


# question answering


def test_a_reader_says_where_an_answer_starts_and_ends(
    tiny_reader: Path, tiny_reader_bundle: Path
) -> None:
    """Token types tell the question from the context."""
    model = load(tiny_reader_bundle)
    assert (model.task, model.manifest.outputs) == (
        QUESTION_ANSWERING,
        ("start_logits", "end_logits"),
    )
    pairs = [("where is ben ?", CONTEXT), ("who ?", "anna")]
    expected = [
        plain_logits(tiny_reader, transformers.AutoModelForQuestionAnswering, *pair)
        for pair in pairs
    ]
    for found, right in zip(model.outputs(pairs), expected, strict=True):
        ends = torch.stack([right.start_logits[0], right.end_logits[0]], dim=-1).numpy()
        np.testing.assert_allclose(found, ends, atol=1e-4)


def test_only_the_context_is_cut(tiny_reader: Path, tiny_reader_bundle: Path) -> None:
    said = json.loads((tiny_reader_bundle / "tokenizer.json").read_text())["truncation"]
    assert (said["strategy"], said["max_length"]) == ("OnlySecond", 64)
    model = load(tiny_reader_bundle)
    question = "where is ben and anna ?"
    pair = (question, "the fan is on . " * 40)
    encoding = model.tokenizer.encode(*pair)
    assert len(encoding.ids) == 64
    assert encoding.sequence_ids.count(0) == 6
    assert model.outputs([pair])[0].shape == (64, 2)
    reference = CheckpointModel(open_checkpoint(tiny_reader))
    assert reference.encode([pair])["input_ids"][0].tolist() == encoding.ids
    for side in (model, reference):
        for unreadable in (("where " * 80, "here"), "the fan is on . " * 40):
            with pytest.raises(InputError, match="a question is longer than the 64 tokens"):
                side.outputs([unreadable])


def test_answers_of_bundle_and_checkpoint_are_the_same(
    tiny_reader: Path, tiny_reader_bundle: Path, tmp_path: Path
) -> None:
    questions = [("Who was in Paris?", "Anna"), ("Where is Ben?", "in Berlin")]
    rows = [
        {"question": question, "context": CONTEXT, "answers": [{"text": answer}]}
        for question, answer in questions
    ]
    data = tmp_path / "squad.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    record = check(tiny_reader, tiny_reader_bundle, data)
    assert record.passed
    assert [metric.name for metric in record.metrics] == ["f1", "exact_match"]
    assert record.labels is not None
    assert (record.labels.flips, record.distance_mean) == (0, 0.0)
    assert check(tiny_reader_bundle, tiny_reader_bundle / "model.onnx", data).distance_mean == 0.0
    assert check(tiny_reader, tiny_reader_bundle).n == 40  # without data, of the built-in sentences
    assert examine(tiny_reader_bundle).passed


def test_a_reader_is_timed_on_plain_texts_as_contexts(tiny_reader_bundle: Path) -> None:
    timed = LoadedBundle(load(tiny_reader_bundle))
    assert timed.token_counts([CONTEXT, ("who ?", "anna")])[1] == 6
    rows: Any = timed.on_texts([CONTEXT])()
    assert [row.shape[1] for row in rows] == [2]
    starts, ends = cast(Any, timed.on_shape(Shape(threads=1, batch=1, length=16))())
    assert starts.shape == ends.shape == (1, 16)


def test_a_card_shows_what_runs_a_bundle(
    tiny_reader_bundle: Path, tiny_filler_bundle: Path, tiny_reranker_bundle: Path
) -> None:
    assert 'model.answer("a question",' in (tiny_reader_bundle / "README.md").read_text()
    assert 'model.rerank("a query",' in (tiny_reranker_bundle / "README.md").read_text()
    card = (tiny_filler_bundle / "README.md").read_text()
    assert 'model.fill_mask("a [MASK] text")' in card
    assert "edgebert doctor THIS_FOLDER\n\n```python" in card


def test_a_verb_of_another_task_names_the_task(
    tiny_reader_bundle: Path, tiny_filler_bundle: Path
) -> None:
    for path, task in ((tiny_reader_bundle, QUESTION_ANSWERING), (tiny_filler_bundle, FILL_MASK)):
        with pytest.raises(InputError, match=f"is a {task} bundle; embed needs one for feature"):
            load(path).embed("a text")


# every family


HEADS = {
    "text-classification": transformers.AutoModelForSequenceClassification,
    "token-classification": transformers.AutoModelForTokenClassification,
    "fill-mask": transformers.AutoModelForMaskedLM,
    "question-answering": transformers.AutoModelForQuestionAnswering,
}


MISSING_HEADS = {("nomic_bert", "question-answering")}
"""What transformers has no class for."""


@pytest.mark.parametrize("family", FAMILIES)
def test_every_head_of_a_family_is_known_by_its_checkpoint(family: str, tmp_path: Path) -> None:
    """A weight that is tied to another is in the file once, and not missing."""
    told = {task.name for task in TASKS if task.head and not task.module}
    assert set(HEADS) == told
    for task, auto_class in HEADS.items():
        if (family, task) in MISSING_HEADS:
            continue
        checkpoint = open_checkpoint(make_family(tmp_path / task, family, auto_class))
        assert checkpoint.task == task
        load_model(checkpoint)


def test_a_pretrained_bert_fills_masks_when_asked_to(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "pretrained", "BertForPreTraining")
    assert open_checkpoint(folder).task == "feature-extraction"
    load_model(open_checkpoint(folder, task=FILL_MASK))
    with pytest.raises(CheckpointError, match="it was not trained for question-answering"):
        load_model(open_checkpoint(folder, task=QUESTION_ANSWERING))


def test_positions_that_transformers_leaves_out_are_not_left_out_unsaid(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "relative", "BertModel")
    config = json.loads((folder / "config.json").read_text())
    config["position_embedding_type"] = "relative_key_query"
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(CheckpointError, match="positions of the kind relative_key_query"):
        load_model(open_checkpoint(folder))


# inputs of another type or of one shape


@pytest.fixture(scope="module")
def narrow(tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Model:
    """The tiny bundle, made to take int32 [2, 48] and nothing else."""
    folder = tmp_path_factory.mktemp("narrow") / "bundle"
    folder.mkdir()
    for file in tiny_bundle.iterdir():
        if file.is_file():
            (folder / file.name).write_bytes(file.read_bytes())
    model = onnx.load(folder / "model.onnx")
    for value in model.graph.input:
        tensor = value.type.tensor_type
        for size, dimension in zip((2, 48), tensor.shape.dim, strict=True):
            dimension.dim_value = size
        tensor.elem_type = onnx.TensorProto.INT32
        _cast_behind(model.graph, value.name)
    for value in model.graph.output:
        value.type.tensor_type.ClearField("shape")
    del model.graph.value_info[:]
    onnx.save(model, folder / "model.onnx")
    manifest = json.loads((folder / "manifest.json").read_text())
    size = (folder / "model.onnx").stat().st_size
    manifest["files"] = {
        name: entry for name, entry in manifest["files"].items() if "/" not in name
    }
    manifest["files"]["model.onnx"]["size_bytes"] = size
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return load(folder)


def _cast_behind(graph: onnx.GraphProto, name: str) -> None:
    wide = f"{name}_int64"
    for node in graph.node:
        for place, given in enumerate(node.input):
            if given == name:
                node.input[place] = wide
    cast = onnx.helper.make_node("Cast", [name], [wide], to=onnx.TensorProto.INT64)
    graph.node.insert(0, cast)


def test_a_graph_of_fixed_shape_and_int32_answers_any_number_of_texts(
    narrow: Model, tiny_bundle: Path
) -> None:
    texts = ["turn the lamp on", "", "off", "anna and ben " * 40, "is it late ?"]
    expected = load(tiny_bundle).embed(texts)
    assert narrow.input_spec.shape == (2, 48)
    np.testing.assert_allclose(narrow.embed(texts), expected, atol=2e-6)
    np.testing.assert_allclose(probe_bundle(narrow).outputs(texts), expected, atol=2e-6)


def test_such_a_graph_is_checked_like_any_other(narrow: Model, tiny_bundle: Path) -> None:
    record = check(tiny_bundle, narrow.bundle.path)
    assert record.passed
    assert record.padding_invariance is not None
    hidden = probe_bundle(narrow).run(probe_bundle(narrow).encode(["off", "turn on", "a"]))
    assert hidden["last_hidden_state"].shape == (3, 4, 64)


def test_such_a_graph_is_timed_at_its_shape_alone(narrow: Model) -> None:
    timed = LoadedBundle(narrow)
    assert timed.on_shape(Shape(threads=1, batch=2, length=48))()
    with pytest.raises(InputError, match=r"takes 2 x 48 tokens and nothing else: --batch-sizes 2"):
        timed.on_shape(Shape(threads=1, batch=1, length=16))

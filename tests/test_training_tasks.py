"""Fine-tuning and distillation of tiny models, on tasks small enough to be learned in seconds."""

from __future__ import annotations

import itertools
import json
import random
from collections import Counter
from pathlib import Path

import pytest
import torch
import transformers
from click.testing import CliRunner, Result
from tiny import make_checkpoint, make_untrained

from edgebert.checkpoint import open_checkpoint
from edgebert.cli import main
from edgebert.data import Span, read_examples
from edgebert.errors import CheckpointError, InputError
from edgebert.sentence_modules import Normalize, SentenceModules, pooling_named
from edgebert.tasks.tags import TagScheme
from edgebert.text.words import TokenizedText
from edgebert.training import (
    DistillOptions,
    FinetuneOptions,
    distill,
    evaluate,
    finetune,
)
from edgebert.training.distillation.student import cut, evenly_spaced
from edgebert.training.tasks.labels.tagging import IGNORED, TaggedTexts, encode_tagged, tag_tokens
from edgebert.training.tasks.sentences.embedder import Embedder
from edgebert.training.tasks.trainable import load_task

FAST = FinetuneOptions(epochs=6, batch_size=8, learning_rate=2e-3)
PLACES, PEOPLE = ("paris", "berlin", "北京"), ("anna", "ben", "mary")


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT as it is before training; no dropout, so that a few steps suffice."""
    return make_untrained(tmp_path_factory.mktemp("bert"))


@pytest.fixture(scope="module")
def intents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows = [
        f"please turn {state} the {device} in the {room}\t{state}"
        for state, device, room in itertools.product(
            ("on", "off"),
            ("lamp", "light", "fan", "naive"),
            ("kitchen", "bedroom", "paris", "berlin"),
        )
    ]
    return write(tmp_path_factory.mktemp("intents") / "train.tsv", ["text\tlabel", *rows])


@pytest.fixture(scope="module")
def entities(tmp_path_factory: pytest.TempPathFactory) -> Path:
    blocks = [
        f"please O\ntell O\n{person} B-PER\nthat O\n{place} B-LOC\nis O\ngood O\n"
        for person, place in itertools.product(PEOPLE[:2], PLACES[:2])
    ]
    blocks += [f"{place} B-LOC\nis O\nnot O\n{person} B-PER\n. O\n"
               for person, place in itertools.product(PEOPLE[:2], PLACES[:2])]  # fmt: skip
    return write(tmp_path_factory.mktemp("entities") / "train.conll", blocks * 6)


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    generator = random.Random(3)
    words = ["lamp", "fan", "kitchen", "anna", "paris", "late", "good", "bad"]
    rows = []
    for _ in range(48):
        one, other = generator.choice(words), generator.choice(words)
        rows.append(f"the {one} is on\tit is the {other}\t{5.0 if one == other else 0.0}")
        rows.append(f"the {one} is on\tit is the {one}\t5.0")
    return write(
        tmp_path_factory.mktemp("pairs") / "train.tsv", ["sentence1\tsentence2\tscore", *rows]
    )


@pytest.fixture(scope="module")
def classifier(bert: Path, intents: Path) -> Path:
    output = bert.with_name("classifier")
    finetune(
        str(bert), output, task="text-classification", train=intents, dev=intents, options=FAST,
        force=True,
    )  # fmt: skip
    return output


@pytest.fixture(scope="module")
def tagger(bert: Path, entities: Path) -> Path:
    output = bert.with_name("tagger")
    finetune(
        str(bert), output, task="token-classification", train=entities, options=FAST, force=True
    )
    return output


@pytest.fixture(scope="module")
def encoder(bert: Path, pairs: Path) -> Path:
    output = bert.with_name("encoder")
    finetune(
        str(bert), output, task="sentence-similarity", train=pairs, dev=pairs, options=FAST,
        force=True,
    )  # fmt: skip
    return output


def write(path: Path, lines: list[str]) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_a_classifier_learns_its_labels(classifier: Path, intents: Path) -> None:
    checkpoint = open_checkpoint(classifier)
    assert (checkpoint.task, checkpoint.labels) == ("text-classification", ("off", "on"))
    assert checkpoint.problem_type == "single_label_classification"
    assert evaluate(str(classifier), intents) == 100


def test_the_record_says_what_was_done(classifier: Path, intents: Path) -> None:
    record = json.loads((classifier / "training.json").read_text(encoding="utf-8"))
    assert (record["kind"], record["task"]) == ("finetune", "text-classification")
    assert (record["metric"], record["best_dev"], record["examples"]) == ("accuracy", 100, 32)
    assert record["options"]["learning_rate"] == 2e-3 and record["data"] == [str(intents)] * 2
    assert record["checkpoint"] == str(classifier) and len(record["epochs"]) == 6


def test_labels_that_are_numbers_are_sorted_by_value(bert: Path, tmp_path: Path) -> None:
    rows = [f"{number} lamp\t{number}" for number in (10, 9, 2, 1)]
    train = write(tmp_path / "train.tsv", ["text\tlabel", *rows])
    options = FinetuneOptions(epochs=1)
    finetune(str(bert), tmp_path / "out", task="text-classification", train=train, options=options)
    assert open_checkpoint(tmp_path / "out").labels == ("1", "2", "9", "10")


def test_several_labels_make_a_multi_label_model(bert: Path, tmp_path: Path) -> None:
    rows = ["the lamp\tlamp", "the fan\tfan", "the lamp and the fan\tlamp|fan"] * 8
    train = write(tmp_path / "train.tsv", ["text\tlabel", *rows])
    record = finetune(
        str(bert), tmp_path / "out", task="text-classification", train=train, dev=train,
        options=FinetuneOptions(epochs=15, batch_size=8, learning_rate=2e-3, multi_label=True),
    )  # fmt: skip
    assert open_checkpoint(tmp_path / "out").problem_type == "multi_label_classification"
    assert record.best_dev == 100
    assert (record.labels, record.multi_label) == (("fan", "lamp"), True)


def test_a_label_may_hold_what_separates_several(bert: Path, tmp_path: Path) -> None:
    rows = ["the lamp\tnews|world", "the fan\tsport"] * 2
    train = write(tmp_path / "train.tsv", ["text\tlabel", *rows])
    assert _labels_learnt(bert, tmp_path / "out", train) == (("news|world", "sport"), False)


def test_the_command_says_how_it_read_labels(bert: Path, tmp_path: Path) -> None:
    train = write(tmp_path / "train.tsv", ["text\tlabel", "the lamp\ta|b", "the fan\tc"])
    asked = ["finetune", str(bert), "--train", str(train), "--epochs", "1", "--task"]
    single = _call(*asked, "text-classification", "-o", tmp_path / "single").stdout.splitlines()
    assert single[1] == "2 labels, a text has one: a|b, c"
    assert single[2] == "the | in them is part of a name; --multi-label would separate labels there"
    several = _call(*asked, "text-classification", "-o", tmp_path / "several", "--multi-label")
    assert several.stdout.splitlines()[1] == "3 labels, a text has any number of them: a, b, c"
    wrong = _call(*asked, "token-classification", "-o", tmp_path / "wrong", "--multi-label")
    assert wrong.exit_code == 2
    assert wrong.stderr.endswith("Error: --multi-label is for text-classification\n")


def _call(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(a) for a in arguments], prog_name="edgebert")


def test_lists_of_labels_and_a_multi_label_checkpoint_say_that_a_text_may_have_several(
    bert: Path, tmp_path: Path
) -> None:
    rows = [{"text": "the lamp", "label": ["a|b"]}, {"text": "the fan", "label": ["c"]}]
    lists = write(tmp_path / "train.jsonl", [json.dumps(row) for row in rows])
    assert _labels_learnt(bert, tmp_path / "lists", lists) == (("a|b", "c"), True)
    cells = write(tmp_path / "train.tsv", ["text\tlabel", "the lamp\ta|b", "the fan\tc"])
    again = _labels_learnt(tmp_path / "lists", tmp_path / "again", cells)
    assert again == (("a", "b", "c"), True)


def test_a_file_without_any_label_is_told(bert: Path, tmp_path: Path) -> None:
    train = write(tmp_path / "train.jsonl", ['{"text": "the lamp", "label": []}'])
    with pytest.raises(InputError, match=r"train\.jsonl: no row has a label$"):
        _labels_learnt(bert, tmp_path / "out", train)


def test_several_labels_are_for_texts_alone(bert: Path, tmp_path: Path) -> None:
    train = write(tmp_path / "train.conll", ["anna B-PER"])
    options = FinetuneOptions(multi_label=True)
    with pytest.raises(
        InputError, match=r"^--multi-label is for text-classification, not for token-class"
    ):
        finetune(
            str(bert), tmp_path / "out", task="token-classification", train=train, options=options
        )


def _labels_learnt(model: Path, output: Path, train: Path) -> tuple[tuple[str, ...], bool]:
    options = FinetuneOptions(epochs=1)
    record = finetune(str(model), output, task="text-classification", train=train, options=options)
    checkpoint = open_checkpoint(output)
    assert (checkpoint.labels, checkpoint.multi_label) == (record.labels, record.multi_label)
    return record.labels, record.multi_label


def test_pairs_are_read_together(bert: Path, tmp_path: Path) -> None:
    rows = [
        f"{one}\t{other}\t{one == other}" for one in ("on", "off") for other in ("on", "off")
    ] * 12
    train = write(tmp_path / "train.tsv", ["sentence1\tsentence2\tlabel", *rows])
    record = finetune(
        str(bert), tmp_path / "out", task="text-classification", train=train, dev=train,
        options=FinetuneOptions(epochs=25, batch_size=8, learning_rate=2e-3),
    )  # fmt: skip
    assert record.best_dev == 100


def test_a_limit_trains_on_so_many_examples(bert: Path, intents: Path, tmp_path: Path) -> None:
    options = FinetuneOptions(epochs=1, limit=5)
    record = finetune(
        str(bert), tmp_path / "out", task="text-classification", train=intents, options=options
    )
    assert record.examples == 5 and record.options["limit"] == 5
    assert record.metric is None and record.best_dev is None
    assert open_checkpoint(tmp_path / "out").labels == ("off", "on")


def test_a_chosen_max_length_is_kept(bert: Path, intents: Path, tmp_path: Path) -> None:
    options = FinetuneOptions(epochs=1, max_length=17)
    finetune(
        str(bert), tmp_path / "out", task="text-classification", train=intents, options=options
    )
    assert open_checkpoint(tmp_path / "out").max_length == 17


def test_a_label_that_only_dev_has_is_named(bert: Path, intents: Path, tmp_path: Path) -> None:
    dev = write(tmp_path / "dev.tsv", ["text\tlabel", "dim the lamp\tdim"])
    with pytest.raises(InputError) as caught:
        finetune(
            str(bert), tmp_path / "out", task="text-classification", train=intents, dev=dev,
            options=FAST,
        )  # fmt: skip
    assert str(caught.value) == (
        f"{dev}, line 2: the model has no label 'dim', which 1 row has: train on examples of it, or "
        "leave such rows out"
    )
    assert not (tmp_path / "out").exists()


def test_data_without_what_the_task_needs_is_told(
    bert: Path, intents: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=r"expected a \.conll file"):
        finetune(
            str(bert), tmp_path / "out", task="token-classification", train=intents, options=FAST
        )
    with pytest.raises(InputError, match="and a 'score' column"):
        finetune(
            str(bert), tmp_path / "out", task="sentence-similarity", train=intents, options=FAST
        )


def test_one_label_is_nothing_to_learn(bert: Path, tmp_path: Path) -> None:
    train = write(tmp_path / "train.tsv", ["text\tlabel", "a\tx", "b\tx"])
    with pytest.raises(InputError, match="every row has the label 'x'"):
        finetune(str(bert), tmp_path / "out", task="text-classification", train=train, options=FAST)


def test_an_unknown_task_is_told(bert: Path, intents: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="unknown task 'poetry': expected one of text-class"):
        finetune(str(bert), tmp_path / "out", task="poetry", train=intents, options=FAST)


def test_weights_that_do_not_fit_their_configuration_are_refused(
    bert: Path, intents: Path, tmp_path: Path
) -> None:
    folder = make_checkpoint(tmp_path / "bert", "BertModel")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "intermediate_size": 96}))
    with pytest.raises(CheckpointError, match="weights are missing or of another shape"):
        finetune(
            str(folder), tmp_path / "out", task="text-classification", train=intents, options=FAST
        )


def test_a_tagger_learns_entities_of_raw_text(tagger: Path, entities: Path) -> None:
    labels = ("O", "B-LOC", "I-LOC", "B-PER", "I-PER")
    assert open_checkpoint(tagger).labels == labels
    assert evaluate(str(tagger), entities) == 100


BIO = TagScheme.of(("O", "B-LOC", "I-LOC", "B-PER", "I-PER"))


def test_a_word_is_labelled_at_its_first_token() -> None:
    text = TokenizedText(
        "Anna Lee-Ray left",
        [(0, 0), (0, 2), (2, 4), (5, 8), (8, 9), (9, 12), (13, 17), (0, 0)],
        [None, 0, 0, 1, 2, 3, 4, None],
    )
    expected = [None, "B-PER", None, "I-PER", "I-PER", "I-PER", "O", None]
    assert tag_tokens(text, [Span(0, 12, "PER")], BIO) == expected


def test_neighbouring_entities_stay_apart() -> None:
    text = TokenizedText("北京巴黎", [(0, 1), (1, 2), (2, 3), (3, 4)], [0, 1, 2, 3])
    spans = [Span(0, 2, "LOC"), Span(2, 4, "LOC")]
    assert tag_tokens(text, spans, BIO) == ["B-LOC", "I-LOC", "B-LOC", "I-LOC"]


def test_a_word_that_holds_an_entity_belongs_to_it() -> None:
    text = TokenizedText("anti-Paris", [(0, 10)], [0])
    assert tag_tokens(text, [Span(5, 10, "LOC")], BIO) == ["B-LOC"]


def test_a_long_text_is_taught_and_scored_as_it_is_tagged(
    tagger: Path, entities: Path, tmp_path: Path
) -> None:
    sentences = entities.read_text(encoding="utf-8").strip().split("\n\n")
    joined = write(tmp_path / "long.conll", "\n".join(sentences).splitlines())
    assert evaluate(str(tagger), joined) > 95  # of a text of many windows
    tokenizer = transformers.AutoTokenizer.from_pretrained(tagger)
    labels = open_checkpoint(tagger).labels
    long = encode_tagged(read_examples(joined), tokenizer=tokenizer, labels=labels)
    plain = encode_tagged(read_examples(entities), tokenizer=tokenizer, labels=labels)
    assert len(long.parts) == 1 < len(long.targets) == len(long.lengths)

    def counted(data: TaggedTexts) -> Counter[int]:
        return Counter(number for row in data.targets for number in row if number != IGNORED)

    assert counted(long) == counted(plain)  # each word once


def test_similarity_is_written_as_sentence_transformers_reads_it(
    encoder: Path, pairs: Path
) -> None:
    checkpoint = open_checkpoint(encoder)
    assert checkpoint.task == "feature-extraction"
    assert (checkpoint.pooling, checkpoint.normalize) == ("mean", True)
    assert checkpoint.max_length_source == "sentence_bert_config.json"
    modules = json.loads((encoder / "modules.json").read_text())
    assert [module["path"] for module in modules] == ["", "1_Pooling", "2_Normalize"]
    assert evaluate(str(encoder), pairs) > 80


def test_embeddings_are_means_over_real_tokens() -> None:
    model = untrained("BertModel").eval()
    ids = torch.tensor([[5, 6, 0]])
    batch = {"input_ids": ids, "attention_mask": torch.tensor([[1, 1, 0]])}
    tokens = model(**batch).last_hidden_state[0, :2]
    mean, cls, unit = (
        Embedder(SentenceModules((pooling_named(pooling),), steps)).embed(model, batch)[0]
        for pooling, steps in (("mean", ()), ("cls", ()), ("mean", (Normalize(),)))
    )
    torch.testing.assert_close(mean, tokens.mean(dim=0))
    torch.testing.assert_close(cls, tokens[0])
    torch.testing.assert_close(unit, mean / mean.norm())


def test_a_student_starts_from_evenly_spaced_layers() -> None:
    assert evenly_spaced(12, 6) == (0, 2, 4, 7, 9, 11)
    assert evenly_spaced(6, 3) == (0, 2, 5)
    assert evenly_spaced(4, 1) == (0,)


def untrained(architecture: str) -> transformers.PreTrainedModel:
    model_class = getattr(transformers, architecture)
    config = model_class.config_class(
        vocab_size=40,
        embedding_size=16,
        hidden_size=32,
        num_hidden_layers=4,
        num_attention_heads=2,
        intermediate_size=64,
    )
    return model_class(config)


@pytest.mark.parametrize(
    "architecture",
    [
        "BertForTokenClassification",
        "RobertaForSequenceClassification",
        "DistilBertForSequenceClassification",
        "ElectraModel",
    ],
)
def test_any_stack_of_layers_can_be_shortened(architecture: str, tmp_path: Path) -> None:
    teacher = untrained(architecture)
    student = cut(teacher, 2).model
    output = student(input_ids=torch.tensor([[5, 6, 7]]), output_hidden_states=True)
    assert len(output.hidden_states) == 3
    assert teacher.config.num_hidden_layers == 4
    student.save_pretrained(tmp_path)
    assert type(student).from_pretrained(tmp_path).num_parameters() == student.num_parameters()


def test_shared_layers_cannot_be_left_out() -> None:
    with pytest.raises(CheckpointError, match="layers of albert are no plain stack of 4"):
        cut(untrained("AlbertModel"), 2)


def test_a_student_must_be_smaller(classifier: Path, intents: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        distill(str(classifier), tmp_path / "out", train=intents, options=DistillOptions(layers=2))
    assert str(caught.value) == "the teacher has 2 layers: choose from 1 to 1, not 2"


def test_a_student_needs_something_to_learn_from(classifier: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--train, --texts or both"):
        distill(str(classifier), tmp_path / "out", options=DistillOptions(layers=1))


def distilled(
    teacher: Path, output: Path, *, dev: Path, train: Path | None = None, texts: Path | None = None
) -> float | None:
    options = DistillOptions(layers=1, epochs=12, batch_size=8, learning_rate=3e-3)
    record = distill(str(teacher), output, train=train, dev=dev, texts=texts, options=options)
    assert (record.kind, record.layers, record.task) == ("distill", 1, open_checkpoint(output).task)
    return record.best_dev


def test_a_student_classifies_as_its_teacher_does(
    classifier: Path, intents: Path, tmp_path: Path
) -> None:
    assert distilled(classifier, tmp_path / "out", train=intents, dev=intents) == 100
    assert open_checkpoint(tmp_path / "out").labels == ("off", "on")


def test_unlabelled_texts_suffice(classifier: Path, intents: Path, tmp_path: Path) -> None:
    rows = intents.read_text(encoding="utf-8").splitlines()[1:]
    texts = write(tmp_path / "texts.txt", [row.split("\t")[0] for row in rows])
    assert distilled(classifier, tmp_path / "out", texts=texts, dev=texts) == 100
    record = json.loads((tmp_path / "out/training.json").read_text(encoding="utf-8"))
    assert record["metric"] == "agreement"


def test_labelled_and_unlabelled_texts_are_learned_together(
    classifier: Path, intents: Path, tmp_path: Path
) -> None:
    texts = write(tmp_path / "texts.txt", ["turn on the fan", "turn the lamp off"] * 4)
    assert distilled(classifier, tmp_path / "out", train=intents, texts=texts, dev=intents) == 100


def test_a_student_tags_as_its_teacher_does(tagger: Path, entities: Path, tmp_path: Path) -> None:
    f1 = distilled(tagger, tmp_path / "out", train=entities, dev=entities)
    assert f1 is not None and f1 > 90


def test_a_student_embeds_as_its_teacher_does(encoder: Path, pairs: Path, tmp_path: Path) -> None:
    rows = pairs.read_text(encoding="utf-8").splitlines()[1:]
    texts = write(tmp_path / "texts.txt", [row.split("\t")[0] for row in rows])
    cosine = distilled(encoder, tmp_path / "out", texts=texts, dev=texts)
    assert cosine is not None and cosine > 95
    student = open_checkpoint(tmp_path / "out")
    assert (student.pooling, student.normalize) == ("mean", True)


def test_a_label_the_teacher_does_not_have_is_named(classifier: Path, tmp_path: Path) -> None:
    train = write(tmp_path / "train.tsv", ["text\tlabel", "dim the lamp\tdim"])
    with pytest.raises(InputError, match=r"train\.tsv, line 2: the model has no label 'dim'"):
        distill(str(classifier), tmp_path / "out", train=train, options=DistillOptions(layers=1))


def test_a_trained_checkpoint_opens_as_its_own_task(tagger: Path) -> None:
    task = load_task(open_checkpoint(tagger))
    assert task.targets == "entities" and task.embedder is None

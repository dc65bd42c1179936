"""A BERT learns to translate: what it learns, what a run leaves, and what is refused."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner, Result
from families import make_family
from safetensors.torch import load_file, save_file
from tiny import VOCABULARY, make_untrained

from edgebert.checkpoint import open_checkpoint
from edgebert.checkpoint.translation.target_tokenizer import learn_target_tokenizer
from edgebert.cli import main
from edgebert.data import Columns, read_examples
from edgebert.errors import CheckpointError, InputError
from edgebert.measures.bleu import translation_scores, word_tokenizer
from edgebert.records.trained import TrainingRecord
from edgebert.training import DistillOptions, FinetuneOptions, TranslationOptions, distill, finetune
from edgebert.training.loop.batches import bucketed_tokens
from edgebert.training.loop.optimizing import LastAverage, adamw, warm_up_and_decay
from edgebert.training.loop.unfinished import Unfinished
from edgebert.training.options import INVERSE_SQUARE_ROOT
from edgebert.training.tasks.trainable import load_task
from edgebert.training.tasks.translation.pairs import TranslatedPairs, translate

WORDS = [word for word in VOCABULARY if word.isalpha() and word.isascii()]
QUICK = TranslationOptions(
    epochs=60,
    frozen_epochs=5,
    batch_tokens=100,
    learning_rate=1e-3,
    head_learning_rate=4e-3,
    label_smoothing=0.0,
    dropout=0.0,
    average_last=2,
    evaluate_every=40,
    decoder_layers=2,
    decoder_hidden=48,
    target_vocab_size=360,
)


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_untrained(tmp_path_factory.mktemp("bert"), hidden=32)


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sources and what stands for their translation: the words backwards, in capitals."""
    generator = torch.Generator().manual_seed(1)
    path = tmp_path_factory.mktemp("pairs") / "pairs.tsv"
    rows = []
    for row in range(20):
        chosen = torch.randperm(len(WORDS), generator=generator)[: 2 + row % 5].tolist()
        words = [WORDS[place] for place in chosen]
        rows.append(f"{' '.join(words)}\t{' '.join(words[::-1]).upper()}")
    path.write_text("\n".join(["source\ttarget", *rows]) + "\n", encoding="utf-8")
    return path


def train(
    model: Path,
    output: Path,
    data: Path,
    *,
    dev: Path | None = None,
    options: FinetuneOptions = QUICK,
    resume: bool = False,
) -> TrainingRecord:
    return finetune(
        str(model), output, task="translation", train=data, dev=dev, options=options,
        resume=resume, offline=True,
    )  # fmt: skip


@pytest.fixture(scope="module")
def trained(bert: Path, pairs: Path) -> tuple[Path, TrainingRecord]:
    output = bert.parent / "translator"
    return output, train(bert, output, pairs, dev=pairs)


def translations(folder: Path, texts: Sequence[str]) -> list[str]:
    """What a model in a folder writes."""
    task = load_task(open_checkpoint(folder, offline=True))
    file = folder.parent / "asked.tsv"
    rows = [f"{text}\tx" for text in texts]
    file.write_text("\n".join(["source\ttarget", *rows]) + "\n", encoding="utf-8")
    data = task.encode(read_examples(file))
    assert isinstance(data, TranslatedPairs)
    return translate(task.model.eval(), data.sources, data.tokenizer)


def sides(path: Path) -> tuple[list[str], list[str]]:
    rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()[1:]]
    return [row[0] for row in rows], [row[1] for row in rows]


def weights(folder: Path) -> dict[str, torch.Tensor]:
    found: dict[str, torch.Tensor] = load_file(folder / "model.safetensors")
    return found


def test_twenty_pairs_are_learned_to_the_letter_and_survive_in_the_folder(
    trained: tuple[Path, TrainingRecord], pairs: Path
) -> None:
    sources, targets = sides(pairs)
    assert translations(trained[0], sources) == targets


def test_a_folder_holds_each_weight_once_and_both_tokenizers(
    trained: tuple[Path, TrainingRecord], bert: Path
) -> None:
    folder, record = trained
    names = weights(folder)
    assert sum(weight.numel() for weight in names.values()) == record.parameters
    assert {name.partition(".")[0] for name in names} == {"encoder", "decoder"}
    assert not any("pooler" in name for name in names)
    tokenizers = [json.loads((at / "tokenizer.json").read_text()) for at in (bert, folder)]
    assert tokenizers[0]["model"] == tokenizers[1]["model"]
    assert (folder / "tokenizer_target.json").is_file()
    config = json.loads((folder / "config.json").read_text())
    assert (config["model_type"], config["encoder"]["model_type"]) == (
        "edgebert-translation", "bert",
    )  # fmt: skip
    assert (config["num_hidden_layers"], config["hidden_size"]) == (2, 48)
    assert "_name_or_path" not in config["encoder"]


def test_the_record_tells_bleu_and_chrf_of_dev(trained: tuple[Path, TrainingRecord]) -> None:
    folder, record = trained
    best = next(look for look in record.evaluations if look.step == record.best_step)
    assert list(best.scores) == ["bleu", "bleu_lower_case", "chrf", "loss"]
    assert record.best_dev == pytest.approx(100.0)
    card = (folder / "README.md").read_text()
    assert "| BLEU on dev | 100.00 |" in card
    assert "pipeline_tag: translation" in card
    assert "decoder_layers = 2" in (folder / "recipe.toml").read_text()


def test_a_frozen_encoder_stays_as_it_was(bert: Path, pairs: Path, tmp_path: Path) -> None:
    options = replace(QUICK, epochs=2, frozen_epochs=1, average_last=1)
    begun = weights(bert)
    stopped = tmp_path / "stopped"

    def states() -> dict[str, torch.Tensor]:
        return {
            name.removeprefix("encoder."): weight
            for name, weight in weights(stopped / "best").items()
            if name.startswith("encoder.")
        }

    kept = []
    keep = Unfinished.keep

    def look(self: Unfinished, state: object) -> None:
        keep(self, state)  # type: ignore[arg-type]
        kept.append(states())

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Unfinished, "keep", look)
        stopped = tmp_path / "out.unfinished"
        train(bert, tmp_path / "out", pairs, options=options)
    frozen, learned = kept
    name = "encoder.layer.0.attention.self.query.weight"
    assert all(torch.equal(weight, begun[name]) for name, weight in frozen.items())
    assert not torch.equal(learned[name], begun[name])


def test_a_run_that_was_stopped_ends_as_one_that_was_not(
    pairs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dropout draws numbers, the encoder is thawed, and the mean is of looks before and after."""
    bert = make_untrained(tmp_path / "bert", hidden=32, dropout=0.1)
    options = replace(
        QUICK, epochs=4, frozen_epochs=1, average_last=3, dropout=0.3, evaluate_every=None
    )
    whole = train(bert, tmp_path / "whole", pairs, dev=pairs, options=options)
    for looks in (1, 2, 3):
        output = tmp_path / f"stopped-{looks}"
        with monkeypatch.context() as patched:
            patched.setattr(Unfinished, "keep", _stop_after(looks))
            with pytest.raises(KeyboardInterrupt):
                train(bert, output, pairs, dev=pairs, options=options)
        again = train(bert, output, pairs, dev=pairs, options=options, resume=True)
        assert [point.loss for point in again.curve] == [point.loss for point in whole.curve]
        assert again.evaluations == whole.evaluations
        expected = weights(tmp_path / "whole")
        found = weights(output)
        assert found.keys() == expected.keys()
        assert all(torch.equal(found[name], expected[name]) for name in expected)


def _stop_after(looks: int):  # type: ignore[no-untyped-def]
    keep, count = Unfinished.keep, [0]

    def then_stop(self: Unfinished, state: object) -> None:
        keep(self, state)  # type: ignore[arg-type]
        count[0] += 1
        if count[0] == looks:
            raise KeyboardInterrupt

    return then_stop


def test_the_mean_of_the_last_looks_is_what_is_kept() -> None:
    model = torch.nn.Linear(2, 1)
    average = LastAverage(3)
    seen = []
    for step in range(5):
        with torch.no_grad():
            model.weight.fill_(float(step**2))
            model.bias.fill_(1.0)
        average.add(model, step)
        average.look(model)
        average.swap(model)
        seen.append(float(model.weight.detach().mean()))
        average.swap(model)
        assert float(model.weight.detach().mean()) == step**2
    assert seen == pytest.approx([0, 1 / 2, 5 / 3, 14 / 3, 29 / 3])


def test_the_rate_warms_up_and_falls_by_the_root_and_the_encoders_begins_later() -> None:
    class Model(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.base_model, self.head = torch.nn.Linear(2, 2), torch.nn.Linear(2, 2)

    optimizer = adamw(Model(), 1e-4, 1e-3, INVERSE_SQUARE_ROOT)
    schedule = warm_up_and_decay(optimizer, 100, schedule=INVERSE_SQUARE_ROOT, frozen=20)
    rates = []
    for _ in range(100):
        rates.append([group["lr"] for group in optimizer.param_groups])
        optimizer.step()
        schedule.step()
    encoder, head = [rate[0] for rate in rates], [rate[-1] for rate in rates]
    assert head[0] == pytest.approx(1e-4)
    assert max(head) == pytest.approx(1e-3) == pytest.approx(head[9])
    assert head[39] == pytest.approx(5e-4)
    assert encoder[:20] == [0.0] * 20
    assert max(encoder) == pytest.approx(1e-4) == pytest.approx(encoder[20 + 7])
    assert encoder[20 + 31] == pytest.approx(5e-5)


def test_steps_hold_as_many_tokens_as_asked_for() -> None:
    torch.manual_seed(0)
    lengths = [1 + (7 * row) % 30 for row in range(500)] + [90]
    batches = bucketed_tokens(lengths, 80)
    assert sorted(row for batch in batches for row in batch) == list(range(501))
    sizes = [len(batch) * max(lengths[row] for row in batch) for batch in batches]
    assert all(size <= 80 or len(batch) == 1 for size, batch in zip(sizes, batches, strict=True))
    assert sum(lengths) / sum(sizes) > 0.85


def test_a_part_of_a_step_weighs_as_many_tokens_as_it_has(
    bert: Path, pairs: Path, tmp_path: Path
) -> None:
    options = replace(QUICK, epochs=2, frozen_epochs=0, precision="fp32")
    curves = []
    for size in (None, 1):
        record = train(
            bert,
            tmp_path / str(size),
            pairs,
            options=replace(options, micro_batch_size=size),
        )
        curves.append([point.loss for point in record.curve])
    assert curves[0] == pytest.approx(curves[1], rel=1e-4)


def test_a_translator_learns_on_from_what_it_knows(
    trained: tuple[Path, TrainingRecord], pairs: Path, tmp_path: Path
) -> None:
    options = replace(QUICK, epochs=1, frozen_epochs=0, learning_rate=1e-6, head_learning_rate=1e-6)
    record = train(trained[0], tmp_path / "more", pairs, dev=pairs, options=options)
    assert record.best_dev == pytest.approx(100.0)
    target = "tokenizer_target.json"
    assert (tmp_path / "more" / target).read_bytes() == (trained[0] / target).read_bytes()


def test_a_student_of_fewer_layers_learns_what_its_teacher_writes(
    trained: tuple[Path, TrainingRecord], pairs: Path, tmp_path: Path
) -> None:
    """Of texts without translations, by the teacher's own, which are right here."""
    sources, targets = (side[:10] for side in sides(pairs))
    (tmp_path / "texts.txt").write_text("\n".join(sources) + "\n", encoding="utf-8")
    record = distill(
        str(trained[0]),
        tmp_path / "student",
        texts=tmp_path / "texts.txt",
        options=DistillOptions(
            layers=1, epochs=50, batch_size=8, learning_rate=1e-3, head_learning_rate=4e-3
        ),
        offline=True,
    )
    assert (record.layers, record.examples, record.task) == (1, 10, "translation")
    assert record.parameters < trained[1].parameters
    assert translations(tmp_path / "student", sources) == targets


def test_pairs_of_a_file_are_learned_beside_what_the_teacher_writes(
    trained: tuple[Path, TrainingRecord], pairs: Path, tmp_path: Path
) -> None:
    record = distill(
        str(trained[0]),
        tmp_path / "student",
        train=pairs,
        options=DistillOptions(layers=1, epochs=1),
        offline=True,
    )
    assert record.examples == 40


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"match": ("last",)}, "--match and --temperature compare numbers"),
        ({"hidden": 24}, "--hidden is for the layers of an encoder"),
    ],
)
def test_what_no_student_of_a_translator_can_have_is_refused(
    trained: tuple[Path, TrainingRecord],
    pairs: Path,
    tmp_path: Path,
    option: dict[str, object],
    message: str,
) -> None:
    with pytest.raises(InputError, match=message):
        distill(
            str(trained[0]),
            tmp_path / "student",
            train=pairs,
            options=replace(DistillOptions(layers=1, epochs=1), **option),  # type: ignore[arg-type]
            offline=True,
        )


def test_columns_of_other_names_are_named(bert: Path, pairs: Path, tmp_path: Path) -> None:
    text = pairs.read_text().replace("source\ttarget", "en\tde")
    (tmp_path / "named.tsv").write_text(text)
    options = replace(
        QUICK, epochs=1, frozen_epochs=0, columns=Columns(text="de", pair="en"), limit=6
    )
    record = train(bert, tmp_path / "out", tmp_path / "named.tsv", options=options)
    assert record.examples == 6


@pytest.mark.parametrize("family", ["albert", "distilbert", "modernbert", "squeezebert"])
def test_an_encoder_of_any_family_gets_a_decoder(family: str, pairs: Path, tmp_path: Path) -> None:
    bert = make_family(tmp_path / family, family)
    options = replace(QUICK, epochs=2, frozen_epochs=1, limit=8, evaluate_every=None)
    record = train(bert, tmp_path / "out", pairs, options=options)
    kept = weights(tmp_path / "out")
    assert sum(weight.numel() for weight in kept.values()) == record.parameters
    assert len(translations(tmp_path / "out", ["the lamp"])) == 1


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("source\ttarget\na lamp\tEINE LAMPE\nthe fan\t \n", "line 3: the target of the pair is"),
        ("source\ttarget\n\tEINE LAMPE\n", "line 2: the source of the pair is empty"),
        ("text\na lamp\n", "line 2: expected a text and its translation, in the columns 'source'"),
    ],
)
def test_a_file_that_holds_no_translation_is_told_with_its_line(
    bert: Path, tmp_path: Path, rows: str, message: str
) -> None:
    (tmp_path / "bad.tsv").write_text(rows, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        train(bert, tmp_path / "out", tmp_path / "bad.tsv")


def test_options_of_another_task_are_refused(bert: Path, pairs: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="takes TranslationOptions, not FinetuneOptions"):
        train(bert, tmp_path / "out", pairs, options=FinetuneOptions())
    with pytest.raises(InputError, match="--multi-label is for text-classification"):
        train(bert, tmp_path / "out", pairs, options=replace(QUICK, multi_label=True))
    with pytest.raises(InputError, match="decoder_layers should be 1 to 4, not 5"):
        replace(QUICK, decoder_layers=5)
    with pytest.raises(InputError, match="frozen_epochs should be at least 0 and below the 3"):
        TranslationOptions(epochs=3)
    with pytest.raises(InputError, match="--decoder-hidden should be even, not 31"):
        train(bert, tmp_path / "out", pairs, options=replace(QUICK, decoder_hidden=31))
    with pytest.raises(InputError, match="two means of the weights"):
        replace(QUICK, average=0.9)


def test_the_command_line_takes_the_defaults_of_translations_and_its_recipe_makes_it_again(
    bert: Path, pairs: Path, tmp_path: Path
) -> None:
    given = ["--epochs", "1", "--frozen-epochs", "0", "--target-vocab-size", "300"]
    first, again = tmp_path / "first", tmp_path / "again"
    asked = ["--task", "translation", "--train", str(pairs)]
    told = edgebert("finetune", str(bert), *asked, *given, "-o", str(first))
    assert told.exit_code == 0, told.stderr
    recipe = tomllib.loads((first / "recipe.toml").read_text())
    expected = TranslationOptions(epochs=1, frozen_epochs=0, target_vocab_size=300)
    for name in ("batch_tokens", "schedule", "head_learning_rate", "average_last", "dropout"):
        assert recipe[name] == getattr(expected, name)
    edgebert("finetune", "--config", str(first / "recipe.toml"), "-o", str(again))
    assert all(torch.equal(weights(again)[name], kept) for name, kept in weights(first).items())


def test_an_option_of_a_decoder_is_of_no_other_task(bert: Path, pairs: Path) -> None:
    asked = ["--task", "text-classification", "--train", str(pairs), "--decoder-layers", "2"]
    told = edgebert("finetune", str(bert), *asked, "-o", str(bert.parent / "never"))
    assert told.exit_code == 2
    assert "--decoder-layers is not for --task text-classification" in told.stderr


def edgebert(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments), prog_name="edgebert")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("num_attention_heads", 5, "a decoder 48 wide cannot have 5 heads"),
        ("hidden_act", "swish", "hidden_act of a decoder is relu or gelu, not swish"),
        ("vocab_size", 7, r"decoder\.embedding\.weight"),
        ("num_hidden_layers", 3, r"decoder\.layers\.2"),
    ],
)
def test_a_configuration_of_another_decoder_is_refused_in_one_line(
    trained: tuple[Path, TrainingRecord], tmp_path: Path, name: str, value: object, message: str
) -> None:
    folder = copied(trained[0], tmp_path / "other")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, name: value}))
    with pytest.raises(CheckpointError, match=message) as caught:
        load_task(open_checkpoint(folder, offline=True))
    assert "\n" not in str(caught.value)


def test_a_tokenizer_of_another_decoder_is_refused(
    trained: tuple[Path, TrainingRecord], tmp_path: Path
) -> None:
    folder = copied(trained[0], tmp_path / "other")
    learn_target_tokenizer(["a b c"], 290).save(str(folder / "tokenizer_target.json"))
    with pytest.raises(CheckpointError, match=r"writes with \d+ pieces, and its tokenizer_target"):
        load_task(open_checkpoint(folder, offline=True))


def copied(source: Path, target: Path) -> Path:
    target.mkdir()
    for file in source.iterdir():
        (target / file.name).write_bytes(file.read_bytes())
    return target


def test_a_damaged_decoder_is_refused(trained: tuple[Path, TrainingRecord], tmp_path: Path) -> None:
    folder = copied(trained[0], tmp_path / "damaged")
    kept = weights(folder)
    del kept["decoder.layers.1.own.query.weight"]
    save_file(kept, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(CheckpointError, match=r"decoder\.layers\.1\.own\.query\.weight"):
        load_task(open_checkpoint(folder, offline=True))


def test_bleu_counts_words_of_western_languages_and_characters_of_chinese() -> None:
    assert word_tokenizer(["Ein Mann mit einem Hut.", "Zwei Hunde."]) == "13a"
    assert word_tokenizer(["我想去北京。", "OK，好的"]) == "zh"
    scores = translation_scores(["ein Mann mit Hut ."], ["Ein Mann mit Hut."])
    assert scores["bleu_lower_case"] == pytest.approx(100.0)
    assert 0 < scores["bleu"] < 100
    assert translation_scores(["我想去北京"], ["我想去北京"])["bleu"] == pytest.approx(100.0)

"""A tokenizer.json that says more than the class that transformers 5 makes of it."""

from __future__ import annotations

import json
import logging
import shutil
from pathlib import Path
from typing import Any

import pytest
import transformers
from families import as_embedder
from tiny import VOCABULARY, make_checkpoint
from tokenizers import Tokenizer

from edgebert.checkpoint import read_folder
from edgebert.checkpoint.pytorch import load_tokenizer, tokenizer_difference
from edgebert.data.samples import GOLDEN_TEXTS
from edgebert.drift import check
from edgebert.export import export_model
from edgebert.records.codec import from_dict, to_dict
from edgebert.records.made import ExportRecord, TokenizerDifference
from edgebert.runtimes import load

TEXTS = ["TURN the Lamp ON", "café naïve", "turn-on", "lamps § late", "", "  a  b "]
UNICODE = {"type": "NFC"}
REPLACES = {
    "type": "Sequence",
    "normalizers": [
        {"type": "Replace", "pattern": {"String": "§"}, "content": "lamp"},
        {"type": "Lowercase"},
    ],
}


def bert_normalizer(**flags: Any) -> dict[str, Any]:
    usual = {"clean_text": True, "handle_chinese_chars": True, "strip_accents": None}
    return {"type": "BertNormalizer", **usual, "lowercase": True, **flags}


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = make_checkpoint(tmp_path_factory.mktemp("said") / "checkpoint", "BertModel")
    return as_embedder(folder, {"pooling_mode": "mean"})


@pytest.fixture
def folder(checkpoint: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(checkpoint, tmp_path / "checkpoint"))


def say(folder: Path, model: dict[str, Any] | None = None, **parts: Any) -> None:
    said = json.loads((folder / "tokenizer.json").read_text())
    said.update(parts)
    said["model"].update(model or {})
    (folder / "tokenizer.json").write_text(json.dumps(said))


def difference(folder: Path) -> TokenizerDifference | None:
    described = read_folder(folder)
    return tokenizer_difference(described, load_tokenizer(described), GOLDEN_TEXTS)


def cuts_as_the_file(folder: Path) -> bool:
    loaded = load_tokenizer(read_folder(folder))
    file = Tokenizer.from_file(str(folder / "tokenizer.json"))
    return all(loaded(text)["input_ids"] == file.encode(text).ids for text in TEXTS)


@pytest.mark.parametrize(
    "said",
    [
        {"normalizer": None},
        {"normalizer": UNICODE},
        {"normalizer": REPLACES},
        {"pre_tokenizer": {"type": "WhitespaceSplit"}},
        {"post_processor": None},
        {"model": {"max_input_chars_per_word": 3}},
        {"model": {"continuing_subword_prefix": "@@"}},
    ],
    ids=str,
)
def test_what_the_class_drops_is_taken_from_the_file(folder: Path, said: dict[str, Any]) -> None:
    assert difference(folder) is None
    say(folder, **said)
    assert cuts_as_the_file(folder)
    found = difference(folder)
    assert found is not None
    assert found.follows == "tokenizer.json"
    assert found.file != found.transformers


def test_a_rule_for_what_no_golden_text_holds_is_found(folder: Path) -> None:
    rule = {"type": "Replace", "pattern": {"String": "₿"}, "content": " lamp "}
    say(folder, normalizer={"type": "Sequence", "normalizers": [rule, bert_normalizer()]})
    found = difference(folder)
    assert found is not None
    assert (found.text, found.texts) == ("a₿a", 1)
    assert found.file == ("[CLS]", "a", "lamp", "a", "[SEP]")


@pytest.mark.parametrize("flags", [{"lowercase": False}, {"handle_chinese_chars": False}])
def test_a_flag_of_the_config_counts_in_every_version_of_transformers(
    folder: Path, flags: dict[str, Any]
) -> None:
    """Transformers 4 set these flags anew too, and kept the rest of the file's normalizer."""
    say(folder, normalizer=bert_normalizer(**flags, clean_text=False))
    found = difference(folder)
    assert found is not None
    assert found.follows == "tokenizer_config.json"
    normalizer = load_tokenizer(read_folder(folder)).backend_tokenizer.normalizer
    assert (normalizer.lowercase, normalizer.handle_chinese_chars) == (True, True)
    assert not normalizer.clean_text


def test_lower_casing_that_sentence_transformers_asks_for_is_no_difference(folder: Path) -> None:
    say(folder, normalizer=bert_normalizer(lowercase=False))
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    (folder / "tokenizer_config.json").write_text(json.dumps(settings | {"do_lower_case": False}))
    limits = {"max_seq_length": 40, "do_lower_case": True}
    (folder / "sentence_bert_config.json").write_text(json.dumps(limits))
    assert difference(folder) is None
    loaded = load_tokenizer(read_folder(folder))
    assert loaded("TURN On")["input_ids"] == loaded("turn on")["input_ids"]


PIECES = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -3.0)]
PIECES += [(f"▁{word}", -2.0) for word in VOCABULARY[5:] if word.isascii()]
PIECES += [(letter, -9.0) for letter in "abcdefghijklmnopqrstuvwxyz"]


@pytest.mark.parametrize(
    "name", ["XLMRobertaTokenizer", "CamembertTokenizer", "DebertaV2Tokenizer"]
)
def test_unigram_tokenizers_follow_their_file_too(
    checkpoint: Path, tmp_path: Path, name: str
) -> None:
    folder = tmp_path / "unigram"
    getattr(transformers, name)(vocab=PIECES).save_pretrained(folder)
    shutil.copyfile(checkpoint / "config.json", folder / "config.json")
    assert cuts_as_the_file(folder)
    assert difference(folder) is None
    say(folder, normalizer=REPLACES)
    assert cuts_as_the_file(folder)
    found = difference(folder)
    assert found is not None
    assert found.follows == "tokenizer.json"


def test_bpe_keeps_the_space_that_its_config_asks_for(checkpoint: Path, tmp_path: Path) -> None:
    vocabulary = {piece: i for i, piece in enumerate(["<s>", "<pad>", "</s>", "<unk>", *"Ġabonu"])}
    folder = tmp_path / "bpe"
    tokenizer = transformers.RobertaTokenizer(vocab=vocabulary, merges=[], add_prefix_space=True)
    tokenizer.save_pretrained(folder)
    shutil.copyfile(checkpoint / "config.json", folder / "config.json")
    said = json.loads((folder / "tokenizer.json").read_text())
    say(
        folder,
        pre_tokenizer=said["pre_tokenizer"] | {"add_prefix_space": False},
        normalizer=UNICODE,
    )
    loaded = load_tokenizer(read_folder(folder)).backend_tokenizer
    assert loaded.encode("on", add_special_tokens=False).tokens == ["Ġ", "o", "n"]
    assert isinstance(
        loaded.normalizer, type(Tokenizer.from_file(str(folder / "tokenizer.json")).normalizer)
    )


def test_an_export_says_which_file_its_bundle_follows(
    folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    say(folder, normalizer=REPLACES)
    with caplog.at_level(logging.WARNING, "edgebert"):
        record = export_model(folder, tmp_path / "bundle")
    (line,) = [r.getMessage() for r in caplog.records if "tokenizer.json" in r.getMessage()]
    assert line.startswith("checkpoint: tokenizer.json cuts 'Le café de la gare")
    assert line.endswith(
        "follows tokenizer.json, as transformers 4 and all who read the file itself"
    )
    assert record.tokenizer is not None
    assert from_dict(ExportRecord, to_dict(record)).tokenizer == record.tokenizer
    model, file = load(tmp_path / "bundle"), Tokenizer.from_file(str(folder / "tokenizer.json"))
    assert [model.tokenizer.encode(text).ids for text in TEXTS] == [
        file.encode(text).ids for text in TEXTS
    ]
    again = transformers.AutoTokenizer.from_pretrained(tmp_path / "bundle")
    assert [again(text)["input_ids"] for text in TEXTS] == [file.encode(t).ids for t in TEXTS]
    assert check(folder, tmp_path / "bundle").passed

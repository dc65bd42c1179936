"""What all clients share: it is made by its command, and the Python client reads as it says."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import tokenizers
from conformance.__main__ import FOLDER, contents
from json_schema import problems

from edgebert.records.codec import from_dict
from edgebert.records.golden import Golden
from edgebert.records.manifest import Manifest
from edgebert.tasks.answering import Answering
from edgebert.tasks.tagging import Tagging
from edgebert.text.encoding import Text, encode, open_tokenizer
from edgebert.text.long_pairs import parts_of_pairs, refusal_of_sides
from edgebert.text.long_texts import cut_at, parts_in_order

TOKENIZERS = ("wordpiece", "byte_level_bpe", "unigram")


def cases_of(name: str) -> list[dict[str, Any]]:
    lines = (FOLDER / "cases" / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def cases(key: str = "ids") -> pytest.MarkDecorator:
    """Each case that has a key, with the name of its tokenizer."""
    found = [
        pytest.param(name, case, id=f"{name}-{case['name']}")
        for name in TOKENIZERS
        for case in cases_of(name)
        if key in case
    ]
    return pytest.mark.parametrize(("name", "case"), found)


def test_the_committed_files_are_what_the_command_makes() -> None:
    made = contents()
    found = {path.relative_to(FOLDER).as_posix(): path for path in FOLDER.rglob("*.json*")}
    assert found.keys() == made.keys()
    changed = [name for name, path in found.items() if path.read_text("utf-8") != made[name]]
    assert changed == [], "make conformance"


def test_the_files_stay_small() -> None:
    assert sum(path.stat().st_size for path in FOLDER.rglob("*.json*")) < 400_000


# how the Python client reads


def tokenizer_of(name: str, case: dict[str, Any]) -> tokenizers.Tokenizer:
    tokenizer = open_tokenizer(FOLDER / "tokenizers" / f"{name}.json")
    if "truncation" in case:
        tokenizer.enable_truncation(**case["truncation"])
    return tokenizer


def text_of(case: dict[str, Any]) -> Text:
    return case["text"] if "text" in case else (case["pair"][0], case["pair"][1])


def placed(encoding: tokenizers.Encoding) -> dict[str, Any]:
    return {"ids": encoding.ids, "offsets": [list(place) for place in encoding.offsets]}


@cases()
def test_a_text_has_these_tokens_at_these_places(name: str, case: dict[str, Any]) -> None:
    tokenizer = tokenizer_of(name, case)
    (encoding,) = encode(tokenizer, [text_of(case)])
    expected = {key: case[key] for key in ("ids", "offsets", "type_ids")}
    assert placed(encoding) | {"type_ids": encoding.type_ids} == expected
    assert encoding.attention_mask == [1] * len(case["ids"])
    (fast,) = encode(tokenizer, [text_of(case)], offsets=False)
    assert (fast.ids, fast.type_ids) == (case["ids"], case["type_ids"])
    assert bool(fast.overflowing) == case["truncated"]


@cases()
def test_a_text_has_so_many_tokens_where_it_is_not_cut(name: str, case: dict[str, Any]) -> None:
    whole = cut_at(tokenizer_of(name, case), None, 0)
    (encoding,) = encode(whole, [text_of(case)], offsets=False)
    assert len(encoding) == case["tokens"]


@cases("parts")
def test_a_long_text_is_read_in_these_parts(name: str, case: dict[str, Any]) -> None:
    tokenizer, text = tokenizer_of(name, case), text_of(case)
    if isinstance(text, str):
        (encoding,) = encode(tokenizer, [text])
        assert [part.ids for part in parts_in_order(encoding)] == case["parts"]
        return
    cut, max_length = partial(cut_at, tokenizer), (tokenizer.truncation or {})["max_length"]
    assert (refusal_of_sides(text, cut, max_length) is None) == (case["parts"] is not None)
    if case["parts"] is not None:
        (parts,) = parts_of_pairs([text], tokenizer, cut)
        found = [{"ids": part.ids, "type_ids": part.type_ids} for part in parts]
        assert found == case["parts"]


@cases("windows")
def test_a_long_text_is_read_in_these_windows(name: str, case: dict[str, Any]) -> None:
    tokenizer, text = tokenizer_of(name, case), text_of(case)
    cut, max_length = partial(cut_at, tokenizer), (tokenizer.truncation or {})["max_length"]
    task = Tagging() if isinstance(text, str) else Answering()
    (first,) = task.first_parts([text], tokenizer, cut, max_length)
    assert [placed(window) for window in parts_in_order(first)] == case["windows"]


def test_cases_hold_what_they_are_there_for() -> None:
    for name in TOKENIZERS:
        named = {case["name"]: case for case in cases_of(name)}
        assert len(named) == len(cases_of(name)) > 70
        assert len(named["long"]["windows"]) > len(named["long"]["parts"]) > 1
        assert named["both long"]["parts"] is None
        assert not named["one letter"]["truncated"]
    bert = {case["name"]: case for case in cases_of("wordpiece")}
    assert not bert["of exactly the length"]["truncated"]
    assert bert["of one more"]["truncated"]
    assert [14, 15] in bert["emoji"]["offsets"]  # characters, and neither bytes nor UTF-16


# what files hold


def schema(name: str) -> dict[str, Any]:
    return dict(json.loads((FOLDER / f"{name}.schema.json").read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    "task", ["", "int8", "classifier_bundle", "tagger_bundle", "reranker_bundle", "reader_bundle",
             "filler_bundle"],
)  # fmt: skip
def test_bundles_of_every_task_are_what_the_schemas_say(
    task: str, request: pytest.FixtureRequest
) -> None:
    bundle: Path = request.getfixturevalue(f"tiny_{task or 'bundle'}")
    for name in ("manifest", "golden"):
        assert problems(schema(name), json.loads((bundle / f"{name}.json").read_text())) == []


def test_a_bundle_of_several_graphs_has_a_format_that_clients_refuse(
    tiny_translator_bundle: Path,
) -> None:
    manifest = json.loads((tiny_translator_bundle / "manifest.json").read_text())
    assert len(problems(schema("manifest"), manifest)) == 2  # its format, and its task
    assert problems(schema("manifest"), {**manifest, "task": "fill-mask", "format": 1}) == []
    golden = json.loads((tiny_translator_bundle / "golden.json").read_text())
    assert problems(schema("golden"), golden) == []


def test_committed_bundles_of_older_versions_are_what_the_schemas_say() -> None:
    for name in ("manifest", "golden"):
        found = list((Path(__file__).parent / "fixtures").rglob(f"{name}.json"))
        assert len(found) >= 10
        for path in found:
            assert problems(schema(name), json.loads(path.read_text(encoding="utf-8"))) == []


def test_keys_that_came_later_may_be_missing_and_unknown_ones_there(tiny_bundle: Path) -> None:
    manifest = json.loads((tiny_bundle / "manifest.json").read_text())
    first = {key: manifest[key] for key in schema("manifest")["required"]}
    assert problems(schema("manifest"), first | {"invented_later": 1}) == []
    assert from_dict(Manifest, first).max_length == 48
    assert problems(schema("manifest"), {**first, "task": "translation"}) != []


@pytest.mark.parametrize(
    "change",
    [
        {"max_length": "48"},
        {"normalize": 1},
        {"labels": {}},
        {"labels": [1]},
        {"prompts": {"query": None}},
        {"files": {"model.onnx": {"sha256": "0" * 64}}},
        {"fixed_shape": [1]},
        {"coverage": {"attention": {"expected": 1, "found": None}}},
        {"quantization": {}},
        {"source": None},
    ],
    ids=str,
)
def test_the_schema_refuses_what_the_record_refuses(
    tiny_bundle: Path, change: dict[str, Any]
) -> None:
    wrong = json.loads((tiny_bundle / "manifest.json").read_text()) | change
    assert problems(schema("manifest"), wrong) != []
    with pytest.raises(ValueError):
        from_dict(Manifest, wrong)


def test_the_schema_of_golden_answers_refuses_what_the_record_refuses(tiny_bundle: Path) -> None:
    golden = json.loads((tiny_bundle / "golden.json").read_text())
    golden["texts"][3]["input_ids"][0] = "2"
    assert problems(schema("golden"), golden) != []
    with pytest.raises(ValueError, match="input_ids"):
        from_dict(Golden, golden)

"""Words for masks: as transformers guesses them, in the text as it was written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tokenizers
import transformers
from tiny import VOCABULARY

from edgebert.errors import InputError
from edgebert.records.manifest import FILL_MASK
from edgebert.runtimes import Fill, Model, load
from edgebert.runtimes.windows import Window, in_small_windows
from edgebert.tasks import task_of
from edgebert.tasks.masks import fills_of
from edgebert.text.long_texts import Answered


@pytest.fixture(scope="module")
def checkpoint(tiny_filler: Path) -> Path:
    return tiny_filler


@pytest.fixture(scope="module")
def model(tiny_filler_bundle: Path) -> Model:
    return load(tiny_filler_bundle)


def test_guesses_are_those_of_transformers(checkpoint: Path, model: Model) -> None:
    pipeline: Any = transformers.pipeline("fill-mask", model=str(checkpoint), device="cpu")
    texts = ["turn the [MASK] on", "[MASK] is late", "it is [MASK]", "is it [MASK] , anna ?"]
    for text in texts:
        expected = pipeline(text, top_k=7)
        found = model.fill_mask(text, k=7)
        assert [fill.id for fill in found] == [guess["token"] for guess in expected]
        assert [fill.token for fill in found] == [guess["token_str"] for guess in expected]
        scores = [guess["score"] for guess in expected]
        assert [fill.score for fill in found] == pytest.approx(scores, abs=1e-5)
        assert {fill.mask for fill in found} == {0}
    assert model.fill_mask(texts[0]) == model.fill_mask(texts[0], k=7)[:5]


def test_each_of_several_masks_is_guessed_by_itself(checkpoint: Path, model: Model) -> None:
    pipeline: Any = transformers.pipeline("fill-mask", model=str(checkpoint), device="cpu")
    text = "[MASK] is [MASK] late"
    found = model.fill_mask(text, k=3)
    assert [fill.mask for fill in found] == [0, 0, 0, 1, 1, 1]
    expected = [guess for guesses in pipeline(text, top_k=3) for guess in guesses]
    assert [fill.id for fill in found] == [guess["token"] for guess in expected]
    assert found[0].text == f"{found[0].token} is [MASK] late"
    assert found[3].text.startswith("[MASK] is ")
    assert "[MASK]" not in found[3].text[6:]


def test_texts_come_alone_in_a_list_and_in_a_stream(model: Model) -> None:
    texts = ["turn the [MASK] on", "[MASK] is [MASK] late", "a " * 30 + "[MASK]", "[MASK]"]
    expected = [model.fill_mask(text, k=2) for text in texts]
    assert [len(fills) for fills in expected] == [2, 4, 2, 2]
    for found in (model.fill_mask(texts, k=2), list(model.fill_mask(iter(texts), k=2))):
        assert [[fill.id for fill in fills] for fills in found] == [
            [fill.id for fill in fills] for fills in expected
        ]
    assert model.fill_mask([]) == []


def test_texts_wait_for_few_others_where_a_vocabulary_is_large() -> None:
    windows = list(
        in_small_windows(
            [Window("abcdefg", full=True), Window("h", full=False)],
            task_of(FILL_MASK).texts_per_window(4_000_000),
        )
    )
    assert [(window.texts, window.full) for window in windows] == [
        ("abcd", True),
        ("efg", True),
        ("h", False),
    ]


def test_all_of_a_vocabulary_has_a_probability_of_1(model: Model) -> None:
    found = model.fill_mask("turn the [MASK] on", k=10_000)
    assert len(found) == len(VOCABULARY)
    assert sum(fill.score for fill in found) == pytest.approx(1.0, abs=1e-5)
    assert [fill.score for fill in found] == sorted((f.score for f in found), reverse=True)


@pytest.mark.parametrize(
    ("texts", "options", "message"),
    [
        ("no mask", {}, "text 0: has no [MASK] to fill in"),
        (["a [MASK]", ""], {}, "text 1: has no [MASK] to fill in"),
        (["[MASK]", 3], {}, "text 1: expected str, not int"),
        (
            "a " * 80 + "[MASK]",
            {},
            "text 0: a [MASK] stands behind the 65 tokens that are read",
        ),
        (
            "[MASK] " + "a " * 80 + "[MASK]",
            {},
            "text 0: a [MASK] stands behind the 65 tokens that are read",
        ),
        ("[MASK]", {"k": 0}, "k=0: expected a whole number, at least 1"),
    ],
)
def test_what_cannot_be_filled_is_named(
    model: Model, texts: Any, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError) as caught:
        model.fill_mask(texts, **options)
    assert str(caught.value) == message


def test_a_text_without_a_mask_late_in_a_stream_is_named(model: Model) -> None:
    found = model.fill_mask(iter(["[MASK]", "is [MASK]", "no mask"]), k=1)
    assert [len(next(found)), len(next(found))] == [1, 1]
    with pytest.raises(InputError, match=r"text 2: has no \[MASK\] to fill in"):
        next(found)


def test_a_model_of_another_task_fills_nothing(tiny_bundle: Path) -> None:
    with pytest.raises(InputError, match="fill_mask needs one for fill-mask"):
        load(tiny_bundle).fill_mask("[MASK]")


def word_pieces() -> tokenizers.Tokenizer:
    names = ["[UNK]", "[MASK]", "Walk", "##ing", "Paris", ".", "北", "京", '"', "is"]
    tokenizer = tokenizers.Tokenizer(
        tokenizers.models.WordPiece({name: i for i, name in enumerate(names)}, unk_token="[UNK]")
    )
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = tokenizers.decoders.WordPiece()
    tokenizer.add_special_tokens(["[MASK]"])
    return tokenizer


def byte_pairs() -> tokenizers.Tokenizer:
    names = ["<mask>", "I", "love", "Ġlove", "Paris", "ĠParis", ".", "Ċ"]
    tokenizer = tokenizers.Tokenizer(
        tokenizers.models.BPE({name: i for i, name in enumerate(names)}, [], ignore_merges=True)
    )
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    tokenizer.add_special_tokens([tokenizers.AddedToken("<mask>", lstrip=True, special=True)])
    return tokenizer


def sentence_pieces() -> tokenizers.Tokenizer:
    names = ["<unk>", "<mask>", "▁Walk", "ing", "▁Paris", "▁is", "。"]
    tokenizer = tokenizers.Tokenizer(tokenizers.models.Unigram([(n, 0.0) for n in names], unk_id=0))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Metaspace()
    tokenizer.decoder = tokenizers.decoders.Metaspace()
    tokenizer.add_special_tokens([tokenizers.AddedToken("<mask>", lstrip=True, special=True)])
    return tokenizer


@pytest.mark.parametrize(
    ("tokenizer", "text", "token", "filled"),
    [
        (word_pieces(), "Walk [MASK]  is", "##ing", "Walking  is"),
        (word_pieces(), "Walk  [MASK].", "Paris", "Walk  Paris."),
        (word_pieces(), "Walk [MASK]", ".", "Walk."),
        (word_pieces(), "北[MASK]", "京", "北京"),
        (word_pieces(), 'is "[MASK]"', "Paris", 'is "Paris"'),
        (word_pieces(), "[MASK] is", "##ing", "##ing is"),
        (byte_pairs(), "love  <mask>.", "ĠParis", "love  Paris."),
        (byte_pairs(), "love<mask>.", "ĠParis", "love Paris."),
        (byte_pairs(), "love <mask>.", "Paris", "loveParis."),
        (byte_pairs(), "<mask>.", "Paris", "Paris."),
        (byte_pairs(), "<mask>.", "ĠParis", "Paris."),
        (sentence_pieces(), "Walk <mask> is", "ing", "Walking is"),
        (sentence_pieces(), "Walk <mask>", "▁Paris", "Walk Paris"),
    ],
)
def test_a_token_joins_the_word_before_it_as_its_kind_does(
    tokenizer: tokenizers.Tokenizer, text: str, token: str, filled: str
) -> None:
    """And nothing else of the text is touched."""
    place = tokenizer.token_to_id(token)
    logits = np.zeros((1, tokenizer.get_vocab_size()), np.float32)
    logits[0, place] = 9
    mask = "[MASK]" if "[MASK]" in tokenizer.get_vocab() else "<mask>"
    (fill,) = fills_of(Answered(text, tokenizer.encode(text), logits), tokenizer, mask, 1)
    assert (fill.id, fill.text) == (place, filled)


def test_a_guess_is_a_record_of_plain_values(model: Model) -> None:
    (fill,) = model.fill_mask("turn the [MASK] on", k=1)
    assert fill == Fill(fill.token, fill.id, fill.score, f"turn the {fill.token} on", 0)
    assert (type(fill.token), type(fill.id), type(fill.score)) == (str, int, float)

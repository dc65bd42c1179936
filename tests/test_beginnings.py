"""A long text is read as if all of it were tokenized, by tokenizers of every family."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
import tokenizers
from conformance.families import FAMILIES, learn
from conformance.texts import TEXTS

from edgebert.data.calibration_texts import CALIBRATION_TEXTS
from edgebert.runtimes import load
from edgebert.text.beginnings import encode_beginnings
from edgebert.text.encoding import Text, encode

READ = 24


def long_texts(seed: int) -> list[str]:
    """Of many scripts, blanks and oddities; some without a blank, and some that are mostly blanks."""
    draw = random.Random(seed)
    some = [*TEXTS.values(), *CALIBRATION_TEXTS[::7]]
    texts = [
        draw.choice(" \n")[: draw.randint(0, 1)].join(draw.choices(some, k=60)) for _ in range(12)
    ]
    texts += [" ".join(draw.choices(some, k=60)) for _ in range(12)]
    return [
        *texts,
        "e" * 5000,
        "京" * 5000,
        " " * 5000 + "lamp",
        "lamp" + " \u0301" * 3000,
        "a\n" * 3000,
    ]


def seen(encoding: tokenizers.Encoding) -> tuple[object, ...]:
    return (
        encoding.ids,
        encoding.type_ids,
        encoding.attention_mask,
        encoding.offsets,
        encoding.tokens,
        bool(encoding.overflowing),
    )


@pytest.mark.parametrize("name", FAMILIES)
def test_the_first_tokens_are_those_of_the_whole_text(name: str) -> None:
    tokenizer = learn(name, CALIBRATION_TEXTS[::12], 400)
    tokenizer.no_padding()
    tokenizer.enable_truncation(READ)
    texts: list[Text] = [*long_texts(3), "short", ("a pair", "of long " * 4000)]
    whole = encode(tokenizer, texts)
    assert [seen(e) for e in encode_beginnings(tokenizer, texts)] == [seen(e) for e in whole]
    tokenizer.enable_truncation(READ, direction="left")  # the end of a text
    ends = [seen(e) for e in encode(tokenizer, texts)]
    assert [seen(e) for e in encode_beginnings(tokenizer, texts)] == ends


def test_what_is_cut_off_is_not_tokenized(tiny_int8: Path) -> None:
    model = load(tiny_int8)
    tokenizer, done = model.tokenizer, 0

    class Counting:
        def __getattr__(self, name: str) -> object:
            return getattr(tokenizer, name)

        def encode_batch_fast(self, texts: list[str]) -> object:
            nonlocal done
            done += sum(map(len, texts))
            return tokenizer.encode_batch_fast(texts)

    long = "turn on the lamp " * 100_000
    counting: tokenizers.Tokenizer = Counting()  # type: ignore[assignment]
    (read,) = encode_beginnings(counting, [long], offsets=False)
    assert done <= 32 * model.max_length
    assert read.ids == tokenizer.encode_batch_fast([long])[0].ids
    assert np.array_equal(model.embed(long), model.embed(long[:5000]))
    assert model.truncated(long)
    assert model.submit("embed", long).result(60).cut == (True,)


def test_all_of_a_text_is_read_where_that_is_asked_for(tiny_int8: Path) -> None:
    model = load(tiny_int8)
    lamps, off = "turn on the lamp " * 2000, "off " * 3000
    whole = model.embed(lamps + off, long_text="mean")
    assert not np.allclose(whole, model.embed(lamps, long_text="mean"), atol=1e-3)
    assert np.array_equal(
        model.submit("embed", lamps + off, long_text="mean").result(60).value, whole
    )

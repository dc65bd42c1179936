"""A tokenizer.json as its file says it, where transformers 5 makes of it what its class has.

Of the classes that it knows, such as BertTokenizer, transformers 5 takes the vocabulary of a
tokenizer.json and drops how the file normalizes, cuts and frames a text. Transformers 4, under which
most of these files were made and their models trained, kept that, but for flags that
tokenizer_config.json sets; text-embeddings-inference, fastembed and tokenizers read the file alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from edgebert.json_files import read_object
from edgebert.records.made import TokenizerDifference

FILE, CONFIG = "tokenizer.json", "tokenizer_config.json"

_PARTS = ("normalizer", "pre_tokenizer", "post_processor")
_FLAGS = {
    "BertNormalizer": ("lowercase", "strip_accents", "handle_chinese_chars"),
    "ByteLevel": ("add_prefix_space",),
}
"""What tokenizer_config.json decides in every version of transformers, by the kind of a part."""

_MODEL_OPTIONS = (
    "unk_token",
    "continuing_subword_prefix",
    "max_input_chars_per_word",
    "end_of_word_suffix",
    "fuse_unk",
    "byte_fallback",
    "ignore_merges",
)


def follow_file(loaded: Tokenizer, file: Path) -> None:
    """Give a tokenizer that transformers loaded what the file says and its class dropped.

    Args:
        loaded: changed in place; its vocabulary and added tokens stay.
        file: a tokenizer.json.
    """
    said = read_object(file)
    made = {part: _state(getattr(loaded, part)) for part in _PARTS}
    wanted = {part: _with_flags(said.get(part), made[part]) for part in _PARTS}
    changed = [part for part in _PARTS if wanted[part] != made[part]]
    if changed:
        parts = _parts_of(wanted)
        for part in changed:
            setattr(loaded, part, getattr(parts, part))
    model = said.get("model") or {}
    for option in _MODEL_OPTIONS:
        has = option in model and hasattr(loaded.model, option)
        if has and (getattr(loaded.model, option) or None) != (model[option] or None):
            setattr(loaded.model, option, model[option])


def first_difference(
    file: Tokenizer, loaded: Tokenizer, followed: Tokenizer, texts: Sequence[str]
) -> TokenizerDifference | None:
    """The first text that the file alone and transformers cut differently, and who is followed.

    Args:
        file: as tokenizers reads the file.
        loaded: as transformers loads it.
        followed: what is used.
        texts: to cut; what the file's own rules look for is tried too.
    """
    for tokenizer in (file, loaded, followed):
        tokenizer.no_truncation()
    tried = [*texts, *(f"a{rule}a" for rule in _strings(file))]
    apart = [text for text in tried if file.encode(text).ids != loaded.encode(text).ids]
    if not apart:
        return None
    said, made, used = (t.encode(apart[0]) for t in (file, loaded, followed))
    return TokenizerDifference(
        text=apart[0],
        texts=len(apart),
        file=tuple(said.tokens),
        transformers=tuple(made.tokens),
        follows=FILE if used.ids == said.ids else CONFIG,
    )


def _state(part: Any) -> Any:
    return None if part is None else json.loads(part.__getstate__())


def _with_flags(said: Any, made: Any) -> Any:
    """A part as the file says it, with the flags of the one that transformers made of its kind."""
    if not isinstance(said, dict) or not isinstance(made, dict) or said["type"] != made["type"]:
        return said
    return {**said, **{flag: made[flag] for flag in _FLAGS.get(said["type"], ()) if flag in made}}


def _parts_of(wanted: dict[str, Any]) -> Tokenizer:
    """A tokenizer of these parts around an empty vocabulary."""
    whole: dict[str, Any] = {"version": "1.0", "added_tokens": [], **wanted}
    whole |= dict.fromkeys(("truncation", "padding", "decoder"))
    whole["model"] = {"type": "WordLevel", "vocab": {}, "unk_token": ""}
    return Tokenizer.from_str(json.dumps(whole))


def _strings(tokenizer: Tokenizer) -> Iterator[str]:
    """What the rules of normalizer and pre-tokenizer look for, where they say it plainly."""
    waiting = [_state(tokenizer.normalizer), _state(tokenizer.pre_tokenizer)]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if isinstance(value.get("String"), str):
                yield value["String"]
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value

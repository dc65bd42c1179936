"""Taggers that are right by construction, over tokenizers of every kind that real models have."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tokenizers
import torch
import transformers
from tokenizers import decoders, models, normalizers, pre_tokenizers, processors

from edgebert.runtimes import Entity
from edgebert.tasks.entities import WORDS, decode_entities
from edgebert.text.words import TokenizedText

SPECIAL = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
WORDS_OF_PIECES = (
    "anna met john in new york lives paris and ben mary london the lamp is good".split()
)
UNSPACED = (
    "北京",
    "今天",
    "天气",
    "怎么样",
    "我",
    "住在",
    "上海",
    "市",
    "東京",
    "トヨタ",
    "に",
    "は",
)
THAI = ("ฉัน", "อยู่", "กรุงเทพ", "ค่ะ")
CHARACTERS = (*"abcdefghijklmnopqrstuvwxyz0123456789", *".,!?'();:-/", "？", "。", "€")


def sentencepiece(kind: str = "xlm-r") -> tokenizers.Tokenizer:
    """A Unigram tokenizer.

    Args:
        kind: "xlm-r" drops the blanks between words, "deberta" counts each to the word behind it,
            "unsplit" knows no words at all.
    """
    spaced = [(f"▁{word}", -2.0) for word in WORDS_OF_PIECES]
    unspaced = [(piece, -3.0) for piece in (*UNSPACED, *THAI)]
    letters = [(c, -8.0) for c in dict.fromkeys((*CHARACTERS, *"".join((*UNSPACED, *THAI))))]
    special = [(token, 0.0) for token in SPECIAL]
    pieces = [*special, *spaced, ("▁", -4.0), *unspaced, *(p for p in letters if p not in unspaced)]
    known = dict(reversed(pieces))
    tokenizer = tokenizers.Tokenizer(models.Unigram(list(known.items())[::-1], unk_id=3))
    if kind == "unsplit":
        tokenizer.normalizer = normalizers.Sequence(
            [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
        )
    elif kind == "deberta":
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    else:
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()]
        )
    tokenizer.decoder = decoders.Metaspace()
    return _finished(tokenizer)


def byte_level() -> tokenizers.Tokenizer:
    """A BPE over bytes whose pieces begin with the blank before them."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {piece: i for i, piece in enumerate((*SPECIAL, *alphabet))}
    merges = []
    for word in WORDS_OF_PIECES:
        for form in (f"Ġ{word}", word):
            for end in range(1, len(form)):
                merges.append((form[:end], form[end]))
                vocabulary.setdefault(form[: end + 1], len(vocabulary))
    tokenizer = tokenizers.Tokenizer(
        models.BPE(vocab=vocabulary, merges=list(dict.fromkeys(merges)))
    )
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return _finished(tokenizer)


def _finished(tokenizer: tokenizers.Tokenizer) -> tokenizers.Tokenizer:
    tokenizer.add_special_tokens(list(SPECIAL))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> </s> $B </s>",
        special_tokens=[(t, tokenizer.token_to_id(t)) for t in ("<s>", "</s>")],
    )
    return tokenizer


def found(
    text: str,
    tokenizer: tokenizers.Tokenizer,
    label_of: Mapping[str, str],
    labels: Sequence[str],
    aggregation: str = WORDS,
) -> list[Entity]:
    """Entities of a model that gives each piece its label, and all others the first label."""
    encoding = tokenizer.encode(text)
    logits = np.zeros((len(encoding), len(labels)), np.float32)
    for token, piece in enumerate(encoding.tokens):
        logits[token, labels.index(label_of.get(piece, labels[0]))] = 9
    entities = decode_entities(TokenizedText.of(text, encoding), logits, labels, aggregation)
    assert all(entity.text == text[entity.start : entity.end] for entity in entities)
    return entities


def write_lookup(
    folder: Path,
    tokenizer: tokenizers.Tokenizer,
    head: str,
    rows: Mapping[str, Sequence[float]],
    *,
    max_length: int = 64,
    **config: Any,
) -> Path:
    """Write a RoBERTa whose logits for a piece are a row; of all other pieces 0.

    Its word vectors are one-hot and its layer adds nothing to them.
    """
    size = tokenizer.get_vocab_size()
    settings = transformers.RobertaConfig(
        vocab_size=size,
        hidden_size=-(-size // 16) * 16,
        num_hidden_layers=1,
        num_attention_heads=4,
        intermediate_size=32,
        max_position_embeddings=max_length + 2,
        type_vocab_size=1,
        **config,
    )
    model = getattr(transformers, f"RobertaFor{head}")(settings).eval()
    answers = model.qa_outputs if head == "QuestionAnswering" else model.classifier
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "LayerNorm" not in name:
                parameter.zero_()
        model.roberta.embeddings.word_embeddings.weight.fill_diagonal_(1.0)
        for piece, row in rows.items():
            answers.weight[:, tokenizer.token_to_id(piece)] = torch.tensor(row)
    model.save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    names = dict(zip(("bos", "pad", "eos", "unk", "mask"), SPECIAL, strict=True))
    settings_of_tokenizer = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": max_length,
        "model_input_names": ["input_ids", "attention_mask"],
        **{f"{name}_token": token for name, token in names.items()},
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings_of_tokenizer))
    return folder

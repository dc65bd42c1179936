"""Tokenizers as families of models have them, learned anew: each puts other parts together."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, trainers
from tokenizers import normalizers as n
from tokenizers import pre_tokenizers as p
from tokenizers import processors as q

from conformance.charsmap import compiled, nmt_nfkc
from conformance.vocabularies import scored

BERT = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
ROBERTA = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")

_CONTRACTIONS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
_GPT_4 = (
    _CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_CLIP = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"


def learn(name: str, texts: Iterable[str], size: int) -> Tokenizer:
    """A tokenizer of a family.

    Args:
        name: a key of `FAMILIES`.
        texts: to learn from.
        size: of its vocabulary.
    """
    return FAMILIES[name](tuple(texts), size)


Texts = tuple[str, ...]


def _bert_cased(texts: Texts, size: int) -> Tokenizer:
    return _word_piece(texts, size, n.BertNormalizer(lowercase=False))


def _bert_uncased(texts: Texts, size: int) -> Tokenizer:
    return _word_piece(texts, size, n.BertNormalizer(lowercase=True))


def _bert_chinese(texts: Texts, size: int) -> Tokenizer:
    """Keeps accents, though it writes all in lower case."""
    return _word_piece(texts, size, n.BertNormalizer(lowercase=True, strip_accents=False))


def _mpnet(texts: Texts, size: int) -> Tokenizer:
    """BERT's pieces between RoBERTa's special tokens."""
    tokenizer = _word_piece(texts, size, n.BertNormalizer(), ROBERTA)
    tokenizer.add_special_tokens([AddedToken("<mask>", lstrip=True, special=True)])
    return _as_roberta(tokenizer, trim_offsets=True, add_prefix_space=False)


def _lxmert(texts: Texts, size: int) -> Tokenizer:
    """NFKC, words as of regular expressions, numbers digit by digit, and BERT's own post-processor."""
    tokenizer = _word_piece(texts, size, n.Sequence([n.NFKC(), n.StripAccents(), n.Lowercase()]))
    tokenizer.pre_tokenizer = p.Sequence([p.Whitespace(), p.Digits(individual_digits=True)])
    tokenizer.post_processor = q.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return tokenizer


def _roberta(texts: Texts, size: int) -> Tokenizer:
    return _as_roberta(_byte_level(texts, size, add_prefix_space=False), add_prefix_space=False)


def _roberta_prefixed(texts: Texts, size: int) -> Tokenizer:
    """A blank before the text, and offsets with their blanks."""
    tokenizer = _byte_level(texts, size, add_prefix_space=True)
    return _as_roberta(tokenizer, add_prefix_space=True, trim_offsets=False)


def _longformer(texts: Texts, size: int) -> Tokenizer:
    """A blank before the text, which offsets leave out."""
    tokenizer = _byte_level(texts, size, add_prefix_space=True)
    return _as_roberta(tokenizer, add_prefix_space=True, trim_offsets=True)


def _modernbert(texts: Texts, size: int) -> Tokenizer:
    """NFC, and tokens of many kinds that are looked for behind it."""
    tokenizer = _byte_level(texts, size, add_prefix_space=False, specials=BERT)
    tokenizer.normalizer = n.NFC()
    tokenizer.add_tokens(
        [
            AddedToken("   ", normalized=False),
            AddedToken("caf\u00e9", normalized=True, single_word=True),
            AddedToken("|||EMAIL|||", normalized=False),
            AddedToken("lamp", normalized=True, rstrip=True, lstrip=True),
            AddedToken("lamps", normalized=True),
        ]
    )
    return _as_bert(tokenizer)


def _clip(texts: Texts, size: int) -> Tokenizer:
    tokenizer = _byte_level(texts, size, add_prefix_space=False, end="</w>")
    tokenizer.normalizer = n.Sequence([n.NFC(), n.Replace(Regex(r"\s+"), " "), n.Lowercase()])
    split = p.Split(Regex(_CLIP), behavior="removed", invert=True)
    tokenizer.pre_tokenizer = p.Sequence([split, p.ByteLevel(add_prefix_space=False)])
    return _as_roberta(tokenizer, add_prefix_space=False, trim_offsets=False)


def _gpt_4(texts: Texts, size: int) -> Tokenizer:
    """Words of a pattern of its own; no special tokens around a text."""
    tokenizer = _byte_level(texts, size, add_prefix_space=False)
    split = p.Split(Regex(_GPT_4), behavior="isolated")
    tokenizer.pre_tokenizer = p.Sequence([split, p.ByteLevel(False, use_regex=False)])
    tokenizer.post_processor = q.ByteLevel(trim_offsets=True)
    return tokenizer


def _llama(texts: Texts, size: int) -> Tokenizer:
    """BPE without words, whose unknown characters fall back on bytes."""
    bytes_of_256 = [f"<0x{byte:02X}>" for byte in range(256)]
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.normalizer = n.Sequence([n.Prepend("\u2581"), n.Replace(" ", "\u2581")])
    trainer = trainers.BpeTrainer(
        vocab_size=size, special_tokens=[*ROBERTA, *bytes_of_256], show_progress=False
    )
    tokenizer.train_from_iterator((text[:60] for text in texts), trainer)
    tokenizer = _without_added(tokenizer, bytes_of_256)
    replace = decoders.Replace("\u2581", " ")
    fallback = [replace, decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    tokenizer.decoder = decoders.Sequence(fallback)
    return _framed(tokenizer, "<s> $A", "<s> $A <s>:1 $B:1", ("<s>",))


def _herbert(texts: Texts, size: int) -> Tokenizer:
    """BPE of words with a mark at their ends, and an unknown token."""
    model = models.BPE(unk_token="<unk>", end_of_word_suffix="</w>")
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = n.BertNormalizer(lowercase=False, strip_accents=False)
    tokenizer.pre_tokenizer = p.BertPreTokenizer()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=[*ROBERTA],
        end_of_word_suffix="</w>",
        limit_alphabet=60,
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.decoder = decoders.BPEDecoder("</w>")
    tokenizer.post_processor = q.BertProcessing(("</s>", 2), ("<s>", 0))
    return tokenizer


def _bart_pieces(texts: Texts, size: int) -> Tokenizer:
    """BPE with WordPiece's marks, several unknown characters being one."""
    model = models.BPE(unk_token="[UNK]", continuing_subword_prefix="##", fuse_unk=True)
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = n.Sequence([n.Strip(), n.NFD(), n.Lowercase()])
    punctuation = p.Punctuation(behavior="merged_with_previous")
    tokenizer.pre_tokenizer = p.Sequence([p.WhitespaceSplit(), punctuation])
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=[*BERT],
        continuing_subword_prefix="##",
        limit_alphabet=60,
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.decoder = decoders.WordPiece()
    return _as_bert(tokenizer)


def _xlm_roberta(texts: Texts, size: int) -> Tokenizer:
    words = p.Sequence([p.WhitespaceSplit(), p.Metaspace()])
    tokenizer = _unigram(texts, size, [n.Precompiled(compiled(nmt_nfkc()))], words, ROBERTA)
    tokenizer.add_special_tokens([AddedToken("<mask>", lstrip=True, special=True)])
    return _framed(tokenizer, "<s> $A </s>", "<s> $A </s> </s> $B </s>", ("<s>", "</s>"))


def _albert(texts: Texts, size: int) -> Tokenizer:
    rules = [n.Replace("``", '"'), n.Replace("''", '"'), n.NFKD(), n.StripAccents(), n.Lowercase()]
    words = p.Sequence([p.WhitespaceSplit(), p.Metaspace()])
    charsmap = n.Precompiled(compiled(nmt_nfkc()))
    spaces = n.Replace(Regex(" {2,}"), " ")
    tokenizer = _unigram(texts, size, [*rules, charsmap, spaces], words, BERT)
    tokenizer.add_special_tokens([AddedToken("[MASK]", lstrip=True, special=True)])
    return _as_bert(tokenizer)


def _deberta_v2(texts: Texts, size: int) -> Tokenizer:
    """Blanks belong to what stands behind them, and punctuation stands by itself."""
    rules = [n.Replace(Regex(r"\s{2,}|[\n\r\t]"), " "), n.NFC(), n.Strip(left=False, right=True)]
    words = p.Sequence([p.Punctuation(behavior="isolated"), p.Metaspace()])
    return _as_bert(_unigram(texts, size, rules, words, BERT))


def _big_bird(texts: Texts, size: int) -> Tokenizer:
    """Only a blank before the first word is put there; NMT's rules."""
    rules = [n.Nmt(), n.NFKC(), n.Replace(Regex(r" {2,}"), "\u2581")]
    return _as_bert(_unigram(texts, size, rules, p.Metaspace(prepend_scheme="first"), BERT))


def _t5(texts: Texts, size: int) -> Tokenizer:
    """Nothing split into words, and an end alone."""
    charsmap = n.Precompiled(compiled(nmt_nfkc()))
    rules = [charsmap, n.Strip(left=False, right=True), n.Replace(Regex(" {2,}"), "\u2581")]
    tokenizer = _unigram(texts, size, rules, p.Metaspace(split=False), ROBERTA)
    return _framed(tokenizer, "$A </s>", "$A </s> $B </s>", ("</s>",))


def _words(texts: Texts, size: int) -> Tokenizer:
    """Words as they stand in a table of vectors, without special tokens."""
    tokenizer = Tokenizer(models.WordLevel(unk_token="[UNK]"))
    tokenizer.normalizer = n.Sequence([n.NFKD(), n.StripAccents(), n.Lowercase()])
    digits = p.Digits(individual_digits=False)
    tokenizer.pre_tokenizer = p.Sequence([p.CharDelimiterSplit(" "), p.Punctuation(), digits])
    trainer = trainers.WordLevelTrainer(
        vocab_size=size, special_tokens=["[PAD]", "[UNK]"], show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.post_processor = q.TemplateProcessing(single="$A", pair="$A $B:1", special_tokens=[])
    return tokenizer


FAMILIES: Mapping[str, Callable[[Texts, int], Tokenizer]] = {
    "bert_cased": _bert_cased,
    "bert_uncased": _bert_uncased,
    "bert_chinese": _bert_chinese,
    "mpnet": _mpnet,
    "lxmert": _lxmert,
    "roberta": _roberta,
    "roberta_prefixed": _roberta_prefixed,
    "longformer": _longformer,
    "modernbert": _modernbert,
    "clip": _clip,
    "gpt_4": _gpt_4,
    "llama": _llama,
    "herbert": _herbert,
    "bart_pieces": _bart_pieces,
    "xlm_roberta": _xlm_roberta,
    "albert": _albert,
    "deberta_v2": _deberta_v2,
    "big_bird": _big_bird,
    "t5": _t5,
    "words": _words,
}
"""By a family that has most of its parts."""


def _word_piece(
    texts: Texts, size: int, normalizer: n.Normalizer, specials: tuple[str, ...] = BERT
) -> Tokenizer:
    unknown = next(token for token in specials if "unk" in token.lower())
    tokenizer = Tokenizer(models.WordPiece(unk_token=unknown))
    tokenizer.normalizer, tokenizer.pre_tokenizer = normalizer, p.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(
        vocab_size=size, special_tokens=[*specials], limit_alphabet=400, show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.decoder = decoders.WordPiece()
    return _as_bert(tokenizer) if specials == BERT else tokenizer


def _byte_level(
    texts: Texts,
    size: int,
    *,
    add_prefix_space: bool,
    specials: tuple[str, ...] = ROBERTA,
    end: str = "",
) -> Tokenizer:
    marks: dict[str, Any] = {"end_of_word_suffix": end} if end else {}
    tokenizer = Tokenizer(models.BPE(**marks))
    tokenizer.pre_tokenizer = p.ByteLevel(add_prefix_space=add_prefix_space)
    alphabet = sorted(p.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=[*specials],
        initial_alphabet=alphabet,
        show_progress=False,
        **marks,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.decoder = decoders.ByteLevel()
    mask = specials[-1]
    tokenizer.add_special_tokens([AddedToken(mask, lstrip=True, special=True)])
    return tokenizer


def _unigram(
    texts: Texts,
    size: int,
    rules: list[n.Normalizer],
    words: p.PreTokenizer,
    specials: tuple[str, ...],
) -> Tokenizer:
    normalizer = n.Sequence(rules)
    read = (words.pre_tokenize_str(normalizer.normalize_str(text)) for text in texts)
    pieces = scored((word for each in read for word, _ in each), size)
    unknown = next(place for place, token in enumerate(specials) if "unk" in token.lower())
    vocabulary = [*((token, 0.0) for token in specials), *pieces]
    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=unknown))
    tokenizer.normalizer, tokenizer.pre_tokenizer = normalizer, words
    tokenizer.add_special_tokens([*specials])
    tokenizer.decoder = decoders.Metaspace()
    return tokenizer


def _without_added(tokenizer: Tokenizer, tokens: list[str]) -> Tokenizer:
    """The same tokenizer, which no longer looks for these tokens in texts."""
    state: dict[str, Any] = json.loads(tokenizer.to_str())
    state["added_tokens"] = [a for a in state["added_tokens"] if a["content"] not in tokens]
    return Tokenizer.from_str(json.dumps(state))


def _as_bert(tokenizer: Tokenizer) -> Tokenizer:
    pair = "[CLS] $A [SEP] $B:1 [SEP]:1"
    return _framed(tokenizer, "[CLS] $A [SEP]", pair, ("[CLS]", "[SEP]"))


def _as_roberta(
    tokenizer: Tokenizer, *, add_prefix_space: bool, trim_offsets: bool = True
) -> Tokenizer:
    tokenizer.post_processor = q.RobertaProcessing(
        ("</s>", 2), ("<s>", 0), trim_offsets=trim_offsets, add_prefix_space=add_prefix_space
    )
    return tokenizer


def _framed(tokenizer: Tokenizer, single: str, pair: str, specials: tuple[str, ...]) -> Tokenizer:
    ids = tokenizer.get_vocab()
    special_tokens = [(token, ids[token]) for token in specials]
    processor = q.TemplateProcessing(single=single, pair=pair, special_tokens=special_tokens)
    tokenizer.post_processor = processor
    return tokenizer

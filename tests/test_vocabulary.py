"""A vocabulary that is trimmed for a corpus keeps its texts' pieces, and the model's answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file
from tiny import redraw
from tokenizers import (
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)

from edgebert.checkpoint import open_checkpoint
from edgebert.data.samples import GOLDEN_TEXTS, SENTENCES
from edgebert.errors import CheckpointError, GateError, InputError
from edgebert.records.manifest import TrimmedVocabulary
from edgebert.references.pytorch_model import CheckpointModel
from edgebert.vocabulary import open_trimmed, trim_vocabulary
from edgebert.vocabulary import trimming as trimming_module
from edgebert.vocabulary.corpus import ids_of, open_untruncated, used_pieces
from edgebert.vocabulary.folder import write_folder
from edgebert.vocabulary.kept_pieces import piece_ids, pieces_to_keep
from edgebert.vocabulary.rebuilding import rebuild_tokenizer

CORPUS = (
    "Please turn on the lamp in the kitchen.",
    "The harbour was quiet 🎉 in the morning.",
    "今天下午三点在会议室见面。",
    "refunds refunded 👩‍👩‍👧‍👦 twice",
)
OTHERS = (
    "An unforeseeable, quixotic jabberwocky!",
    "请把客厅的灯关掉",
    "🤖 Ζεύς ß",
    "interestrates orchestra",
)
ROBERTA = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
BERT = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def texts_to_learn() -> Iterator[str]:
    for _ in range(3):  # a pair must be seen more than once to be merged
        yield from (*SENTENCES, *CORPUS, *OTHERS, *GOLDEN_TEXTS)


def wordpiece() -> Tokenizer:
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(vocab_size=1500, special_tokens=BERT, show_progress=False)
    tokenizer.train_from_iterator(texts_to_learn(), trainer)
    return tokenizer


def byte_level_bpe() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=900,
        special_tokens=ROBERTA,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts_to_learn(), trainer)
    return tokenizer


def unigram(special: list[str], unknown: str) -> Tokenizer:
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=900, special_tokens=special, unk_token=unknown, show_progress=False
    )
    tokenizer.train_from_iterator(texts_to_learn(), trainer)
    return tokenizer


def scored(tokenizer: Tokenizer) -> list[tuple[str, float]]:
    model = json.loads(tokenizer.to_str())["model"]
    return [(piece, score) for piece, score in model["vocab"]]


def bpe_parts(tokenizer: Tokenizer) -> dict[str, Any]:
    model = json.loads(tokenizer.to_str())["model"]
    return {"vocab": model["vocab"], "merges": [tuple(pair) for pair in model["merges"]]}


def modernbert_tokenizer() -> Any:
    """Special tokens at the end of the vocabulary, as ModernBERT has them."""
    parts = bpe_parts(byte_level_bpe())
    pieces = sorted((p for p in parts["vocab"] if p not in ROBERTA), key=parts["vocab"].get)
    vocab = {piece: index for index, piece in enumerate(pieces)}
    tokenizer = Tokenizer(models.BPE(vocab, parts["merges"]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(BERT)
    ends = [(token, tokenizer.token_to_id(token)) for token in ("[CLS]", "[SEP]")]
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B [SEP]", special_tokens=ends
    )
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        unk_token="[UNK]",
        pad_token="[PAD]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
    )


def bert_tokenizer() -> Any:
    return transformers.BertTokenizerFast(vocab=wordpiece().get_vocab())


TOKENIZERS: dict[str, Callable[[], Any]] = {
    "bert": bert_tokenizer,
    "roberta": lambda: transformers.RobertaTokenizer(**bpe_parts(byte_level_bpe())),
    "modernbert": modernbert_tokenizer,
    "xlm-roberta": lambda: transformers.XLMRobertaTokenizer(
        vocab=scored(unigram(ROBERTA, "<unk>"))
    ),
    "camembert": lambda: transformers.CamembertTokenizer(
        vocab=scored(unigram(["<s>NOTUSED", "<pad>", "</s>NOTUSED", "<unk>", "<mask>"], "<unk>"))
    ),
    "albert": lambda: transformers.AlbertTokenizer(
        vocab=scored(unigram(["<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]"], "<unk>"))
    ),
    "deberta-v2": lambda: transformers.DebertaV2Tokenizer(
        vocab=scored(unigram(["[PAD]", "[UNK]", "[CLS]", "[SEP]"], "[UNK]"))
    ),
}
"""Family to a tokenizer of its class, learned from the sentences above."""


def make_checkpoint(folder: Path, family: str, **config: Any) -> Path:
    """A tiny model of `family` that predicts masked tokens, with a learned tokenizer."""
    torch.manual_seed(3)
    tokenizer = TOKENIZERS[family]()
    tokenizer.model_max_length = 40
    ids = {
        f"{name}_token_id": getattr(tokenizer, f"{name}_token_id")
        for name in ("pad", "cls", "sep", "bos", "eos", "mask")
    }
    settings = transformers.AutoConfig.for_model(
        family,
        **{
            "vocab_size": len(tokenizer),
            "hidden_size": 16,
            "embedding_size": 8 if family == "albert" else 16,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "intermediate_size": 24,
            "max_position_embeddings": 64,
            "type_vocab_size": {"bert": 2, "albert": 2, "deberta-v2": 0}.get(family, 1),
            **{key: value for key, value in ids.items() if value is not None},
            **config,
        },
    )
    model = transformers.AutoModelForMaskedLM.from_config(settings)
    redraw(model)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def trim(folder: Path, target: Path, texts: tuple[str, ...] = CORPUS) -> TrimmedVocabulary:
    corpus = target.with_name("corpus.txt")
    corpus.write_text("\n".join(texts) + "\n", encoding="utf-8")
    return trim_vocabulary(open_checkpoint(folder, task="feature-extraction"), corpus, target)


def reopened(folder: Path, target: Path) -> CheckpointModel:
    return CheckpointModel(open_trimmed(open_checkpoint(folder, task="feature-extraction"), target))


@pytest.mark.parametrize("family", TOKENIZERS)
def test_texts_of_the_corpus_keep_pieces_and_vectors(family: str, tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "whole", family)
    record = trim(folder, tmp_path / "trimmed")
    old = CheckpointModel(open_checkpoint(folder, task="feature-extraction"))
    new = reopened(folder, tmp_path / "trimmed")
    assert record.kept == new.model.config.vocab_size < record.pieces
    for text in CORPUS:
        assert new.tokenizer.tokenize(text) == old.tokenizer.tokenize(text)
    for before, after in zip(old.outputs(CORPUS), new.outputs(CORPUS), strict=True):
        np.testing.assert_allclose(after, before, atol=1e-6)


@pytest.mark.parametrize("family", TOKENIZERS)
def test_any_text_can_still_be_written(family: str, tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "whole", family)
    trim(folder, tmp_path / "trimmed")
    old = CheckpointModel(open_checkpoint(folder, task="feature-extraction")).tokenizer
    new = reopened(folder, tmp_path / "trimmed").tokenizer
    for text in OTHERS:
        before, after = old.tokenize(text), new.tokenize(text)
        assert len(after) >= len(before)
        assert after.count(new.unk_token) == before.count(old.unk_token)
        assert new.decode(new.encode(text)) == old.decode(old.encode(text))


@pytest.mark.parametrize("family", ["bert", "roberta", "modernbert", "albert", "deberta-v2"])
def test_a_masked_word_is_guessed_with_the_same_scores(family: str, tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "whole", family)
    trim(folder, tmp_path / "trimmed")
    pieces, logits = [], []
    for at in (folder, tmp_path / "trimmed"):
        tokenizer = transformers.AutoTokenizer.from_pretrained(at)
        model = transformers.AutoModelForMaskedLM.from_pretrained(at).eval()
        inputs = tokenizer(
            f"turn on the {tokenizer.mask_token} in the kitchen.", return_tensors="pt"
        )
        with torch.inference_mode():
            scores = model(**inputs).logits[0].numpy()
        pieces.append(tokenizer.convert_ids_to_tokens(range(len(tokenizer))))
        logits.append(scores)
    columns = [pieces[0].index(piece) for piece in pieces[1]]
    np.testing.assert_allclose(logits[1], logits[0][:, columns], atol=1e-5)


def test_an_output_layer_of_its_own_is_cut_too(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "whole", "bert", tie_word_embeddings=False)
    record = trim(folder, tmp_path / "trimmed")
    tensors = load_file(tmp_path / "trimmed/model.safetensors")
    cut = {name for name, tensor in tensors.items() if tensor.shape[0] == record.kept}
    assert "bert.embeddings.word_embeddings.weight" in cut
    assert "cls.predictions.decoder.weight" in cut
    assert cut & {"cls.predictions.bias", "cls.predictions.decoder.bias"}


def test_a_tensor_that_only_happens_to_be_as_long_as_the_vocabulary_stays(tmp_path: Path) -> None:
    size = len(TOKENIZERS["bert"]())
    folder = make_checkpoint(tmp_path / "whole", "bert", intermediate_size=size)
    trim(folder, tmp_path / "trimmed")
    tensors = load_file(tmp_path / "trimmed/model.safetensors")
    assert tensors["bert.encoder.layer.0.intermediate.dense.weight"].shape == (size, 16)


def test_weights_in_several_files_are_cut_file_by_file(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "whole", "bert")
    model = transformers.AutoModelForMaskedLM.from_pretrained(folder)
    (folder / "model.safetensors").unlink()
    model.save_pretrained(folder, max_shard_size="20KB")
    shards = sorted(file.name for file in folder.glob("*.safetensors"))
    assert len(shards) > 1
    trim(folder, tmp_path / "trimmed")
    assert sorted(file.name for file in (tmp_path / "trimmed").glob("*.safetensors")) == shards
    reopened(folder, tmp_path / "trimmed")


def test_vocab_txt_alone_is_enough(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "whole", "bert")
    pieces = sorted(TOKENIZERS["bert"]().get_vocab().items(), key=lambda entry: entry[1])
    (folder / "tokenizer.json").unlink()
    (folder / "vocab.txt").write_text("".join(f"{piece}\n" for piece, _ in pieces))
    record = trim(folder, tmp_path / "trimmed")
    assert not (tmp_path / "trimmed/vocab.txt").exists()
    assert record.kept < record.pieces == len(pieces)


def test_truncation_padding_and_special_ids_are_carried_over(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "whole", "modernbert")
    backend = Tokenizer.from_file(str(folder / "tokenizer.json"))
    backend.enable_truncation(33)
    backend.enable_padding(pad_id=backend.token_to_id("[PAD]"), pad_token="[PAD]")
    backend.save(str(folder / "tokenizer.json"))
    trim(folder, tmp_path / "trimmed")
    trimmed = Tokenizer.from_file(str(tmp_path / "trimmed/tokenizer.json"))
    padding: Any = trimmed.padding
    assert trimmed.truncation == backend.truncation
    assert padding["pad_id"] == trimmed.token_to_id("[PAD]") != backend.token_to_id("[PAD]")
    ids = trimmed.encode("the lamp", "the kitchen").ids
    assert [trimmed.id_to_token(index) for index in ids].count("[SEP]") == 2
    config = json.loads((tmp_path / "trimmed/config.json").read_text())
    assert config["pad_token_id"] == trimmed.token_to_id("[PAD]")
    assert config["cls_token_id"] == ids[0] == trimmed.token_to_id("[CLS]")


def test_a_sentence_transformers_folder_keeps_its_modules(
    tiny_embedder: Path, tmp_path: Path
) -> None:
    corpus = tmp_path / "corpus.txt"
    corpus.write_text("turn on the lamp\n")
    checkpoint = open_checkpoint(tiny_embedder)
    trim_vocabulary(checkpoint, corpus, tmp_path / "trimmed")
    trimmed = open_trimmed(checkpoint, tmp_path / "trimmed")
    assert (trimmed.pooling, trimmed.normalize) == (checkpoint.pooling, checkpoint.normalize)
    assert (trimmed.max_length, trimmed.id) == (checkpoint.max_length, checkpoint.id)


def test_pieces_that_texts_need_behind_a_prompt_stay(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "whole", "roberta")
    checkpoint = open_checkpoint(folder, task="feature-extraction")
    checkpoint = replace(checkpoint, prompts={"query": "orchestra in Ljubljana: "})
    corpus = tmp_path / "corpus.txt"
    corpus.write_text("lamp\n")
    trim_vocabulary(checkpoint, corpus, tmp_path / "trimmed")
    old, new = (
        CheckpointModel(c).tokenizer
        for c in (checkpoint, open_trimmed(checkpoint, tmp_path / "trimmed"))
    )
    prompted = "orchestra in Ljubljana: lamp"
    assert new.tokenize(prompted) == old.tokenize(prompted)


def test_what_unseen_texts_cost_is_measured_on_texts_held_back(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "whole", "bert")
    seen = trim(folder, tmp_path / "one", ("the lamp",) * 10)
    assert seen.unseen is not None
    assert seen.unseen.pieces_after == seen.unseen.pieces_before == 2 + 2
    unseen = trim(folder, tmp_path / "two", (*["the lamp"] * 9, "refunds refunded orchestra"))
    assert unseen.unseen is not None
    assert unseen.unseen.texts == 1
    assert unseen.unseen.pieces_after > unseen.unseen.pieces_before
    assert unseen.unseen.unknown_after == unseen.unseen.unknown_before
    assert trim(folder, tmp_path / "three", ("the lamp",)).unseen is None


@pytest.mark.parametrize("family", ["bert", "roberta", "xlm-roberta"])
def test_one_piece_fewer_is_one_too_few(family: str) -> None:
    tokenizer = json.loads(TOKENIZERS[family]().backend_tokenizer.to_str())
    ids = ids_of(open_untruncated(tokenizer), CORPUS)
    kept = pieces_to_keep(tokenizer, used_pieces(ids))
    singles = set(pieces_to_keep(tokenizer, ()))
    longest = max(set(np.concatenate(ids).tolist()) - singles)
    fewer = [index for index in kept if index != longest]
    trimmed = open_untruncated(rebuild_tokenizer(tokenizer, fewer))
    changed = [len(a) != len(b) for a, b in zip(ids, ids_of(trimmed, CORPUS), strict=True)]
    assert any(changed)


def test_a_piece_lost_on_the_way_stops_the_export(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_checkpoint(tmp_path / "whole", "bert")
    lamp = Tokenizer.from_file(str(folder / "tokenizer.json")).token_to_id("lamp")

    def careless(tokenizer: dict[str, Any], used: set[int]) -> tuple[int, ...]:
        return tuple(index for index in pieces_to_keep(tokenizer, used) if index != lamp)

    monkeypatch.setattr(trimming_module, "pieces_to_keep", careless)
    with pytest.raises(GateError, match="cuts 'Please turn on the lamp"):
        trim(folder, tmp_path / "trimmed")


def test_rows_in_another_order_stop_the_export(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_checkpoint(tmp_path / "whole", "bert")

    def careless(checkpoint: Any, target: Path, *rest: Any) -> None:
        write_folder(checkpoint, target, *rest)
        tensors = load_file(target / "model.safetensors")
        name = "bert.embeddings.word_embeddings.weight"
        tensors[name] = tensors[name].flip(0).contiguous()
        save_file(tensors, target / "model.safetensors")

    monkeypatch.setattr(trimming_module, "write_folder", careless)
    with pytest.raises(GateError, match="gives other answers"):
        trim(folder, tmp_path / "trimmed")


def test_a_tokenizer_of_more_pieces_than_rows_is_told(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "whole", "bert", vocab_size=100)
    with pytest.raises(CheckpointError, match="is beyond vocab_size 100"):
        trim(folder, tmp_path / "trimmed")


def test_a_corpus_that_is_none_is_told(tmp_path: Path, tiny_embedder: Path) -> None:
    (tmp_path / "corpus.bin").write_bytes(b"x")
    with pytest.raises(InputError, match=r"expected a \.txt"):
        trim_vocabulary(open_checkpoint(tiny_embedder), tmp_path / "corpus.bin", tmp_path / "out")


def test_bytes_stand_in_for_characters_that_are_no_pieces() -> None:
    bytes_ = {f"<0x{value:02X}>": value for value in range(256)}
    vocab = {**bytes_, "a": 256, "b": 257, "ab": 258, "c": 259, "abc": 260}
    merges = [("a", "b"), ("ab", "c")]
    backend = Tokenizer(models.BPE(vocab, merges, byte_fallback=True, unk_token="<0x00>"))
    tokenizer = json.loads(backend.to_str())
    used = used_pieces([np.array(backend.encode("ab").ids, np.int32)])
    trimmed = open_untruncated(rebuild_tokenizer(tokenizer, pieces_to_keep(tokenizer, used)))
    assert trimmed.encode("ab").tokens == ["ab"]
    assert trimmed.encode("abc").tokens == ["ab", "c"]
    assert trimmed.encode("é").tokens == ["<0xC3>", "<0xA9>"]


def test_every_piece_on_the_way_to_a_merged_piece_stays() -> None:
    vocab = {piece: index for index, piece in enumerate(["l", "a", "m", "p", "la", "mp", "lamp"])}
    backend = Tokenizer(models.BPE(vocab, [("m", "p"), ("l", "a"), ("la", "mp")]))
    tokenizer = json.loads(backend.to_str())
    kept = pieces_to_keep(tokenizer, {vocab["lamp"]})
    assert {piece_ids(tokenizer)[piece] for piece in ("la", "mp", "lamp")} <= set(kept)
    assert len(kept) == len(vocab)

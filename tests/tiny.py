"""Tiny checkpoints whose every parameter matters, made from a fixed seed."""

from __future__ import annotations

from pathlib import Path

import torch
import transformers

VOCABULARY = """
[PAD] [UNK] [CLS] [SEP] [MASK] a the is was not on off in to and of it turn lamp light fan kitchen
bedroom anna ben paris berlin good bad very 灯 关 开 北 京 cafe naive e ##s ##ed ##ing ##er 1 2 3 4
5 6 7 8 9 0 . , ! ? ' - one two three please tell that late
""".split()


def make_checkpoint(
    folder: Path, architecture: str, labels: tuple[str, ...] = (), *, seed: int = 7
) -> Path:
    """Write a BERT of two layers whose every parameter matters.

    As they come, biases are 0, gains 1 and attention nearly uniform, which would hide a mistake in
    any of them: all are redrawn.
    """
    torch.manual_seed(seed)
    config = transformers.BertConfig(
        vocab_size=len(VOCABULARY),
        hidden_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=128,
        max_position_embeddings=64,
        id2label=dict(enumerate(labels)) if labels else None,
        label2id={name: i for i, name in enumerate(labels)} if labels else None,
    )
    model = getattr(transformers, architecture)(config)
    redraw(model)
    model.save_pretrained(folder)
    write_tokenizer(folder)
    return folder


def make_untrained(
    folder: Path,
    *,
    layers: int = 2,
    hidden: int = 64,
    dropout: float = 0.0,
    spread: float = 0.02,
    seed: int = 3,
) -> Path:
    """Write a BERT as it is before training; without dropout a few steps teach it something.

    Args:
        folder: where to.
        layers, hidden: its size; heads are two.
        dropout: of hidden states and of attention.
        spread: of its random weights.
        seed: of the same.
    """
    torch.manual_seed(seed)
    config = transformers.BertConfig(
        vocab_size=len(VOCABULARY),
        hidden_size=hidden,
        num_hidden_layers=layers,
        num_attention_heads=2,
        intermediate_size=2 * hidden,
        max_position_embeddings=64,
        hidden_dropout_prob=dropout,
        attention_probs_dropout_prob=dropout,
        initializer_range=spread,
    )
    transformers.BertModel(config).save_pretrained(folder)
    write_tokenizer(folder)
    return folder


def redraw(model: torch.nn.Module) -> None:
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            spread = 0.5 if "query" in name or "key" in name or "position" in name else 0.2
            center = 1.0 if name.endswith("LayerNorm.weight") else 0.0
            parameter.copy_(center + spread * torch.randn_like(parameter))


def write_tokenizer(folder: Path) -> None:
    (folder / "vocab.txt").write_text("\n".join(VOCABULARY) + "\n", encoding="utf-8")
    tokenizer = transformers.BertTokenizerFast(str(folder / "vocab.txt"), do_lower_case=True)
    tokenizer.save_pretrained(folder)

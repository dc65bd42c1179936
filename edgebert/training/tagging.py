"""Token classification: entities of raw text, learned and scored as character spans."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor
from torch.nn.functional import cross_entropy
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from edgebert.data import Examples, Span, Text
from edgebert.drift.statistics import entity_f1
from edgebert.errors import InputError
from edgebert.runtimes import Entity
from edgebert.runtimes.entities import decode_entities
from edgebert.runtimes.tags import TagScheme
from edgebert.runtimes.words import TokenizedText, Word, split_words
from edgebert.training.batches import Encoded, encode, pad, predict

IGNORED = -100
"""The target of a token that has no label of its own, as cross entropy skips it."""


@dataclass(frozen=True)
class TaggedTexts:
    """Texts and their entities.

    Attributes:
        targets: for each text the label number of each token, or IGNORED.
    """

    encoded: Encoded
    tokenized: tuple[TokenizedText, ...]
    targets: list[list[int]]
    entities: tuple[tuple[Span, ...], ...]
    labels: tuple[str, ...]

    metric = "entity_f1"

    @property
    def lengths(self) -> list[int]:
        return self.encoded.lengths

    def loss(self, model: PreTrainedModel, rows: list[int]) -> Tensor:
        return self.logits_loss(model(**self.encoded.batch(rows)).logits, rows)

    def logits_loss(self, logits: Tensor, rows: list[int]) -> Tensor:
        """Mean cross entropy of float32 [rows, sequence, labels] where a token has a label."""
        targets = pad([self.targets[row] for row in rows], IGNORED).to(logits.device)
        labelled = targets != IGNORED
        logits = logits[:, : targets.shape[1]][labelled]
        total = cross_entropy(logits, targets[labelled], reduction="sum")
        return total / labelled.sum().clamp(min=1)

    def score(self, model: PreTrainedModel) -> float:
        """Micro F1 of exact (start, end, label) matches, in points."""
        found = _find_entities(model, self.encoded, self.tokenized, self.labels)
        return 100 * entity_f1(self.entities, found)


def bio_labels(examples: Examples) -> tuple[str, ...]:
    """O, then B-X and I-X for each entity label X of a file, sorted."""
    kinds = sorted({span.label for spans in examples.require_entities() for span in spans})
    return ("O", *(f"{prefix}-{kind}" for kind in kinds for prefix in "BI"))


def encode_tagged(
    examples: Examples, *, tokenizer: PreTrainedTokenizerBase, labels: tuple[str, ...]
) -> TaggedTexts:
    """Encode texts and entities for a model with these labels, of whatever scheme.

    Raises:
        InputError: an entity label that the model does not have.
    """
    entities, scheme = examples.require_entities(), TagScheme.of(labels)
    for row, spans in enumerate(entities):
        for span in spans:
            if scheme.label(span.label, first=True, last=True) is None:
                raise InputError(
                    f"{examples.where(row)}: the model has no entity label {span.label!r}"
                )
    texts = [str(text) for text in examples.texts]
    encoded = encode(tokenizer, texts)
    return _tagged(encoded, _tokenize(tokenizer, texts), entities, labels)


def tag_texts(
    texts: Sequence[Text],
    *,
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    labels: tuple[str, ...],
) -> TaggedTexts:
    """Texts with the entities that `model` finds in them."""
    singles = [str(text) for text in texts]
    tokenized = _tokenize(tokenizer, singles)
    encoded = encode(tokenizer, singles)
    found = _find_entities(model, encoded, tokenized, labels)
    entities = tuple(tuple(Span(e.start, e.end, e.label) for e in of_text) for of_text in found)
    return _tagged(encoded, tokenized, entities, labels)


def _tagged(
    encoded: Encoded,
    tokenized: tuple[TokenizedText, ...],
    entities: tuple[tuple[Span, ...], ...],
    labels: tuple[str, ...],
) -> TaggedTexts:
    scheme = TagScheme.of(labels)
    numbers: dict[str | None, int] = {name: number for number, name in enumerate(labels)}
    numbers[None] = IGNORED
    targets = [
        [numbers[name] for name in tag_tokens(text, spans, scheme)]
        for text, spans in zip(tokenized, entities, strict=True)
    ]
    return TaggedTexts(encoded, tokenized, targets, entities, labels)


def _find_entities(
    model: PreTrainedModel,
    encoded: Encoded,
    tokenized: tuple[TokenizedText, ...],
    labels: tuple[str, ...],
) -> list[list[Entity]]:
    logits = predict(model, encoded, lambda batch: model(**batch).logits)
    return [
        decode_entities(text, of_text.numpy(), labels)
        for text, of_text in zip(tokenized, logits, strict=True)
    ]


def _tokenize(
    tokenizer: PreTrainedTokenizerBase, texts: Sequence[str]
) -> tuple[TokenizedText, ...]:
    """Offsets and words of the tokens of each text, as the runtime sees them."""
    encodings = tokenizer(list(texts), truncation=True).encodings
    return tuple(TokenizedText.of(text, one) for text, one in zip(texts, encodings, strict=True))


def tag_tokens(
    text: TokenizedText, entities: Sequence[Span], scheme: TagScheme
) -> list[str | None]:
    """The label of each word at its first token; None at all other tokens.

    A word belongs to the first entity it shares a character with.
    """
    words = split_words(text)
    spans = [_span_of(word, entities) for word in words]
    last = {span: place for place, span in enumerate(spans)}
    first = {span: place for place, span in reversed(list(enumerate(spans)))}
    tags: list[str | None] = [None] * len(text.offsets)
    for place, (word, span) in enumerate(zip(words, spans, strict=True)):
        tags[word.tokens[0]] = (
            scheme.outside()
            if span is None
            else scheme.label(span.label, first=place == first[span], last=place == last[span])
        )
    return tags


def _span_of(word: Word, entities: Sequence[Span]) -> Span | None:
    return next((s for s in entities if s.start < word.end and word.start < s.end), None)

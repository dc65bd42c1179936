"""Token classification: entities of raw text, learned and scored as character spans."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import tokenizers
import torch
from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from edgebert.data import Examples, Span, Text
from edgebert.errors import InputError
from edgebert.measures.mistakes import entity_mistakes
from edgebert.measures.statistics import entity_hits, micro_f1
from edgebert.records.trained import LOSS, Mistakes
from edgebert.runtimes import Entity
from edgebert.tasks.entities import decode_entities
from edgebert.tasks.tags import TagScheme
from edgebert.text.long_texts import Whole, stride_of
from edgebert.text.stitching import stitched, stitched_tokens
from edgebert.text.words import TokenizedText, Word, split_words
from edgebert.training.loop.objective import Scores, Step
from edgebert.training.tasks.encoding import Encoded, pad, predict
from edgebert.training.tasks.labels.asked import AskedLabels
from edgebert.training.tasks.labels.classification import unseen_labels
from edgebert.training.tasks.labels.heads import OneLabel

IGNORED = -100
"""The target of a token that has no label of its own, as cross entropy skips it."""


@dataclass(frozen=True)
class Parts:
    """A text, and what is read of it at a time: all of it, in parts that overlap."""

    text: str
    encodings: tuple[tokenizers.Encoding, ...]


@dataclass(frozen=True)
class TaggedTexts:
    """Texts and their entities.

    Attributes:
        encoded: the parts of all texts, which are one where a text is short enough.
        parts: of each text.
        targets: for each part the label number of each token, or IGNORED.
        head: how the label of a word is learned.
    """

    encoded: Encoded
    parts: tuple[Parts, ...]
    targets: list[list[int]]
    entities: tuple[tuple[Span, ...], ...]
    labels: tuple[str, ...]
    head: OneLabel = field(default_factory=OneLabel)

    metrics = ("entity_f1", "entity_precision", "entity_recall")

    @property
    def lengths(self) -> list[int]:
        return self.encoded.lengths

    @cached_property
    def words(self) -> Tensor:
        """The labels of all words, int64 [words]."""
        numbers = [target for row in self.targets for target in row if target != IGNORED]
        return torch.tensor(numbers, dtype=torch.long)

    @cached_property
    def targets_per_example(self) -> float:
        """Words with a label in a part, on average."""
        return max(1, len(self.words)) / len(self.targets)

    def losses(self, model: PreTrainedModel, step: Step) -> Iterator[Tensor]:
        def total(rows: list[int]) -> Tensor:
            return self.logits_loss(model(**self.encoded.batch(rows)).logits, rows)

        return step.mean(total, self.targets_per_example)

    def logits_loss(self, logits: Tensor, rows: Sequence[int]) -> Tensor:
        """Summed loss of [rows, sequence, labels] where a token has a label."""
        targets = pad([self.targets[row] for row in rows], IGNORED).to(logits.device)
        labelled = targets != IGNORED
        logits = logits[:, : targets.shape[1]][labelled]
        return self.head.loss(logits, targets[labelled])

    def scores(self, model: PreTrainedModel) -> Scores:
        """Micro F1, precision and recall of exact (start, end, label) matches."""
        logits = predict(model, self.encoded, lambda batch: model(**batch).logits)
        found = _entities_of(logits, self.parts, self.labels)
        total = sum(float(self.logits_loss(logits[row][None], [row])) for row in range(len(logits)))
        loss = total / (self.targets_per_example * len(logits))
        hits = entity_hits(self.entities, found)
        right, wanted, given = (int(count) for count in hits.sum(axis=0))
        return {
            "entity_f1": 100 * micro_f1(hits),
            "entity_precision": 100 * (right / given if given else not wanted),
            "entity_recall": 100 * (right / wanted if wanted else not given),
            LOSS: loss,
        }

    def explain(self, model: PreTrainedModel) -> Mistakes:
        logits = predict(model, self.encoded, lambda batch: model(**batch).logits)
        texts = [of_text.text for of_text in self.parts]
        return entity_mistakes(texts, self.entities, _entities_of(logits, self.parts, self.labels))


def bio_labels(examples: Examples) -> tuple[str, ...]:
    """O, then B-X and I-X for each entity label X of a file, sorted."""
    kinds = sorted({span.label for spans in examples.require_entities() for span in spans})
    return ("O", *(f"{prefix}-{kind}" for kind in kinds for prefix in "BI"))


def encode_tagged(
    examples: Examples,
    *,
    tokenizer: PreTrainedTokenizerBase,
    labels: tuple[str, ...],
    head: OneLabel | None = None,
) -> TaggedTexts:
    """Encode texts and entities for a model with these labels, of whatever scheme.

    Raises:
        InputError: an entity label that the model does not have.
    """
    entities, scheme = examples.require_entities(), TagScheme.of(labels)
    kinds = {span.label for spans in entities for span in spans}
    unseen = {kind for kind in kinds if scheme.label(kind, first=True, last=True) is None}
    if unseen:
        rows = [row for row, of in enumerate(entities) if unseen & {span.label for span in of}]
        counts = Counter(s.label for row in rows for s in entities[row] if s.label in unseen)
        raise unseen_labels(examples, rows, counts, "entity label")
    return _tagged(*_read(tokenizer, examples.texts), entities, labels, head or OneLabel())


def ask_tags(
    texts: Sequence[Text], *, tokenizer: PreTrainedTokenizerBase, head: OneLabel
) -> AskedLabels:
    """Texts as a tagger is asked them: at the first token of each word, in one of its parts."""
    encoded, parts = _read(tokenizer, texts)
    return AskedLabels(encoded, head, [row for of_text in parts for row in _asked_tokens(of_text)])


def _asked_tokens(parts: Parts) -> list[list[int]]:
    """For each part of a text the tokens whose labels count there."""
    tokenized, found = stitched_tokens(parts.text, parts.encodings)
    asked: list[list[int]] = [[] for _ in parts.encodings]
    for word in split_words(tokenized):
        part, token = found[word.tokens[0]]
        asked[part].append(token)
    return asked


def tag_texts(
    texts: Sequence[Text],
    taught: Sequence[Tensor],
    *,
    tokenizer: PreTrainedTokenizerBase,
    labels: tuple[str, ...],
) -> TaggedTexts:
    """Texts with the entities that a teacher's logits are, [tokens, labels] of each part.

    Raises:
        InputError: there are none, and a student that finds none would agree with it.
    """
    encoded, parts = _read(tokenizer, texts)
    found = _entities_of(taught, parts, labels)
    if not any(found):
        raise InputError(
            "the teacher finds no entity in the texts of --dev, so nothing tells a good student: "
            "give texts with entities, or leave --dev out"
        )
    entities = tuple(tuple(Span(e.start, e.end, e.label) for e in of_text) for of_text in found)
    return _tagged(encoded, parts, entities, labels, OneLabel())


def _tagged(
    encoded: Encoded,
    parts: tuple[Parts, ...],
    entities: tuple[tuple[Span, ...], ...],
    labels: tuple[str, ...],
    head: OneLabel,
) -> TaggedTexts:
    scheme = TagScheme.of(labels)
    targets = [
        row
        for of_text, spans in zip(parts, entities, strict=True)
        for row in _targets(of_text, spans, scheme, labels)
    ]
    return TaggedTexts(encoded, parts, targets, entities, labels, head)


def _targets(
    parts: Parts, entities: Sequence[Span], scheme: TagScheme, labels: tuple[str, ...]
) -> list[list[int]]:
    """For each part of a text its targets: each token has one, in the part that `tag` asks."""
    tokenized, found = stitched_tokens(parts.text, parts.encodings)
    targets = [[IGNORED] * len(encoding) for encoding in parts.encodings]
    for (part, token), name in zip(found, tag_tokens(tokenized, entities, scheme), strict=True):
        if name is not None:
            targets[part][token] = labels.index(name)
    return targets


def _entities_of(
    logits: Sequence[Tensor], parts: tuple[Parts, ...], labels: tuple[str, ...]
) -> list[list[Entity]]:
    rows = iter(logits)
    wholes = (
        Whole(one.text, one.encodings, [next(rows).numpy() for _ in one.encodings]) for one in parts
    )
    return [decode_entities(*stitched(whole), labels) for whole in wholes]


def _read(
    tokenizer: PreTrainedTokenizerBase, texts: Sequence[Text]
) -> tuple[Encoded, tuple[Parts, ...]]:
    """All of each text in parts that overlap, as the runtime reads them."""
    singles = [str(text) for text in texts]
    room = tokenizer.model_max_length - tokenizer.num_special_tokens_to_add(False)
    read = tokenizer(
        singles,
        truncation=True,
        stride=stride_of(room),
        return_overflowing_tokens=True,
        return_attention_mask=False,
    )
    of_text: list[list[tokenizers.Encoding]] = [[] for _ in singles]
    for place, encoding in zip(read.pop("overflow_to_sample_mapping"), read.encodings, strict=True):
        of_text[place].append(encoding)
    parts = (Parts(text, tuple(some)) for text, some in zip(singles, of_text, strict=True))
    return Encoded({name: read[name] for name in read}, tokenizer.pad_token_id), tuple(parts)


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

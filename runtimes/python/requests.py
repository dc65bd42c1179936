"""What each verb does to its texts: how they are checked, run and read."""

from __future__ import annotations

from functools import partial
from typing import Any

from edgebert.bounds import check_choice, check_number
from edgebert.runtimes.calls import Request
from edgebert.runtimes.pipeline import TextPipeline
from edgebert.runtimes.readings import AtOnce, InParts
from edgebert.tasks.answers import Classification, Entity, mean_classification, read_classification
from edgebert.tasks.embedding import mean_of
from edgebert.tasks.entities import AGGREGATIONS, decode_entities
from edgebert.tasks.masks import Fill, check_masks, fills_of
from edgebert.tasks.questions import Answer, check_question, read_answer
from edgebert.text.encoding import Text, check_text, encode
from edgebert.text.long_pairs import check_sides, parts_of_pairs
from edgebert.text.long_texts import LONG_TEXTS, MEAN, Answered, Whole, tokens_of
from edgebert.text.stitching import stitched
from edgebert.vectors.forms import Vectors, check_form


def embedding(
    pipeline: TextPipeline,
    prompt: str,
    *,
    truncate_dim: int | None,
    max_length: int | None,
    dtype: str,
    long_text: str,
) -> Request[Vectors]:
    """A vector for each text; options as of `Model.embed`, `prompt` the text itself.

    Raises:
        InputError: an option is out of its range.
    """
    normalize = pipeline.spec.normalize
    form = check_form(pipeline.width, normalize=normalize, truncate_dim=truncate_dim, dtype=dtype)
    pipeline.spec.similarity_function.require_kept(dtype)
    whole = check_choice("long_text", long_text, LONG_TEXTS) == MEAN
    check = pipeline.readable(pipeline.prompted(prompt), whole=whole, most=max_length)
    if whole:

        def mean(whole: Whole[str]) -> Vectors:
            return form.of(mean_of(whole, normalize=normalize))

        return Request(check, pipeline.in_parts_of(max_length), mean, form.matrix)

    def vector(answered: Answered[str]) -> Vectors:
        return form.of(answered.row)

    return Request(check, pipeline.at_once(max_length), vector, form.matrix)


def classification(pipeline: TextPipeline, *, long_text: str) -> Request[Classification]:
    """A classification of each text or pair; `long_text` as of `Model.classify`.

    Raises:
        InputError: no such way with long texts.
    """
    spec = pipeline.spec
    if check_choice("long_text", long_text, LONG_TEXTS) == MEAN:

        def mean(whole: Whole[Text]) -> Classification:
            return mean_classification(
                whole.rows,
                tokens_of(whole),
                spec.labels,
                scoring=spec.scoring,
                multi_label=spec.multi_label,
            )

        sides = partial(check_sides, cut=pipeline.cut, max_length=spec.max_length)
        to_parts = partial(parts_of_pairs, tokenizer=pipeline.tokenizer, cut=pipeline.cut)
        return Request(pipeline.readable(sides, whole=True), InParts(to_parts), mean)

    def one(answered: Answered[Text]) -> Classification:
        return read_classification(
            answered.row, spec.labels, scoring=spec.scoring, multi_label=spec.multi_label
        )

    return Request(pipeline.readable(partial(check_text, pairs=True)), pipeline.at_once(), one)


def tagging(pipeline: TextPipeline, *, aggregation: str | None) -> Request[list[Entity]]:
    """The entities of each text; `aggregation` as of `Model.tag`.

    Raises:
        InputError: no such aggregation.
    """
    chosen = pipeline.spec.aggregation if aggregation is None else aggregation
    name = check_choice("aggregation", chosen, AGGREGATIONS)

    def entities(whole: Whole[str]) -> list[Entity]:
        return decode_entities(*stitched(whole), pipeline.spec.labels, name)

    check = pipeline.readable(partial(check_text, pairs=False), whole=True)
    return Request(check, pipeline.in_overlapping_parts, entities)


def mask_filling(pipeline: TextPipeline, k: int) -> Request[list[Fill]]:
    """The likeliest k tokens for each mask of each text.

    Raises:
        InputError: k is below 1.
    """
    check_number("k", k, 1)
    tokenizer, mask = pipeline.tokenizer, str(pipeline.spec.mask_token)

    def masked(text: Any, place: int) -> str:
        return check_masks(str(check_text(text, place, pairs=False)), place, tokenizer, mask)

    def fills(answered: Answered[str]) -> list[Fill]:
        return list(fills_of(answered, tokenizer, mask, k))

    with_offsets = partial(encode, tokenizer)
    reading = AtOnce(with_offsets, pipeline.spec.max_length)
    return Request(pipeline.readable(masked), reading, fills)


def answering(pipeline: TextPipeline, *, allow_no_answer: bool) -> Request[Answer]:
    """The answer to each question; `allow_no_answer` as of `Model.answer`."""
    check = partial(check_question, cut=pipeline.cut, max_length=pipeline.spec.max_length)
    read = partial(read_answer, allow_no_answer=allow_no_answer)
    return Request(pipeline.readable(check, whole=True), pipeline.in_overlapping_parts, read)

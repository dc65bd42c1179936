"""What stands before a text that is compared: as in a search, or the model's default."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from edgebert.data import Retrieval, Text
from edgebert.errors import InputError
from edgebert.references.saved import SavedOutputs
from edgebert.tasks.spec import ModelSpec
from edgebert.text.prompts import Prompted, document_prompt, query_prompt


class PromptedModel(Prompted, Protocol):
    """A model with prompts, one of which may stand before every text."""

    @property
    def spec(self) -> ModelSpec: ...
    @property
    def default_prompt(self) -> str: ...


def prompts_before(source: PromptedModel, n: int, retrieval: Retrieval | None) -> list[str]:
    """What stands before each of n texts: as in a search, or the model's default."""
    if retrieval is None or not source.spec.task.vectors:
        return [source.default_prompt] * n
    query, document = (
        source.prompts[name] if name else ""
        for name in (query_prompt(source), document_prompt(source))
    )
    return [query] * retrieval.queries + [document] * (n - retrieval.queries)


def require_an_answer_each(
    reference: PromptedModel | SavedOutputs,
    candidate: PromptedModel | SavedOutputs,
    texts: Sequence[Text],
    retrieval: Retrieval | None,
) -> None:
    """Refuse saved vectors of a text that is both query and document, if prompts differ for these."""
    saved = [side for side in (reference, candidate) if isinstance(side, SavedOutputs)]
    models = [side for side in (reference, candidate) if not isinstance(side, SavedOutputs)]
    if retrieval is None or not saved or not _apart(models, retrieval, len(texts)):
        return
    both = set(texts[: retrieval.queries]) & set(texts[retrieval.queries :])
    if both:
        raise InputError(
            f"{saved[0].path} holds one answer for each text, but {str(min(both))[:60]!r} is a "
            "query and a document, which the model embeds with different prompts: leave it out "
            "of one of them"
        )


def _apart(models: Sequence[PromptedModel], retrieval: Retrieval, n: int) -> bool:
    return any(len(set(prompts_before(model, n, retrieval))) > 1 for model in models)

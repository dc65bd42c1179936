"""How far two models' answers to one text are apart, by the measure of their task."""

from __future__ import annotations

from dataclasses import dataclass

from edgebert.runtimes.model import Model
from edgebert.tasks.answers import Answers
from edgebert.text.encoding import Text


@dataclass(frozen=True)
class Moved:
    """What became of the answer to a text.

    Attributes:
        distance: as `edgebert check` measures it.
        changed, decisions: labels, of each token where it has one, or answers; 0 of 0 where nothing
            is decided.
        labels: of the reference and of the bundle, where they give one to a text and differ.
    """

    distance: float
    changed: int
    decisions: int
    labels: tuple[str, str] | None


def moved(reference: Model, live: Model, text: Text, *, allow_no_answer: bool) -> Moved:
    """Have both answer a text, now and in this thread, and compare the answers.

    What was answered is computed again: texts have the same answer whatever runs beside them, and the
    whole of it is needed, where a client may have got a part.

    Args:
        reference, live: of one task.
        text: as they read it: with its prompt, as a pair.
        allow_no_answer: whether a question may have none.

    Raises:
        EdgebertError: one of them cannot read it.
    """
    spec = live.spec
    before, after = (
        spec.task.ask(
            model,
            [text],
            aggregation=model.aggregation or "",
            allow_no_answer=allow_no_answer,
        )
        for model in (reference, live)
    )
    distances, changed = spec.task.disagreement(
        before,
        after,
        scorings=(reference.scoring, live.scoring),
        multi_label=spec.multi_label,
        decides=not spec.gives_score,
    )
    flips, decisions = (0, 0) if changed is None else (int(n) for n in changed[0])
    return Moved(float(distances[0]), flips, decisions, _labels(live, before, after))


def _labels(live: Model, before: Answers, after: Answers) -> tuple[str, str] | None:
    spec = live.spec
    one_each = spec.task.labelled and not (spec.task.by_token or spec.multi_label)
    if not one_each or spec.gives_score or before.outputs is None or after.outputs is None:
        return None
    old, new = (spec.labels[int(side.outputs[0].argmax())] for side in (before, after))  # type: ignore[index]
    return None if old == new else (old, new)

"""What a served bundle was held to, in plain words."""

from __future__ import annotations

from edgebert.records.live_drift import LiveDrift


def broken_promises(model: LiveDrift) -> tuple[str, ...]:
    """A sentence for each promise that is broken."""
    golden = model.golden
    wrong = (
        (f"{golden.failed} of {golden.texts} golden texts come out otherwise",)
        if golden and not golden.passed
        else ()
    )
    promises = model.compared.promises if model.compared else ()
    return wrong + tuple(
        f"{promise.name} is {promise.value:.3g}, above the promised {promise.bound:.3g}"
        for promise in promises
        if promise.beyond
    )


def promises_of(model: LiveDrift) -> int:
    """How many promises it is held to."""
    return bool(model.golden) + len(model.compared.promises if model.compared else ())

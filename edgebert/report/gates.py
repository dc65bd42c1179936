"""What a drift check was held to, in plain words."""

from __future__ import annotations

from edgebert.measures import BOUNDS
from edgebert.records.checked import Cause, CheckRecord, Gate

_SOURCES = {
    "asked": "asked for",
    "option": "given as an option",
    "manifest": "promised by the bundle's manifest",
    "default": "the default, as no bound was given",
    "same model": "held between two forms of one model",
}
_SAME = "same "  # begins the name of a gate on a part of the model, e.g. "same tokenizer"


def failed_bounds(check: CheckRecord) -> tuple[str, ...]:
    """A sentence for each gate that failed; the record's own where it lists no gates."""
    failed = [gate for gate in check.gates if not gate.passed]
    return tuple(sentence(gate, check.causes) for gate in failed) or check.failures


def further_causes(check: CheckRecord) -> tuple[Cause, ...]:
    """Causes that no failed gate is named after."""
    named = {gate.name for gate in check.gates if not gate.passed}
    return tuple(cause for cause in check.causes if _SAME + cause.name not in named)


def sentence(gate: Gate, causes: tuple[Cause, ...]) -> str:
    """`The mean distance is 0.0031, above the bound of 0.0015 (max_drift, promised by ...)`."""
    if gate.name.startswith(_SAME):
        part = gate.name.removeprefix(_SAME)
        detail = next((f": {cause.detail}" for cause in causes if cause.name == part), "")
        return f"The {part} is not the reference's{detail}"
    bound, value = bound_and_value(gate)
    side = "below" if gate.name.startswith("min_") else "above"
    return f"The {_subject(gate.name)} is {value}, {side} the bound of {bound} ({gate.name}, {set_by(gate)})"


def _subject(name: str) -> str:
    """What a bound is about; by its name alone where a later version set it."""
    if name in BOUNDS:
        return BOUNDS[name].subject
    return name.removeprefix("max_").removeprefix("min_").replace("_", " ")


def set_by(gate: Gate) -> str:
    return _SOURCES.get(gate.source, f"set in {gate.source}")


def bound_and_value(gate: Gate) -> tuple[str, str]:
    """Both with as many digits as it takes to tell them apart."""
    if gate.name.startswith(_SAME):
        return "the same", "the same" if gate.passed else "another"
    bound, value = f"{gate.bound:.6g}", f"{gate.value:.6g}"
    return bound, (value if float(value) != float(bound) else f"{gate.value:.10g}")

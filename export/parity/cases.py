"""Comparisons under every setting, and what they come to: failures, the worst, what is allowed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from edgebert.arrays import Array
from edgebert.errors import BundleError
from edgebert.export.parity.batches import Batch
from edgebert.export.parity.comparison import Expected, Reading, compare
from edgebert.export.parity.sessions import OURS, first_line, return_memory, run
from edgebert.records.made import ParityCase, WorstParity

Settings = Iterable[tuple[str, Callable[[], Any]]]
"""As from `edgebert.export.parity.sessions.sessions`."""

Run = Callable[[Any, tuple[str, ...], Batch], Mapping[str, Array]]
"""Runs a session: outputs that are asked for, and what of; raises BundleError."""

_ATOL = {"fp32": 1e-4, "fp16": 2e-2}


def compare_everywhere(
    expected: Sequence[Expected], reading: Reading, settings: Settings, run: Run = run
) -> tuple[ParityCase, ...]:
    """One case for each setting and batch; one alone for a setting that cannot open the file.

    Other readers open the file with onnxruntime's defaults, whose optimizer rewrites it at each
    level in another way and so brings other kernels: every level runs every length and mask. Two
    kinds of batch are left to our settings, as what they are about no level touches: real texts,
    whose masks and lengths come with random ids too, and inputs of more than 512 tokens, which are
    about positions and can take minutes.
    """
    short = [one for one in expected if not one.batch.is_long and not one.batch.of_texts]
    cases: list[ParityCase] = []
    for setting, open_session in settings:
        compared = expected if setting == OURS else short or expected
        cases.extend(_cases(setting, open_session, compared, reading, run))
        return_memory()
    return tuple(cases)


def default_atol(precision: str, cases: Sequence[ParityCase]) -> float:
    """Largest absolute difference that is rounding: 1e-4 in fp32 and 0.02 in fp16.

    Rounding grows with what is rounded: where outputs are larger than 1 (root mean square), as
    logits are, the bound is as many times larger.
    """
    return float(f"{_ATOL[precision] * max([1.0, *(case.scale for case in cases)]):.2g}")


def failed_parity(
    cases: Sequence[ParityCase], atol: float, reference: str = "PyTorch"
) -> list[str]:
    """One sentence for what could not be run, and one for what is too far off.

    Args:
        cases: what was compared.
        atol: largest absolute difference that passes; what is no number never does.
        reference: what the graph was compared with.
    """
    failures = [
        f"under {case.session}, {case.name} failed: {case.problem}"
        for case in cases
        if case.problem
    ][:1]
    bad = [case for case in cases if not case.problem and not case.max_abs <= atol]
    if bad:
        worst = max(bad, key=lambda case: case.badness)
        failures.append(
            f"parity with {reference} is off by {worst.max_abs:.3g} (allowed: {atol:g}) in "
            f"{len(bad)} of {len(cases)} comparisons, worst in '{worst.name}' ({worst.batch} x "
            f"{worst.length}), {worst.output}, under {worst.session}"
        )
    return failures


def worst_parity(cases: Sequence[ParityCase], batches: Sequence[Batch]) -> WorstParity | None:
    """The worst case with its input, so that it can be run again; None if no batch was run."""
    inputs = {batch.name: batch.inputs for batch in batches}
    ran = [case for case in cases if case.name in inputs]
    if not ran:
        return None
    worst = max(ran, key=lambda case: case.badness)
    row = worst.where[0] if worst.where else 0
    return WorstParity(
        name=worst.name,
        session=worst.session,
        output=worst.output,
        where=worst.where,
        max_abs=worst.max_abs,
        inputs={name: tuple(values[row].tolist()) for name, values in inputs[worst.name].items()},
    )


def _cases(
    setting: str,
    open_session: Callable[[], Any],
    expected: Sequence[Expected],
    reading: Reading,
    run: Run,
) -> Iterator[ParityCase]:
    try:
        session = open_session()
    except BundleError as error:
        yield _problem("loading the file", (0, 0), setting, error)
        return
    for one in expected:
        try:
            found = run(session, reading.names, one.batch)
            yield compare(one, found, reading, setting)
        except (BundleError, ValueError) as error:
            yield _problem(one.batch.name, one.batch.mask.shape, setting, error)


def _problem(name: str, shape: tuple[int, ...], setting: str, error: Exception) -> ParityCase:
    return ParityCase(
        name=name,
        batch=shape[0],
        length=shape[1],
        max_abs=np.nan,
        min_cosine=-1.0,
        session=setting,
        problem=first_line(error),
    )

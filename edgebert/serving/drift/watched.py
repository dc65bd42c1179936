"""What is known of one bundle that is served: its golden texts, its reference, what was found."""

from __future__ import annotations

from dataclasses import dataclass

from edgebert.errors import EdgebertError
from edgebert.records.golden import Golden
from edgebert.records.header import now
from edgebert.records.live_drift import GoldenState, LiveDrift
from edgebert.runtimes.golden import run_golden
from edgebert.runtimes.model import Model
from edgebert.serving.drift.findings import Findings, Promised
from edgebert.serving.models import ServedModel


@dataclass(eq=False)
class Watched:
    """A bundle from the moment that it answers.

    Attributes:
        served: the bundle.
        golden: its golden texts, which are kept because its files may go.
        golden_state: how they came out last.
        reference: fingerprint of what it is compared with, once that is loaded.
        findings: None where it has no reference.
        skipped, failed: texts that were drawn, and not compared: too many waited, or they could
            not be read.
        trouble: why it is not compared although it should be.
    """

    served: ServedModel
    golden: Golden
    golden_state: GoldenState
    reference: str | None = None
    findings: Findings | None = None
    skipped: int = 0
    failed: int = 0
    trouble: str | None = None

    @classmethod
    def just_proved(cls, served: ServedModel) -> Watched:
        """A bundle whose golden texts came out right a moment ago."""
        golden = served.model.bundle.golden()
        return cls(served, golden, _state(golden, 0))

    def prove(self) -> GoldenState:
        """Run the golden texts again."""
        try:
            answers = run_golden(self.served.model, self.golden)
            failed = sum(not answer.passed for answer in answers)
        except EdgebertError:  # it cannot run any more
            failed = len(self.golden.texts)
        self.golden_state = _state(self.golden, failed)
        return self.golden_state

    def begin(self, reference: str) -> None:
        """Compare with the reference of this fingerprint from now on."""
        self.reference = reference
        self.findings = Findings(promised_of(self.served.model))

    def record(self, share: float) -> LiveDrift:
        """What is known.

        Args:
            share: of texts that are to be compared.
        """
        model = self.served.model
        return LiveDrift(
            model=self.served.name,
            sha256=model.bundle.sha256,
            fingerprint=self.served.fingerprint,
            task=model.task,
            reference=self.reference,
            share=share,
            skipped=self.skipped,
            failed=self.failed,
            trouble=self.trouble,
            compared=self.findings.record() if self.findings else None,
            golden=self.golden_state,
        )


def promised_of(model: Model) -> Promised:
    """What is promised of a bundle: by its manifest, else what its task holds."""
    drift = model.measured_drift
    if drift is None:
        return Promised(model.spec.task.default_bounds, "default")
    return Promised(drift.promises, "manifest")


def _state(golden: Golden, failed: int) -> GoldenState:
    return GoldenState(not failed, len(golden.texts), failed, now())

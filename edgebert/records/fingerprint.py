"""Which model gave an answer, as a short string that lies beside the answer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import quote, unquote

ONNXRUNTIME = "onnxruntime"
"""The engine that runs a graph where nothing else is said."""


_KERNELS, _BF16 = "kernels", ".bf16"


def kernels_engine(arithmetic: int, *, bf16: bool = False) -> str:
    """The engine where edgebert's kernels run what they can of a graph, by their arithmetic.

    Args:
        arithmetic: its number.
        bf16: whether attention multiplies numbers of bfloat16.
    """
    return f"{_KERNELS}{arithmetic}{_BF16 if bf16 else ''}"


@dataclass(frozen=True)
class Fingerprint:
    """Equal when, and only when, answers may be mixed: vectors in one index, say.

    As a string `SCHEME-SOURCE-DIGEST-ENGINE`, then `+NAME=VALUE` for each option.

    Attributes:
        scheme: how the bundle was quantized, or its precision.
        source: first digits of the hash of the weights that it was made of.
        digest: of all in the bundle that changes an answer.
        engine: what runs the graph.
        options: of the run that change an answer, by name; none as the bundle has it by itself.
    """

    scheme: str
    source: str
    digest: str
    engine: str = ONNXRUNTIME
    options: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        options = (f"+{name}={quote(value, safe='')}" for name, value in self.options)
        return f"{self.scheme}-{self.source}-{self.digest}-{self.engine}{''.join(options)}"

    @classmethod
    def read(cls, text: str) -> Fingerprint:
        """Read what `str` wrote.

        Raises:
            ValueError: it is no fingerprint.
        """
        model, *options = text.split("+")
        scheme, source, digest, engine = model.rsplit("-", 3)
        pairs = (option.split("=") for option in options)
        return cls(scheme, source, digest, engine, tuple((n, unquote(v)) for n, v in pairs))

    @property
    def model(self) -> Fingerprint:
        """The same without the options of the run."""
        return replace(self, options=())

    @property
    def by_kernels(self) -> bool:
        """Whether edgebert's kernels ran what they can of the graph."""
        return self.engine.startswith(_KERNELS)

    @property
    def bf16(self) -> bool:
        """Whether attention multiplied numbers of bfloat16."""
        return self.engine.endswith(_BF16)

    def way_to(self, other: Fingerprint) -> str:
        """How the model of this fingerprint gives the answers of another one, where it can; else ""."""
        if replace(self, engine=other.engine) != other or self.engine == other.engine:
            return ""
        if not (other.by_kernels or other.engine == ONNXRUNTIME):
            return ""
        if other.by_kernels and not self.by_kernels:
            return "install the kernels: pip install 'edgebert[native]'"
        asked = "bf16" if other.bf16 else "required" if other.by_kernels else "off"
        return f"load the bundle with kernels={asked!r} (--kernels {asked})"

    @property
    def told_options(self) -> str:
        """The options in words, for a message."""
        told = [f"{name} {value.partition('.')[0]!r}" for name, value in self.options]
        return f"with {' and '.join(told)}" if told else "without options"

    def having(self, **options: str) -> Fingerprint:
        """The same with options of the run; those that are empty change nothing."""
        return replace(self, options=tuple((n, v) for n, v in sorted(options.items()) if v))

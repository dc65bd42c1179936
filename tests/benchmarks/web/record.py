"""What a run leaves behind: clients with models, in places, on texts."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

from edgebert.records.header import Header


@dataclass(frozen=True)
class Speed:
    """One client on one set of texts.

    Attributes:
        texts: the set's name.
        batch: texts that were handed over at a time, of those tried the fastest; 0: all at once.
        trials: texts/s of a part of the texts for each batch.
        seconds: of each round.
        cosine_mean: to the vectors of fp32 in Python, as `cosine_min`; None where they are of
            another model.
    """

    texts: str
    batch: int
    trials: dict[str, float]
    seconds: tuple[float, ...]
    cosine_mean: float | None
    cosine_min: float | None

    @property
    def fastest_s(self) -> float:
        return min(self.seconds)

    @property
    def median_s(self) -> float:
        return median(self.seconds)


@dataclass(frozen=True)
class Seat:
    """One client with one model in one place. `failure` says why it stopped; empty: it did not.

    Attributes:
        first_answer_s: from nothing loaded to the first vector; the server is on the same machine.
        model_bytes: of the model's folder.
        downloaded_bytes: of all that a page fetched for it, not compressed; None in Node.
        memory_bytes: the most that its process had: that of the page, or Node's.
    """

    place: str
    threads: int
    name: str
    title: str
    model_bytes: int
    failure: str = ""
    first_answer_s: float | None = None
    downloaded_bytes: int | None = None
    memory_bytes: int | None = None
    speeds: tuple[Speed, ...] = ()


@dataclass(frozen=True, kw_only=True)
class WebRecord(Header):
    """`sizes`: how many texts each set has; `load`: processes that wanted to run before it began."""

    record: str = "bench-web"
    versions: dict[str, str]
    sizes: dict[str, int]
    rounds: int
    load: float
    cores: int
    seats: tuple[Seat, ...]

    @property
    def busy(self) -> bool:
        """Whether others used the machine: then only ratios within a column mean something."""
        return self.load > self.cores / 4

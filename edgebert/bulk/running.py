"""One run of a job: the shards that are its share, and every output that is whole then."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from edgebert.bulk.asking import Asking
from edgebert.bulk.failures import tell_failures
from edgebert.bulk.job import Failure, Job, JobFolder, Shard, Tell, record_path
from edgebert.bulk.joining import Joined, join
from edgebert.bulk.planning import open_job, refuse_changed, refuse_in_the_way
from edgebert.bulk.sources import Source, find_source
from edgebert.bulk.worker import Look
from edgebert.errors import OutputError
from edgebert.output import write_errors_named
from edgebert.progress import counted


class Workers(Protocol):
    """What answers shards."""

    def look(self) -> Look:
        """What one of them says of itself; all say the same."""

    def refuse_unreadable(self, paths: Iterable[Path]) -> None:
        """See `Worker`."""

    def write(
        self, shards: Iterator[Shard], most: int, passed: Callable[[], None]
    ) -> Iterator[Shard]:
        """Answer shards, and yield each that is done.

        Args:
            shards: are taken one by one, when a worker is free.
            most: how many there may be.
            passed: may be called after each text.
        """


@dataclass(frozen=True)
class Share:
    """The shards of one of several runs: every `of`-th, of them the `number`-th, from 1."""

    number: int = 1
    of: int = 1

    def has(self, place: int) -> bool:
        """Whether the shard at a place among all is one of them."""
        return place % self.of == self.number - 1


@dataclass
class Outcome:
    """What a run ended with.

    Attributes:
        look: at what answered.
        waiting: shards that other runs have still to do, by the outputs that wait for them.
        texts, cut: of the inputs whose outputs this run put together.
        failures: texts of these without an answer.
    """

    look: Look
    outputs: int
    waiting: dict[str, int] = field(default_factory=dict)
    texts: int = 0
    cut: int = 0
    failures: list[tuple[Path, Failure]] = field(default_factory=list)

    def tell_failures(self) -> None:
        """Raise an `InputError` for texts without an answer, if there are any."""
        tell_failures(self.failures, "All others were answered")


def run_bulk(
    asking: Asking,
    given: Path,
    output: Path,
    workers: AbstractContextManager[Workers],
    *,
    share: Share = Share(),
    force: bool = False,
    tell: Tell = lambda said: None,
) -> Outcome:
    """Answer the texts of many files; each gets an output as soon as all of it is answered.

    A run that is killed, however, is gone on with by another of the same job.

    Args:
        asking: what is asked.
        given: a folder, a pattern or a file of texts.
        output: the folder of the job.
        workers: that answer.
        share: of the shards that this run does.
        force: whether to begin anew, whatever is there.
        tell: is told what the run goes on with.

    Raises:
        InputError: inputs cannot be read, or are not what the job was planned for.
        OutputError: the folder holds something else, or cannot be written.
        BundleError, ProviderError: the bundle cannot be run.
    """
    folder = JobFolder(output)
    source = find_source(given, output)
    refuse_in_the_way(folder, force=force)
    with workers as crew:
        look = crew.look()
        check = crew.refuse_unreadable
        job, fresh = open_job(folder, asking, source, look, force=force, check=check)
        return _Run(folder, job, source, look, share, tell).done_by(crew, fresh=fresh)


class _Run:
    def __init__(
        self, folder: JobFolder, job: Job, source: Source, look: Look, share: Share, tell: Tell
    ) -> None:
        self._folder = folder
        self._job = job
        self._source = source
        self._look = look
        self._share = share
        self._tell = tell
        self._outcome = Outcome(look, len(job.inputs))
        self._left: Counter[int] = Counter()  # shards of the share, by their inputs

    def done_by(self, crew: Workers, *, fresh: bool) -> Outcome:
        """Do what is left of the share.

        Args:
            crew: that answers.
            fresh: whether the inputs were read just now.
        """
        open_ = self._open_inputs()
        if not open_:
            self._tell(f"All outputs are in {self._folder.path} already.")
            self._look_around()
            return self._outcome
        if not fresh:
            refuse_changed(self._job, self._source, open_)
        try:
            with write_errors_named(self._folder.path):
                self._folder.parts_of(self._job).mkdir(parents=True, exist_ok=True)
            self._answer(crew)
            self._join_whole(self._open_inputs())
        except OutputError as error:
            if self._open_inputs():  # else another run has ended it all, and taken the parts away
                raise OutputError(self._kept(str(error))) from error
        except KeyboardInterrupt as error:
            raise KeyboardInterrupt(self._kept("Interrupted")) from error
        self._look_around()
        return self._outcome

    def _answer(self, crew: Workers) -> None:
        """Do the shards of the share that are left; join an input's with the last of them."""
        done, open_ = self._folder.done(self._job), set(self._open_inputs())
        mine = [
            shard
            for place, shard in enumerate(self._folder.shards(self._job, self._source.folder))
            if self._share.has(place)
            and shard.input in open_
            and (shard.input, shard.number) not in done
        ]
        if self._shards_done()[0]:
            self._tell("Going on after {:,} of {:,} shards.".format(*self._shards_done()))
        self._left = Counter(shard.input for shard in mine)
        self._join_whole(open_ - self._left.keys())
        texts = sum(input.texts for input in self._job.inputs)
        with counted(self._job.run["command"], texts, self._texts_done) as bar:
            for shard in crew.write(self._not_done(mine), len(mine), bar.step):
                self._end(shard)
                bar.look_around()

    def _not_done(self, shards: Iterable[Shard]) -> Iterator[Shard]:
        """The shards that no other run has done by the time that they are asked for."""
        for shard in shards:
            output = self._folder.output(self._job.inputs[shard.input])
            if record_path(shard.part).exists() or output.exists():
                self._end(shard)
            else:
                yield shard

    def _end(self, shard: Shard) -> None:
        self._left[shard.input] -= 1
        if not self._left[shard.input]:
            self._join_whole([shard.input])

    def _join_whole(self, numbers: Iterable[int]) -> None:
        """Put the outputs of these inputs together whose shards are all done."""
        done = self._folder.done(self._job)
        for number in numbers:
            input = self._job.inputs[number]
            if all((number, shard) in done for shard in range(len(input.offsets))):
                self._note(number, self._join(number))

    def _join(self, number: int) -> Joined | None:
        input = self._job.inputs[number]
        return join(
            self._folder.output(input),
            self._shards(number),
            self._look.columns_for(pairs=input.pairs),
            self._folder.parts_of(self._job) / f"{number:06}.lock",
        )

    def _note(self, number: int, joined: Joined | None) -> None:
        if joined is None:
            return
        path = self._source.path(self._job.inputs[number].name)
        self._outcome.texts += joined.texts
        self._outcome.cut += joined.cut
        self._outcome.failures += [(path, failure) for failure in joined.failures]

    def _look_around(self) -> None:
        """See what other runs have still to do; where nothing is left, take the parts away."""
        done = self._folder.done(self._job)
        for number in self._open_inputs():
            input = self._job.inputs[number]
            missing = sum((number, shard) not in done for shard in range(len(input.offsets)))
            self._outcome.waiting[input.output] = missing
        if not self._outcome.waiting:
            shutil.rmtree(self._folder.parts, ignore_errors=True)

    def _open_inputs(self) -> list[int]:
        """Numbers of the inputs without an output."""
        outputs = map(self._folder.output, self._job.inputs)
        return [number for number, output in enumerate(outputs) if not output.exists()]

    def _shards(self, number: int) -> Sequence[Shard]:
        return list(self._folder.shards_of(self._job, number, self._source.folder))

    def _texts_done(self) -> int:
        """Texts that are answered, by whomever."""
        job, open_ = self._job, set(self._open_inputs())
        whole = sum(input.texts for n, input in enumerate(job.inputs) if n not in open_)
        parts = [
            min(job.texts_in_a_shard, job.inputs[n].texts - shard * job.texts_in_a_shard)
            for n, shard in self._folder.done(self._job)
            if n in open_
        ]
        return whole + sum(parts)

    def _shards_done(self) -> tuple[int, int]:
        """Shards that are done, by whomever, and all of them."""
        sizes = [len(input.offsets) for input in self._job.inputs]
        open_ = set(self._open_inputs())
        whole = sum(size for number, size in enumerate(sizes) if number not in open_)
        parts = sum(number in open_ for number, _ in self._folder.done(self._job))
        return whole + parts, sum(sizes)

    def _kept(self, told: str) -> str:
        done, every = self._shards_done()
        return (
            f"{told}; {done:,} of {every:,} shards are kept in {self._folder.path}; "
            "the same command goes on with them"
        )

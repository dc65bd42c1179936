"""A job planned once, or found as an earlier run has planned it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from edgebert.answer_files.deciding import differences
from edgebert.bulk.asking import Asking
from edgebert.bulk.job import FORMAT, Input, Job, JobFolder, write_in_place
from edgebert.bulk.sources import Source, output_names
from edgebert.bulk.worker import Look
from edgebert.bundle import file_sha256
from edgebert.data.columns import refuse_without_columns
from edgebert.data.makers import file_beside
from edgebert.data.starts import survey_texts
from edgebert.errors import InputError, OutputError
from edgebert.output import write_errors_named
from edgebert.progress import track

_TEXTS_IN_A_SHARD = 8192
_ANEW = "or add --force to begin anew"


def refuse_in_the_way(folder: JobFolder, *, force: bool) -> None:
    """Say no to a folder that holds something else than a job, before any work.

    Raises:
        OutputError: it does, and `force` is not set; or it is no folder.
    """
    if folder.path.exists() and not folder.path.is_dir():
        raise OutputError(f"{folder.path} is no folder: a job needs one for its outputs")
    if force or not folder.path.exists() or folder.job_path.exists():
        return
    if any(not path.name.startswith(".") for path in folder.path.iterdir()):
        raise OutputError(
            f"{folder.path} exists and holds no job. Choose another output or add --force to "
            "write into it"
        )


def open_job(
    folder: JobFolder,
    asking: Asking,
    source: Source,
    look: Look,
    *,
    force: bool,
    check: Callable[[Iterable[Path]], None],
) -> tuple[Job, bool]:
    """Find the job of a folder, which must be this one, or plan it and write it down.

    Args:
        folder: of the job.
        asking: what is asked.
        source: of the texts.
        look: at what answers them.
        force: whether to begin anew, whatever is there.
        check: refuses inputs with texts that cannot be answered, where outputs cannot say so.

    Returns:
        The job, and whether its inputs were read just now.

    Raises:
        InputError: an input cannot be read, holds what is not answered, or all hold no text.
        OutputError: the folder holds another job; the message says what differs.
    """
    found = None if force else folder.read()
    planned = _plan(asking, source, look) if found is None else None
    if planned is not None:
        check(source.path(input.name) for input in planned.inputs)
        with write_errors_named(folder.path):
            found = _write_down(folder, planned, force=force)
    assert found is not None  # it was found, or planned
    _refuse_other_job(folder, found, look.run, source)
    return found, found == planned


def refuse_changed(job: Job, source: Source, numbers: Iterable[int]) -> None:
    """Hash the inputs of these numbers again.

    Raises:
        InputError: one is not what was planned for.
    """
    for number in numbers:
        input = job.inputs[number]
        if file_sha256(source.path(input.name)) != input.sha256:
            raise _changed(source.path(input.name))


def _plan(asking: Asking, source: Source, look: Look) -> Job:
    outputs = output_names(source.names, asking.format)
    refuse_without_columns(asking.named, map(source.path, source.names))
    inputs = tuple(
        _surveyed(asking, source, name, outputs[name]) for name in track(source.names, "plan")
    )
    if not any(input.texts for input in inputs):
        raise InputError(f"{source.folder} holds no text")
    made_by = look.columns.made_by
    return Job("bulk", FORMAT, look.run, made_by, _TEXTS_IN_A_SHARD, inputs)


def _surveyed(asking: Asking, source: Source, name: str, output: str) -> Input:
    path = source.path(name)
    sha256, size_bytes = file_sha256(path), path.stat().st_size
    survey = survey_texts(path, _TEXTS_IN_A_SHARD, columns=asking.columns_of(path))
    if survey.pairs and not asking.pairs:
        raise InputError(f"{path} holds pairs of texts; name one column with --text-column")
    return Input(
        name,
        size_bytes,
        sha256,
        survey.texts,
        survey.pairs,
        output,
        survey.head_bytes,
        survey.offsets,
    )


def _write_down(folder: JobFolder, planned: Job, *, force: bool) -> Job:
    """Write a job down; return that of another run, where one was written meanwhile."""
    folder.path.mkdir(parents=True, exist_ok=True)
    if force:
        _begin_anew(folder, planned)
    elif (found := folder.read()) is not None:
        return found
    folder.parts.mkdir(exist_ok=True)
    write_in_place(planned, folder.job_path, folder.parts)
    return folder.read() or planned


def _begin_anew(folder: JobFolder, planned: Job) -> None:
    """Take away what would be taken for this job's, or is an earlier job's."""
    earlier = _earlier(folder)
    for input in (*planned.inputs, *(earlier.inputs if earlier else ())):
        folder.output(input).unlink(missing_ok=True)
        file_beside(folder.output(input)).unlink(missing_ok=True)
    shutil.rmtree(folder.parts, ignore_errors=True)


def _earlier(folder: JobFolder) -> Job | None:
    try:
        return folder.read()
    except InputError:
        return None  # of another format: what it has written is not known


def _refuse_other_job(folder: JobFolder, job: Job, run: dict[str, str], source: Source) -> None:
    if job.format != FORMAT:
        raise OutputError(f"{folder.job_path} is of another edgebert; finish it with that, {_ANEW}")
    if told := "; ".join(differences(job.run, run)):
        raise OutputError(f"{folder.path} holds another job: {told}. Give the same again, {_ANEW}")
    if changed := next(_other_inputs(job, source), None):
        raise InputError(
            f"{changed} since {folder.job_path} was written. Choose an output, {_ANEW}"
        )


def _other_inputs(job: Job, source: Source) -> Iterator[str]:
    """What differs in the inputs, as far as it is seen without reading them."""
    planned = {input.name: input.size_bytes for input in job.inputs}
    for name in source.names:
        if name not in planned:
            yield f"{source.path(name)} has come"
        elif source.path(name).stat().st_size != planned[name]:
            yield f"{source.path(name)} was changed"
    for name in planned.keys() - set(source.names):
        yield f"{source.path(name)} has gone"


def _changed(path: Path) -> InputError:
    return InputError(f"{path} was changed since its job was planned. Choose an output, {_ANEW}")

"""Starts bundles on devices, as many at a time as there are cores, and reads their vectors back."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from devices.answering import Vectors
from devices.emulated import HOME, ROOT, Device, command, environment
from devices.texts import Texts
from edgebert.bundle import Bundle
from edgebert.errors import EdgebertError
from edgebert.machine import available_cores

Say = Callable[[str], None]
Job = tuple[Bundle, Device]

_PATIENCE_S = 300  # to start
_PATIENCE_S_PER_TOKEN = 1.0  # several times what both readers take on a busy machine


class DeviceFailed(EdgebertError):  # noqa: N818 - it says what happened to a device
    """A device ended without its vectors, or is not the one it should be."""


@dataclass(frozen=True)
class Answers:
    """What came back from a device.

    Attributes:
        vectors: of each reader, float32 [texts, dim].
        seconds: each reader took to load and to embed.
        cpu_class, python, onnxruntime: what the device says of itself.
    """

    vectors: Mapping[str, Vectors]
    seconds: Mapping[str, float]
    cpu_class: str
    python: str
    onnxruntime: str


def run_all(jobs: Sequence[Job], texts: Texts, say: Say) -> list[Answers]:
    """Embed the texts in every job; answers come in the order of the jobs.

    Raises:
        EdgebertError: a device cannot be started, ended without its vectors, or is another one.
    """
    for _, device in jobs:
        command(device)  # says what is missing before any work is done
    shutil.rmtree(HOME / "answers", ignore_errors=True)

    def run(number: int, job: Job) -> Answers:
        answers = _run(job, HOME / "answers" / f"{number}-{job[1].name}", texts)
        took = ", ".join(f"{reader} {seconds:.0f} s" for reader, seconds in answers.seconds.items())
        say(f"{job[0].path.name} on {job[1].name}: {took}")
        return answers

    with ThreadPoolExecutor(available_cores()) as pool:
        running = [pool.submit(run, number, job) for number, job in enumerate(jobs)]
        try:
            return [one.result() for one in running]
        finally:
            pool.shutdown(cancel_futures=True)


def _run(job: Job, folder: Path, texts: Texts) -> Answers:
    bundle, device = job
    folder.mkdir(parents=True)
    (folder / "texts.json").write_text(json.dumps(texts.texts), encoding="utf-8")
    log = folder / "log"
    arguments = ["-m", "devices.answering", bundle.path.resolve(), folder / "texts.json", folder]
    with log.open("wb") as output:
        try:
            ended = subprocess.run(
                [*command(device), *map(str, arguments)],
                env=environment(device),
                cwd=ROOT,
                check=False,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=_PATIENCE_S + _PATIENCE_S_PER_TOKEN * texts.tokens,
            ).returncode
        except subprocess.TimeoutExpired as error:
            raise _failed(job, f"gave no answer in {error.timeout:.0f} s", log) from error
    if ended:
        how = signal.Signals(-ended).name if ended < 0 else f"exit code {ended}"
        raise _failed(job, f"ended with {how}", log)
    return _read(job, folder)


def _read(job: Job, folder: Path) -> Answers:
    about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
    vectors = {reader: np.load(folder / f"{reader}.npy") for reader in about["seconds"]}
    answers = Answers(vectors, **about)
    wanted = job[1].cpu_class
    if wanted and answers.cpu_class != wanted:
        raise _failed(job, f"has a CPU of {answers.cpu_class}, not {wanted}", folder / "log")
    return answers


def _failed(job: Job, what: str, log: Path) -> DeviceFailed:
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines() or [
        "it is empty"
    ]
    return DeviceFailed(f"{job[1].name} with {job[0].path} {what}; the end of {log}: {lines[-1]}")

"""Find the fastest way to run a bundle on this machine's CPU, without changing an answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from edgebert.bounds import check_number
from edgebert.bundle import TOKENIZER, Bundle, open_bundle
from edgebert.data import Text
from edgebert.data.calibration_texts import CALIBRATION_TEXTS
from edgebert.errors import InputError
from edgebert.machine import available_cores
from edgebert.records.profile import Profile
from edgebert.records.tuned import MANY_TEXTS, ONE_TEXT, Tried, TuneRecord
from edgebert.runtimes import Model
from edgebert.runtimes.kernels import AUTO
from edgebert.runtimes.kernels.choosing import chosen_graphs
from edgebert.runtimes.kernels.graph import KernelGraphs
from edgebert.runtimes.sessions.engine import Engine
from edgebert.runtimes.sessions.profiles import save_profile, without_tuning
from edgebert.runtimes.sessions.providers import CPU
from edgebert.runtimes.sessions.session import open_session
from edgebert.text.encoding import open_tokenizer

if TYPE_CHECKING:
    import onnxruntime

_TOKENS_PER_RUN = (128, 256, 512, 1024, 2048)
_PASS_SECONDS = 0.7  # of many texts: longer than a hiccup of the machine
_RACE_SECONDS = 18.0  # three races: under a minute with all else
_ROUNDS = 8
_HOPELESS = 1.25  # times the fastest: such a way is not tried again
_WORTH_IT = 0.97  # of the time without tuning: what is nearer is noise

Pass = Callable[[Profile], object]


def tune(path: str | Path, *, threads: int | None = None, kernels: str = AUTO) -> TuneRecord:
    """Measure this machine, in less than a minute, and keep the winner for `edgebert.load`.

    Callers, threads, spinning, which texts are short and the size of a micro-batch are tried; the
    last one only for bundles that promise the same answer in every batch.

    Args:
        path: a bundle.
        threads: cores to share out; `load` finds the winner when it is given the same number.
        kernels: as in `load`: a bundle has a winner with them, and one without.

    Raises:
        BundleError, InputError, ProviderError: as `load` does.
        InputError: it writes texts, which is always run one way.
    """
    bundle = open_bundle(path)
    if bundle.manifest.writing is not None:
        raise InputError(
            f"{path} writes texts: each core runs its steps on one thread, the fastest way there "
            "is, so there is nothing to tune"
        )
    cores = available_cores() if threads is None else check_number("threads", threads, 1)
    graph = chosen_graphs(bundle, provider=CPU.name, kernels=kernels)
    ways = _Ways(bundle, graph)
    default = without_tuning(bundle, CPU, cores, kernels=graph is not None)
    texts = _as_many_as_fit(ways, default)
    first, splits = _race(_splits(default), lambda p: ways.model(p).outputs(texts))
    ways.keep(first)
    second, sizes = _race(_sizes(first, bundle), lambda p: ways.model(p).outputs(texts))
    ways.keep(second)
    requests = _requests(ways.model(second))
    third, alone = _race(_alone(second), lambda p: _one_by_one(ways.model(p), requests))
    many = [*splits, *sizes[1:]]  # both begin with the winner of the first race
    return TuneRecord(
        bundle=str(path),
        sha256=bundle.sha256,
        provider=CPU.name,
        cores=cores,
        profile=third,
        faster={
            MANY_TEXTS: round(_faster(splits, default, first) * _faster(sizes, first, second), 3),
            ONE_TEXT: _faster(alone, second, third),
        },
        tried=(
            *(Tried(MANY_TEXTS, profile, ms) for profile, ms in many),
            *(Tried(ONE_TEXT, profile, ms) for profile, ms in alone),
        ),
        kept_in=_kept(
            save_profile(
                third, bundle, provider=CPU.name, threads=threads, kernels=graph is not None
            )
        ),
    )


class _Ways:
    """Models of one bundle that differ in their profile and share sessions."""

    def __init__(self, bundle: Bundle, kernels: KernelGraphs | None = None) -> None:
        self._bundle = bundle
        self._kernels = kernels
        self._tokenizer = open_tokenizer(bundle.path / TOKENIZER)
        self._models: dict[Profile, Model] = {}
        self._sessions: dict[tuple[int, bool], onnxruntime.InferenceSession] = {}

    def model(self, profile: Profile) -> Model:
        if profile not in self._models:
            engine = Engine(self._open, profile)
            running = self._kernels.running if self._kernels else None
            self._models[profile] = Model(self._bundle, engine, self._tokenizer, kernels=running)
        return self._models[profile]

    def keep(self, profile: Profile) -> None:
        """Let go of all sessions but those of this profile: each holds the weights once more."""
        used = ((profile.threads, profile.spinning), (profile.caller_threads, False))
        self._models = {profile: self.model(profile)}
        self._sessions = {key: s for key, s in self._sessions.items() if key in used}

    def _open(self, *, threads: int, spinning: bool) -> onnxruntime.InferenceSession:
        key = threads, spinning
        if key not in self._sessions:
            self._sessions[key] = open_session(
                self._bundle, threads=threads, spinning=spinning, kernels=self._kernels
            )
        return self._sessions[key]


def _race(profiles: Sequence[Profile], run: Pass) -> tuple[Profile, list[tuple[Profile, float]]]:
    """The winner, and the fastest pass of each profile in ms.

    They take turns, so that a slow spell of the machine hits them all. The first one is what is
    used already: it stays unless another one is clearly faster.
    """
    best: dict[Profile, float] = {}
    end = time.monotonic() + _RACE_SECONDS
    left = list(profiles)
    for _ in range(_ROUNDS):
        for profile in left:
            if time.monotonic() > end and profiles[0] in best:
                break
            start = time.perf_counter()
            run(profile)
            elapsed = 1000 * (time.perf_counter() - start)
            best[profile] = min(best.get(profile, elapsed), elapsed)
        left = [
            profile for profile in left if best.get(profile, 0) < _HOPELESS * min(best.values())
        ]
    winner = min(best, key=best.__getitem__)
    if best[winner] > _WORTH_IT * best[profiles[0]]:
        winner = profiles[0]
    return winner, [(profile, float(f"{ms:.4g}")) for profile, ms in best.items()]


def _splits(default: Profile) -> list[Profile]:
    """Callers and threads of each: one on each core, fewer callers with more threads, one."""
    cores = default.callers
    ways = [(cores // threads, threads) for threads in range(1, cores + 1) if cores % threads == 0]
    if cores > 3:
        ways.append((cores // 2, 1))  # one on each physical core, where two share one
    return [replace(default, callers=callers, caller_threads=n) for callers, n in ways]


def _sizes(profile: Profile, bundle: Bundle) -> list[Profile]:
    """Micro-batches of other sizes, where they cannot change an answer."""
    quantization = bundle.manifest.quantization
    fixed = bundle.manifest.fixed_shape is not None
    if fixed or (quantization is not None and not quantization.batch_invariant):
        return [profile]
    sizes = [size for size in _TOKENS_PER_RUN if size != profile.tokens_per_run]
    return [profile, *(replace(profile, tokens_per_run=size) for size in sizes)]


def _alone(profile: Profile) -> list[Profile]:
    """Threads of a run that is alone: all cores, half of them, one.

    Several threads with and without spinning, and for short texts too or not for them.
    """
    cores = profile.threads
    ways = [
        replace(profile, threads=n, spinning=spinning, short_tokens=short)
        for n in dict.fromkeys((cores, max(1, cores // 2)))
        for spinning in (True, False)
        for short in dict.fromkeys((profile.short_tokens, 0))
        if n > 1
    ]
    return [*ways, replace(profile, threads=1, short_tokens=0)]


def _as_many_as_fit(ways: _Ways, default: Profile) -> list[Text]:
    """Texts for a pass of `_PASS_SECONDS`; their lengths are as mixed as those of the sample."""
    model = ways.model(default)
    some = _readable(model, CALIBRATION_TEXTS[::8])
    model.outputs(some)  # opens sessions, grows arenas
    start = time.perf_counter()
    model.outputs(some)
    n = len(some) * _PASS_SECONDS / (time.perf_counter() - start)
    whole = _readable(model, CALIBRATION_TEXTS)
    return _spread(whole, max(2 * default.callers, min(int(n), len(whole))))


def _requests(model: Model) -> list[Text]:
    """A dozen single texts, from the shortest to the longest."""
    texts = sorted(_readable(model, CALIBRATION_TEXTS), key=lambda text: len(str(text)))
    return _spread(texts, 12)


def _spread(texts: Sequence[Text], n: int) -> list[Text]:
    """So many of the texts, from all over them."""
    return [texts[i * len(texts) // n] for i in range(min(n, len(texts)))]


def _readable(model: Model, texts: Sequence[str]) -> Sequence[Text]:
    read = model.spec.task.inputs_of(texts)
    return [text for text in read if model.refusal(text) is None]


def _one_by_one(model: Model, requests: Sequence[Text]) -> None:
    for request in requests:
        model.outputs([request])


def _faster(tried: Sequence[tuple[Profile, float]], before: Profile, after: Profile) -> float:
    ms = dict(tried)
    return round(ms[before] / ms[after], 3)


def _kept(file: Path | None) -> str | None:
    return None if file is None else str(file)

"""The profiles that `edgebert tune` found, by bundle and machine, in the user's cache."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

from edgebert.bundle import Bundle
from edgebert.json_files import parse
from edgebert.machine import available_cores, has_vnni, this_machine
from edgebert.onnx_graph.parts import WEIGHT_ONLY
from edgebert.records.codec import from_dict
from edgebert.records.profile import TOKENS_PER_RUN, Profile, one_caller, untuned
from edgebert.runtimes.sessions.providers import CPU, Provider, provider_named
from edgebert.runtimes.sessions.session import import_onnxruntime
from edgebert.user_cache import user_cache

_TOKENS_ON_A_GPU = 16_384
"""Tokens of a micro-batch that keeps a GPU busy; not measured on one."""

_SHORT_WORK = 16 * 24_000_000
"""Tokens times bytes of an int8 graph, up to which one thread is about as fast as all cores.

The best of alternating runs of int8 all-MiniLM-L6-v2, one thread / both of two cores
(x86_64-avx512_vnni): ms of one request after the other, and of the CPU's time for each.

====== ============= ============= ==============
tokens ms            CPU, ms       ms, by kernels
====== ============= ============= ==============
16     0.81 / 0.76   0.89 / 2.1    0.46 / 0.32
32     1.5 / 1.3     1.5 / 2.5     0.94 / 0.72
64     2.9 / 1.7     3.1 / 3.3     2.2 / 1.3
128    6.1 / 3.4     6.3 / 7.2     4.8 / 2.5
256    14.5 / 7.8    14.6 / 16.2   not measured
====== ============= ============= ==============
"""


def profile_for(
    bundle: Bundle, *, provider: str, threads: int | None, kernels: bool = False
) -> Profile:
    """The profile that this machine was tuned to, or the one that is right without tuning.

    Args:
        bundle: the bundle.
        provider, threads: as it is loaded with.
        kernels: whether kernels run it.
    """
    cores = available_cores() if threads is None else threads
    file = profile_file(bundle)
    if file.is_file():  # most machines never tune: then nothing is looked at
        saved = _read(file).get(_key(provider, cores, kernels=kernels))
        if saved is not None and _fits(saved, cores):
            return saved
    return without_tuning(bundle, provider_named(provider), cores, kernels=kernels)


def without_tuning(
    bundle: Bundle, provider: Provider, cores: int, *, kernels: bool = False
) -> Profile:
    """What is right on any machine; arguments as of `profile_for`."""
    if provider is CPU:
        return untuned(cores, 0 if kernels or cores == 1 else short_tokens(bundle))
    return one_caller(cores, _TOKENS_ON_A_GPU) if provider.gpu else one_caller(cores)


def shared(profile: Profile, provider: str, callers: int) -> Profile:
    """A profile for many callers: no run is alone, so none spins or has other threads than the rest.

    Args:
        profile: for one caller of the model.
        provider: by edgebert's name, or `auto`.
        callers: threads that run what waits.
    """
    if provider_named(provider) is not CPU:
        return replace(profile, spinning=False, short_tokens=0)
    most = min(profile.cores, callers)
    return Profile(most, 1, 1, spinning=False, tokens_per_run=profile.tokens_per_run)


def short_tokens(bundle: Bundle) -> int:
    """Tokens up to which one thread of onnxruntime answers about as fast as all cores.

    Floats gain by all cores from the first token on: how fast weights are read is what counts. So
    does int8 by kernels, which part few rows by columns, and so may int8 on CPUs without VNNI,
    where it was not measured.
    """
    quantization = bundle.manifest.quantization
    if quantization is None or quantization.scheme == WEIGHT_ONLY or not has_vnni():
        return 0
    files = bundle.manifest.files
    graph = sum(files[name].size_bytes for name in bundle.of_graphs(files))
    return min(TOKENS_PER_RUN, _SHORT_WORK // graph)


def save_profile(
    profile: Profile, bundle: Bundle, *, provider: str, threads: int | None, kernels: bool = False
) -> Path | None:
    """Keep a profile for this bundle and this machine; arguments as of `profile_for`.

    Returns:
        The file, or None where the user's cache cannot be written.
    """
    file = profile_file(bundle)
    saved = _read(file) if file.is_file() else {}
    saved[_key(provider, threads or available_cores(), kernels=kernels)] = profile
    content = json.dumps({key: asdict(value) for key, value in saved.items()}, indent=1) + "\n"
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        beside = file.with_suffix(".part")
        beside.write_text(content, encoding="utf-8")
        beside.replace(file)
    except OSError:
        return None
    return file


def profile_file(bundle: Bundle) -> Path:
    return user_cache("profiles") / f"{bundle.sha256[:32]}.json"


def _read(file: Path) -> dict[str, Profile]:
    """What a file holds; a file that cannot be read holds nothing, and is written anew."""
    try:
        entries = parse(file.read_text(encoding="utf-8"))
        return {key: _possible(from_dict(Profile, entry)) for key, entry in entries.items()}
    except (OSError, ValueError, AttributeError):
        return {}


def _possible(profile: Profile) -> Profile:
    numbers = (profile.callers, profile.caller_threads, profile.threads, profile.tokens_per_run)
    if min(numbers) < 1 or profile.short_tokens < 0:
        raise ValueError("a profile counts from 1, and short texts from 0")
    return profile


def _fits(profile: Profile, cores: int) -> bool:
    return max(profile.callers, profile.caller_threads, profile.threads) <= cores


def _key(provider: str, cores: int, *, kernels: bool) -> str:
    """What a profile depends on beside the bundle; a virtual machine's CPU may go by any name."""
    machine, version = this_machine(), import_onnxruntime().__version__
    cpu = f"{machine.cpu_and_class}, {cores} cores"
    name = f"{provider_named(provider).name}{' by kernels' if kernels else ''}"
    return f"{cpu}, onnxruntime {version}, {name}"

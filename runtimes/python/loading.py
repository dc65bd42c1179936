"""From a bundle on disk to a model that runs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from edgebert.bounds import check_number
from edgebert.bundle import MODEL, Bundle, ModelFiles, open_bundle
from edgebert.errors import BundleError
from edgebert.machine import available_cores
from edgebert.records.profile import Profile, untuned
from edgebert.runtimes.engine import Engine, OpenSession
from edgebert.runtimes.golden import prove_on_new_onnxruntime
from edgebert.runtimes.model import Model
from edgebert.runtimes.profiles import profile_for
from edgebert.runtimes.session import open_session
from edgebert.text.encoding import open_tokenizer

if TYPE_CHECKING:
    import onnxruntime


def load(
    path: str | Path,
    *,
    provider: str = "auto",
    threads: int | None = None,
    verify: bool = False,
) -> Model:
    """Load a bundle.

    Args:
        path: a local bundle folder; never a hub id.
        provider: `cpu`, `cuda`, `tensorrt`, `openvino`, `coreml`, `xnnpack`, `qnn`, `dml` or
            `webgpu`, which then runs every MatMul and attention node; or `auto`, the provider on
            which the bundle was proved: the CPU's. `Model.provider` says which runs.
        threads: cores the model may use; by default what affinity and cgroup grant.
        verify: hash every file first.

    Raises:
        BundleError: the bundle is missing, damaged or too new, or fails its own golden texts
            under an onnxruntime newer than the one it was tested with.
        InputError: `threads` is no number of them.
        ProviderError: no onnxruntime, no such provider, one that is not installed or does not
            start, a bundle that is not made for it, or nodes of it that run elsewhere.
    """
    model = open_model(open_bundle(path, verify=verify), provider=provider, threads=threads)
    prove_on_new_onnxruntime(model)
    return model


def open_model(bundle: Bundle, *, provider: str = "auto", threads: int | None = None) -> Model:
    """Load a bundle without asking for its golden answers: it is examined.

    Args:
        bundle: the bundle.
        provider, threads: as for `load`.

    Raises:
        BundleError, InputError, ProviderError: as `load` does.
    """
    if threads is not None:
        threads = check_number("threads", threads, 1)
    opening = only_while_unchanged(bundle, partial(open_session, bundle, provider=provider))
    engine = Engine(opening, profile_for(bundle, provider=provider, threads=threads))
    again = partial(_load_again, bundle.path.absolute(), provider, threads, bundle.sha256)
    return Model(bundle, engine, open_tokenizer(bundle.tokenizer_path), again=again)


def open_files(files: ModelFiles, profile: Profile | None = None) -> Model:
    """Load what is to become a bundle, on the CPU.

    Args:
        files: graph and tokenizer, with a manifest that is not on disk yet.
        profile: how the cores are shared out; by default as for a bundle that is not tuned.

    Raises:
        BundleError: onnxruntime cannot load the graph.
    """
    engine = Engine(partial(open_session, files), profile or untuned(available_cores()))
    return Model(files, engine, open_tokenizer(files.tokenizer_path))


def _load_again(path: Path, provider: str, threads: int | None, sha256: str) -> Model:
    """Load in another process what was loaded in this one."""
    bundle = open_bundle(path)
    if bundle.sha256 != sha256:
        raise BundleError(f"{path} was replaced since it was loaded: load it again")
    return open_model(bundle, provider=provider, threads=threads)


def only_while_unchanged(bundle: Bundle, opening: OpenSession) -> OpenSession:
    """Open a bundle's graph later as it is now, or not at all.

    Raises (the function that is returned):
        BundleError: the files of the graph were replaced.
    """
    files = [bundle.path / name for name in bundle.manifest.files if name.startswith(MODEL)]
    loaded = _states(files)

    def open_unchanged(*, threads: int, spinning: bool) -> onnxruntime.InferenceSession:
        if _states(files) != loaded:
            raise BundleError(f"{bundle.path} was replaced since it was loaded: load it again")
        return opening(threads=threads, spinning=spinning)

    return open_unchanged


def _states(files: Sequence[Path]) -> list[tuple[int, int, int]]:
    """What changes when a file is replaced or written to."""
    try:
        states = [file.stat() for file in files]
    except OSError:
        return []
    return [(state.st_ino, state.st_size, state.st_mtime_ns) for state in states]

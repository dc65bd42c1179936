"""From a bundle on disk to a model that runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from edgebert.bounds import check_number
from edgebert.bundle import Bundle, ModelFiles, open_bundle
from edgebert.errors import BundleError
from edgebert.machine import available_cores
from edgebert.records.manifest import DECODER
from edgebert.records.profile import Profile, untuned
from edgebert.runtimes.golden import prove_on_new_versions
from edgebert.runtimes.kernels import AUTO, BF16, OFF, REQUIRED
from edgebert.runtimes.kernels.choosing import chosen_graphs
from edgebert.runtimes.kernels.graph import KernelGraphs
from edgebert.runtimes.model import Model
from edgebert.runtimes.queueing.sharing import ALONE, SERVER, queue_of
from edgebert.runtimes.sessions.engine import Engine, OpenSession
from edgebert.runtimes.sessions.profiles import profile_for, shared
from edgebert.runtimes.sessions.providers import CPU
from edgebert.runtimes.sessions.session import open_session
from edgebert.runtimes.translation.graphs import TranslatorGraphs
from edgebert.runtimes.translation.tokenizers_of import TranslatorTokenizers
from edgebert.runtimes.translation.translator import Translator
from edgebert.text.encoding import open_tokenizer

if TYPE_CHECKING:
    import onnxruntime
    import tokenizers

    from edgebert.runtimes.queueing.text_queue import TextQueue


def load(
    path: str | Path,
    *,
    provider: str = "auto",
    threads: int | None = None,
    verify: bool = False,
    kernels: str = AUTO,
    sharing: str | TextQueue = ALONE,
) -> Model:
    """Load a bundle.

    Args:
        path: a local bundle folder; never a hub id.
        provider: `cpu`, `cuda`, `tensorrt`, `openvino`, `coreml`, `xnnpack`, `qnn`, `dml` or
            `webgpu`, which then runs every MatMul and attention node; or `auto`, the provider on
            which the bundle was proved: the CPU's. `Model.provider` says which runs.
        threads: cores the model may use; by default what affinity and cgroup grant.
        verify: hash every file first.
        kernels: `auto` has edgebert's kernels run a bundle that was measured with them, where
            their wheel is installed, on the CPU; `off` never; `required` does or fails. They
            round in other places than onnxruntime: `Model.kernels` says which layers they run,
            and `Model.fingerprint` is another one. `bf16` is as `required`, and attention
            multiplies numbers of bfloat16, on CPUs that do: faster on long texts, a fingerprint
            of its own, and not the bits of other CPUs.
        sharing: `alone` for a process whose cores are for one call at a time; `server` for one
            that answers many callers: a run has one thread and never spins, and what is submitted
            waits in the one queue of this process, or in the `TextQueue` that is given here.

    Raises:
        BundleError: the bundle is missing, damaged or too new, or fails its own golden texts
            under an onnxruntime, or kernels, newer than those it was tested with.
        InputError: `threads` is no number of them, or `kernels` or `sharing` none of
            these words.
        ProviderError: no onnxruntime, no such provider, one that is not installed or does not
            start, a bundle that is not made for it, or nodes of it that run elsewhere; or kernels
            that are required and are not there, or a bundle that was not measured with them.
    """
    bundle = open_bundle(path, verify=verify)
    model = open_model(bundle, provider=provider, threads=threads, kernels=kernels, sharing=sharing)
    prove_on_new_versions(model)
    return model


def open_model(
    bundle: Bundle,
    *,
    provider: str = "auto",
    threads: int | None = None,
    kernels: str = AUTO,
    sharing: str | TextQueue = ALONE,
) -> Model:
    """Load a bundle without asking for its golden answers: it is examined.

    Args:
        bundle: the bundle.
        provider, threads, kernels, sharing: as for `load`.

    Raises:
        BundleError, InputError, ProviderError: as `load` does.
    """
    if threads is not None:
        threads = check_number("threads", threads, 1)
    queue = queue_of(sharing)
    unchanged = only_while_unchanged(bundle)
    graphs = chosen_graphs(bundle, provider=provider, kernels=kernels)
    opening = partial(open_session, bundle, provider=provider, kernels=graphs)
    profile = profile_for(bundle, provider=provider, threads=threads, kernels=graphs is not None)
    if queue is not None:
        profile = shared(profile, provider, queue.threads)
    elif bundle.manifest.writing:
        profile = shared(profile, provider, profile.cores)
    engine = Engine(unchanged(opening), profile)
    tokenizer = open_tokenizer(bundle.tokenizer_path)
    again = partial(
        _load_again,
        bundle.path.absolute(),
        bundle.sha256,
        provider=provider,
        threads=threads,
        kernels=_asked_again(graphs),
        sharing=ALONE if queue is None else SERVER,
    )
    return Model(
        bundle,
        engine,
        tokenizer,
        translator=_translator(
            bundle, engine, unchanged(partial(opening, role=DECODER)), tokenizer
        ),
        kernels=graphs.running if graphs else None,
        again=again,
        queue=queue,
    )


def open_files(
    files: ModelFiles, profile: Profile | None = None, kernels: KernelGraphs | None = None
) -> Model:
    """Load what is to become a bundle, on the CPU.

    Args:
        files: graph and tokenizer, with a manifest that is not on disk yet.
        profile: how the cores are shared out; by default as for a bundle that is not tuned.
        kernels: its graphs as kernels run them, whether it was measured with them or not.

    Raises:
        BundleError: onnxruntime cannot load the graph.
    """
    opening = partial(open_session, files, kernels=kernels)
    profile = profile or untuned(available_cores())
    if files.manifest.writing:
        profile = shared(profile, CPU.name, profile.cores)
    engine = Engine(opening, profile)
    tokenizer = open_tokenizer(files.tokenizer_path)
    return Model(
        files,
        engine,
        tokenizer,
        translator=_translator(files, engine, partial(opening, role=DECODER), tokenizer),
        kernels=kernels.running if kernels else None,
    )


def _translator(
    files: ModelFiles, encoder: Engine, opening: OpenSession, tokenizer: tokenizers.Tokenizer
) -> Translator | None:
    """What writes, where there is a decoder.

    Args:
        files: the bundle, or what is to become one.
        encoder: runs its other graph.
        opening: opens the decoder.
        tokenizer: of its sources.
    """
    manifest = files.manifest
    if manifest.writing is None:
        return None
    graphs = TranslatorGraphs(encoder, Engine(opening, encoder.profile), manifest.writing, files)
    target = open_tokenizer(files.target_tokenizer_path)
    pieces = target.get_vocab_size()
    if pieces != manifest.writing.vocabulary:
        raise BundleError(
            f"{files.path} is damaged: {files.target_tokenizer_path.name} has {pieces} pieces, and "
            f"its decoder writes {manifest.writing.vocabulary}"
        )
    return Translator(graphs, TranslatorTokenizers(tokenizer, target, manifest.max_length))


def _asked_again(graph: KernelGraphs | None) -> str:
    """How kernels are asked for where what answers is to be what answers here."""
    if graph is None:
        return OFF
    return BF16 if graph.running.bf16 else REQUIRED


def _load_again(
    path: Path, sha256: str, *, provider: str, threads: int | None, kernels: str, sharing: str
) -> Model:
    """Load in another process what was loaded in this one."""
    bundle = open_bundle(path)
    if bundle.sha256 != sha256:
        raise BundleError(f"{path} was replaced since it was loaded: load it again")
    return open_model(bundle, provider=provider, threads=threads, kernels=kernels, sharing=sharing)


def only_while_unchanged(bundle: Bundle) -> Callable[[OpenSession], OpenSession]:
    """Have a bundle's graph opened later as it is now, or not at all.

    Raises (what opens it):
        BundleError: the files of the graph were replaced.
    """
    files = [bundle.path / name for name in bundle.of_graphs(bundle.manifest.files)]
    loaded = _states(files)

    def unchanged(opening: OpenSession) -> OpenSession:
        def open_unchanged(*, threads: int, spinning: bool) -> onnxruntime.InferenceSession:
            if _states(files) != loaded:
                raise BundleError(f"{bundle.path} was replaced since it was loaded: load it again")
            return opening(threads=threads, spinning=spinning)

        return open_unchanged

    return unchanged


def _states(files: Sequence[Path]) -> list[tuple[int, int, int]]:
    """What changes when a file is replaced or written to."""
    try:
        states = [file.stat() for file in files]
    except OSError:
        return []
    return [(state.st_ino, state.st_size, state.st_mtime_ns) for state in states]

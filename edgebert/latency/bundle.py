"""A bundle as our runtime runs it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from edgebert.bundle import open_bundle
from edgebert.data import Text
from edgebert.errors import InputError
from edgebert.latency.models import LoadedModel, TimedModel, check_beam_of
from edgebert.latency.rounds import Call
from edgebert.latency.shapes import Shape, random_inputs
from edgebert.latency.translator import LoadedTranslator
from edgebert.onnx_graph import read_graph
from edgebert.onnx_graph.sizes import folder_sizes
from edgebert.runtimes import Model, load
from edgebert.runtimes.kernels.choosing import engine_of
from edgebert.runtimes.sessions.session import import_onnxruntime
from edgebert.tasks import task_of
from edgebert.text.encoding import encode


class LoadedBundle:
    """A `LoadedModel`."""

    def __init__(self, model: Model) -> None:
        self.model = model

    @property
    def provider(self) -> str:
        return self.model.provider

    def on_shape(self, shape: Shape) -> Call:
        """A run that asks for what the runtime asks for, so that unused outputs cost nothing."""
        spec = self.model.input_spec
        if spec.shape not in (None, (shape.batch, shape.length)):
            batch, tokens = spec.shape
            raise InputError(
                f"{self.model.bundle.path} takes {batch} x {tokens} tokens and nothing else: "
                f"--batch-sizes {batch} --lengths {tokens}"
            )
        rows, known = self.model.manifest.embedding_rows, self.model.tokenizer.get_vocab_size()
        inputs = random_inputs(min(known, rows or known), spec.names, shape)
        typed = {name: ids.astype(spec.dtype) for name, ids in inputs.items()}
        return partial(self.model.session.run, self.model.spec.task.outputs, typed)

    def on_first_token(self, shape: Shape) -> Call | None:
        return None

    def on_texts(self, texts: Sequence[Text]) -> Call:
        return partial(self.model.outputs, self._as_read(texts))

    def token_counts(self, texts: Sequence[Text]) -> list[int]:
        return [len(encoding) for encoding in encode(self.model.tokenizer, self._as_read(texts))]

    def _as_read(self, texts: Sequence[Text]) -> Sequence[Text]:
        return self.model.spec.task.inputs_of(texts)


def timed_bundle(path: str, provider: str, kernels: str, beam: int) -> TimedModel:
    """Open a bundle for timing on an execution provider, by kernels or not.

    Raises:
        BundleError: it is missing or damaged.
        InputError: its graph is damaged, or it does not write by this beam.
        ProviderError: no onnxruntime is installed, or kernels are required that do not run it.
    """
    import_onnxruntime()
    bundle = open_bundle(path)
    task, writing = task_of(bundle.manifest.task), bundle.manifest.writing
    beam = check_beam_of(path, task, writing.vocabulary if writing else 0, beam)
    graphs = [read_graph(path) for path in bundle.graph_paths]
    engine = engine_of(bundle, provider=provider, kernels=kernels)
    return TimedModel(
        path=str(path),
        source=str(bundle.path),
        sha256=bundle.sha256,
        precision=bundle.manifest.precision,
        task=task,
        max_length=bundle.manifest.max_length,
        size_bytes=bundle.size_bytes,
        sizes=folder_sizes(bundle.path, bundle.graphs, graphs, bundle.tokenizer_paths),
        load=partial(_loaded, bundle.path, provider, kernels, beam),
        beam=beam,
        fingerprint=str(bundle.fingerprint(engine)),
    )


@contextmanager
def _loaded(
    path: Path, provider: str, kernels: str, beam: int, threads: int | None
) -> Iterator[LoadedModel]:
    model = load(path, provider=provider, threads=threads, kernels=kernels)
    yield LoadedTranslator(model, beam) if model.manifest.writing else LoadedBundle(model)

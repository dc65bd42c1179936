"""What a loaded bundle can be asked: texts in, vectors, labels, entities and answers out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Self, overload

from edgebert.arrays import Array
from edgebert.bounds import check_choice
from edgebert.bundle import Bundle, ModelFiles
from edgebert.errors import BundleError
from edgebert.records.fingerprint import Fingerprint
from edgebert.records.manifest import Drift
from edgebert.runtimes.asked import prompt_of
from edgebert.runtimes.batches import InputSpec
from edgebert.runtimes.head_verbs import AskedOfHeads
from edgebert.runtimes.kernels.choosing import without_kernels
from edgebert.runtimes.kernels.graph import RunningKernels
from edgebert.runtimes.later_verbs import AskedLater
from edgebert.runtimes.pipeline import TextPipeline
from edgebert.runtimes.queueing.sharing import queue_of_one
from edgebert.runtimes.queueing.text_queue import TextQueue
from edgebert.runtimes.sessions.engine import Engine
from edgebert.runtimes.sessions.providers import CPU
from edgebert.runtimes.translation.translator import Translator
from edgebert.runtimes.translation.verbs import AskedForTranslations
from edgebert.runtimes.vector_verbs import AskedForVectors
from edgebert.tasks.entities import AGGREGATIONS
from edgebert.tasks.spec import spec_of
from edgebert.tasks.terms import ONLY_SECOND
from edgebert.text.encoding import Text
from edgebert.text.long_pairs import refusal_of_sides
from edgebert.text.long_texts import LONG_TEXTS, MEAN, TRUNCATE, Whole
from edgebert.text.prompts import prompt_option

if TYPE_CHECKING:
    import onnxruntime
    import tokenizers


class Model(AskedForVectors, AskedOfHeads, AskedForTranslations, AskedLater):
    """A bundle that is ready to run. Made by `edgebert.load`.

    Args:
        files: a bundle, or what is to become one.
        engine: runs its graph, of several that of the encoder.
        tokenizer: shared by all threads, and never changed.
        translator: writes texts, where it has a decoder.
        kernels: what of the graph edgebert's kernels run; None where onnxruntime runs all of it.
        again: opens the same bundle in another process.
        queue: where what is submitted waits; by default one of its own.
    """

    def __init__(
        self,
        files: ModelFiles,
        engine: Engine,
        tokenizer: tokenizers.Tokenizer,
        *,
        translator: Translator | None = None,
        kernels: RunningKernels | None = None,
        again: Callable[[], Any] | None = None,
        queue: TextQueue | None = None,
    ) -> None:
        self.files = files
        self.manifest = files.manifest
        self.engine = engine
        self.tokenizer = tokenizer
        self.translator = translator
        self.kernels = kernels
        self.spec = spec_of(files.manifest)
        self.pipeline = TextPipeline(self.spec, engine, tokenizer)
        self._again = again
        self._shares = queue is not None
        self.queue = queue or queue_of_one(engine.profile)
        self.lane = self.queue.lane_of(translator or self.pipeline.runs)

    def __repr__(self) -> str:
        by_kernels = f" by {self.kernels}" if self.kernels else ""
        what = f"{self.manifest.precision} {self.task} on {self.provider}{by_kernels}"
        return f"<edgebert model {str(self.files.path)!r}: {what}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __reduce__(self) -> Any:
        """Go to another process by name: it loads the same bundle, or says that it was replaced."""
        if self._again is None:
            raise TypeError("only a model that edgebert.load made goes to another process")
        return self._again, ()

    def close(self) -> None:
        """Give memory and threads back, once runs have ended; later ones raise ClosedError."""
        self.queue.close_lane(self.lane)
        self.engine.close()
        if self.translator:
            self.translator.close()
        if not self._shares:
            self.queue.close()

    @property
    def bundle(self) -> Bundle:
        """What was loaded.

        Raises:
            BundleError: it is not sealed yet.
        """
        if not isinstance(self.files, Bundle):
            raise BundleError(f"{self.files.path} is no bundle yet: it is being made")
        return self.files

    @property
    def session(self) -> onnxruntime.InferenceSession:
        """The session that a run has when it is alone."""
        return self.engine.session

    @property
    def input_spec(self) -> InputSpec:
        """What the graph takes."""
        return self.engine.input_spec

    @property
    def provider(self) -> str:
        """The execution provider that runs the model, by onnxruntime's name: what `auto` chose."""
        return self.engine.provider

    @property
    def rounds_otherwise(self) -> bool:
        """Whether int8 runs on a provider, or by bfloat16, that round in other places than the CPU."""
        elsewhere = self.provider != CPU.full_name or bool(self.kernels and self.kernels.bf16)
        return self.manifest.quantization is not None and elsewhere

    @property
    def promises_bits(self) -> bool:
        """Whether the manifest promises the same bits on every CPU by what runs the model."""
        running, measured = self.kernels, self.manifest.kernels
        return bool(running and not running.bf16 and measured and measured.exact)

    @property
    def measured_drift(self) -> Drift | None:
        """How far answers of what runs the model were from its reference, and what it promises."""
        measured = self.manifest.kernels if self.kernels else self.manifest
        return measured.drift if measured else None

    @property
    def width(self) -> int:
        """Numbers in an embedding, or logits in a row."""
        return self.translator.writing.vocabulary if self.translator else self.pipeline.width

    @property
    def fingerprint(self) -> str:
        """What answers are known by: equal when, and only when, vectors may be mixed.

        It stands for what `embed` gives when no option is given, and lies beside saved answers.
        """
        return str(self.made_by())

    def made_by(
        self,
        prompt: str | None = None,
        *,
        aggregation: str | None = None,
        long_text: str | None = None,
        allow_no_answer: bool | None = None,
        beam: int | None = None,
        n_best: int | None = None,
        length_penalty: float | None = None,
        max_length: int | None = None,
    ) -> Fingerprint:
        """The fingerprint of answers with these options of `embed` and the other methods.

        How many of the best translations are told, `n_best`, changes none of them.

        Raises:
            InputError: there is no such prompt, aggregation or way to read long texts, or an option
                of a translation is out of its bounds.
        """
        if aggregation is not None:
            check_choice("aggregation", aggregation, AGGREGATIONS)
        if long_text is not None:
            check_choice("long_text", long_text, LONG_TEXTS)
        running = self.kernels
        engine = running.engine if running else without_kernels(self.manifest, self.provider)
        return self.bundle.fingerprint(engine).having(
            prompt=prompt_option(self.spec, prompt_of(self, prompt)),
            aggregation="" if aggregation in (None, self.aggregation) else aggregation,
            long_text="" if long_text in (None, TRUNCATE) else long_text,
            no_answer="allowed" if allow_no_answer else "",
            **self._translated_by(beam, length_penalty, max_length),
        )

    def _translated_by(
        self, beam: int | None, length_penalty: float | None, max_length: int | None
    ) -> dict[str, str]:
        """Options of `translate` that change its answers; those that are as by themselves aside."""
        if self.translator is None:
            return {}
        options = self.translator.translating(
            beam=1 if beam is None else beam, length_penalty=length_penalty, max_length=max_length
        ).options
        as_ever = options.length_penalty == self.translator.writing.length_penalty
        return {
            "beam": "" if options.beam == 1 else str(options.beam),
            "length_penalty": "" if as_ever else repr(options.length_penalty),
            "max_length": "" if options.max_length is None else str(options.max_length),
        }

    def outputs(self, texts: Sequence[Text], *, progress: bool = False) -> list[Array]:
        """Raw output of the graph for each text, in order.

        Returns:
            float32 arrays: [dim] for embeddings, [labels] for a text classifier, [tokens, labels]
            for a token classifier, [tokens, 2] (where an answer starts, where it ends) for
            question answering, [masks, vocabulary] for fill-mask; of a translator, greedily,
            [tokens, 2] (id and log-probability of each token of the target, the end's last) for
            the beginning of a text that is read at once.
        """
        checked = self._checked(texts)
        if self.translator:
            return self.translator.greedy(self.pipeline.encode(checked))
        answers = self.pipeline.run(checked, self.pipeline.answers, progress=progress)
        return [answered.row.copy() for answered in answers]

    def wholes(self, texts: Sequence[Text], *, progress: bool = False) -> list[Whole[Any]]:
        """All of each text, or of the context of each question, in parts that overlap.

        Returns:
            In order; rows as `outputs` gives them, for each part of a text.
        """
        checked = self._checked(texts, whole=True)
        through = self.pipeline.through(self.pipeline.in_overlapping_parts)
        return list(self.pipeline.run(checked, through, progress=progress))

    @property
    def reads_all(self) -> bool:
        """Whether there is an embedding for every token: no text is refused for one."""
        return self.spec.embedding_rows is None

    def refusal(
        self,
        text: Text,
        *,
        prompt: str | None = None,
        max_length: int | None = None,
        long_text: str = TRUNCATE,
    ) -> str | None:
        """Why a text would be refused; None where it is read.

        Some checkpoints have tokens without an embedding, of which their export tells. A text that
        is cut before such a token can be read. All of a pair is read only where one side is short.

        Args:
            text: a text, or a pair where the task reads pairs.
            prompt, max_length, long_text: as in `embed`.
        """
        pipeline = self.pipeline
        whole = check_choice("long_text", long_text, LONG_TEXTS) == MEAN
        whole = whole or self.spec.task.reads_whole
        most = None if max_length is None else pipeline.read_at_once(max_length)
        prompted = pipeline.prompted(prompt_of(self, prompt))(text, 0)
        refused = pipeline.refusal(prompted, whole=whole, most=most)
        if refused is not None or long_text != MEAN or isinstance(prompted, str):
            return refused
        return refusal_of_sides(prompted, pipeline.cut, self.max_length)

    @overload
    def count_tokens(self, texts: str, *, prompt: str | None = ...) -> int: ...
    @overload
    def count_tokens(self, texts: Collection[Text], *, prompt: str | None = ...) -> list[int]: ...
    @overload
    def count_tokens(self, texts: Iterable[Text], *, prompt: str | None = ...) -> Iterator[int]: ...
    def count_tokens(self, texts: Any, *, prompt: str | None = None) -> Any:
        """Count the tokens of whole texts, special tokens and the prompt of `embed` included.

        Args:
            texts: one text, a list, or any other iterable; a pair is a tuple of two, where the
                task reads pairs.
            prompt: as in `embed`.

        Returns:
            An int for one text, a list of them for a list, and for any other iterable an iterator.
        """
        check = self.pipeline.prompted(prompt_of(self, prompt))
        return self.pipeline.each(texts, check, self.pipeline.counts, int)

    @overload
    def truncated(
        self, texts: str, *, prompt: str | None = ..., max_length: int | None = ...
    ) -> bool: ...
    @overload
    def truncated(
        self, texts: Collection[Text], *, prompt: str | None = ..., max_length: int | None = ...
    ) -> list[bool]: ...
    @overload
    def truncated(
        self, texts: Iterable[Text], *, prompt: str | None = ..., max_length: int | None = ...
    ) -> Iterator[bool]: ...
    def truncated(
        self, texts: Any, *, prompt: str | None = None, max_length: int | None = None
    ) -> Any:
        """Say whether texts are longer than what the model reads of them.

        Args:
            texts, prompt: as in `count_tokens`.
            max_length: as in `embed`.

        Returns:
            A bool for one text, a list of them for a list, and for any other iterable an iterator.
        """
        pipeline = self.pipeline
        check, most = pipeline.prompted(prompt_of(self, prompt)), pipeline.read_at_once(max_length)
        never_cut = (
            self.spec.task.truncation == ONLY_SECOND
        )  # a question, which is an error instead
        if max_length is None and not never_cut:
            return pipeline.each(texts, check, pipeline.cut_off, bool)
        return pipeline.each(texts, check, pipeline.counts, lambda count: count > most)

    def _checked(self, texts: Sequence[Text], *, whole: bool = False) -> list[Text]:
        check = self.pipeline.readable(lambda text, _place: text, whole=whole)
        return [check(text, place) for place, text in enumerate(texts)]

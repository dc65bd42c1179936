"""An open bundle: what it says of itself, and the way of texts through its graph."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property, lru_cache, partial
from typing import TYPE_CHECKING, Any, Self, TypeVar

from edgebert.bundle import Bundle
from edgebert.errors import InputError
from edgebert.records.fingerprint import ONNXRUNTIME, Fingerprint
from edgebert.records.manifest import (
    QUESTION_ANSWERING,
    TEXT_CLASSIFICATION,
    TOKEN_CLASSIFICATION,
)
from edgebert.runtimes.answers import Array
from edgebert.runtimes.bounds import check_number
from edgebert.runtimes.encoding import GraphInputs, Text, check_text, encode
from edgebert.runtimes.engine import Engine
from edgebert.runtimes.entities import FIRST
from edgebert.runtimes.long_pairs import refusal_of_sides
from edgebert.runtimes.long_texts import (
    MEAN,
    TRUNCATE,
    Cut,
    ToParts,
    Whole,
    cut_at,
    encode_windows,
    in_parts,
    wholes,
    with_the_others,
)
from edgebert.runtimes.outputs import answer_outputs
from edgebert.runtimes.prompts import prompt_option
from edgebert.runtimes.providers import CPU
from edgebert.runtimes.questions import encode_contexts
from edgebert.runtimes.readable import refusal_of
from edgebert.runtimes.scheduling import Answered, Encode, Scheduler
from edgebert.runtimes.windows import Window, distinct, repeated, windows_from, windows_of

if TYPE_CHECKING:
    import onnxruntime
    import tokenizers

A = TypeVar("A")
T = TypeVar("T", bound=Text)

Through = Callable[[Iterator[Window[Any]]], Iterator[Any]]
"""What makes of texts what answers are read from."""


class OpenBundle:
    """A bundle with an engine that runs its graph; `Model` is one that can be asked.

    Args:
        bundle: on disk.
        engine: runs its graph.
        tokenizer: shared by all threads, and never changed.
        again: opens the same bundle in another process.
    """

    def __init__(
        self,
        bundle: Bundle,
        engine: Engine,
        tokenizer: tokenizers.Tokenizer,
        *,
        again: Callable[[], Any] | None = None,
    ) -> None:
        self.bundle = bundle
        self.manifest = bundle.manifest
        self.engine = engine
        self.tokenizer = tokenizer
        self._again = again
        mask_id = tokenizer.token_to_id(self.mask_token) if self.mask_token else None
        self._scheduler = Scheduler(
            engine, self.task, mask_id=mask_id, vocabulary=tokenizer.get_vocab_size()
        )
        offsets = self.task in (TOKEN_CLASSIFICATION, QUESTION_ANSWERING)
        self._encode = partial(encode, tokenizer, offsets=offsets)

    def __repr__(self) -> str:
        what = f"{self.manifest.precision} {self.task} on {self.provider}"
        return f"<edgebert model {str(self.bundle.path)!r}: {what}>"

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
        """Give memory and threads back, once runs have ended; later ones raise InputError."""
        self.engine.close()

    @property
    def task(self) -> str:
        return self.manifest.task

    @property
    def labels(self) -> tuple[str, ...]:
        return self.manifest.labels

    @property
    def multi_label(self) -> bool:
        return self.manifest.multi_label

    @property
    def scoring(self) -> str:
        """How scores are made of logits: softmax, sigmoid or identity."""
        return self.manifest.scoring

    @property
    def mask_token(self) -> str | None:
        return self.manifest.mask_token

    @property
    def aggregation(self) -> str:
        """How the labels of tokens become those of words; of bundles older than the choice FIRST."""
        return self.manifest.aggregation or FIRST

    @property
    def similarity_fn_name(self) -> str:
        """What `similarity` and `search` compare by, by sentence-transformers' name."""
        return self.manifest.similarity

    @property
    def prompts(self) -> dict[str, str]:
        return self.manifest.prompts

    @property
    def default_prompt(self) -> str:
        """The text that `embed` puts before every text when no prompt is asked for."""
        name = self.manifest.default_prompt
        return self.manifest.prompts[name] if name else ""

    @property
    def max_length(self) -> int:
        return self.manifest.max_length

    @property
    def session(self) -> onnxruntime.InferenceSession:
        """The session that a run has when it is alone."""
        return self.engine.session

    @property
    def takes(self) -> GraphInputs:
        return self.engine.takes

    @property
    def provider(self) -> str:
        """The execution provider that runs the model, by onnxruntime's name: what `auto` chose."""
        return self.engine.provider

    @property
    def rounds_otherwise(self) -> bool:
        """Whether int8 runs on a provider that rounds in other places than the CPU's."""
        return self.manifest.quantization is not None and self.provider != CPU.full_name

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
    ) -> Fingerprint:
        """The fingerprint of answers with these options of `embed` and the other methods."""
        engine = ONNXRUNTIME
        if self.rounds_otherwise:
            engine = f"{engine}.{self.provider.removesuffix('ExecutionProvider').lower()}"
        return self.bundle.fingerprint(engine).having(
            prompt=prompt_option(self.manifest, self._prompt(prompt)),
            aggregation="" if aggregation in (None, self.aggregation) else aggregation,
            long_text="" if long_text in (None, TRUNCATE) else long_text,
            no_answer="allowed" if allow_no_answer else "",
        )

    @property
    def width(self) -> int:
        """Numbers in an embedding, or logits in a row."""
        return int(self.engine.widths[answer_outputs(self.task)[0]])

    def outputs(self, texts: Sequence[Text], *, progress: bool = False) -> list[Array]:
        """Raw output of the graph for each text, in order.

        Returns:
            float32 arrays: [dim] for embeddings, [labels] for a text classifier, [tokens, labels]
            for a token classifier, [tokens, 2] (where an answer starts, where it ends) for
            question answering, [masks, vocabulary] for fill-mask.
        """
        check = self._readable(lambda text, _place: text)
        checked = [check(text, place) for place, text in enumerate(texts)]
        return [answered.row.copy() for answered in self._of_list(checked, progress=progress)]

    @property
    def reads_all(self) -> bool:
        """Whether there is an embedding for every token: no text is refused for one."""
        return self.manifest.embedding_rows is None

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
        whole = long_text == MEAN or self.task in (TOKEN_CLASSIFICATION, QUESTION_ANSWERING)
        most = None if max_length is None else self._read_at_once(max_length)
        prompted = self._prompted(prompt)(text, 0)
        refused = self._refusal(prompted, whole=whole, most=most)
        if refused is not None or long_text != MEAN or isinstance(prompted, str):
            return refused
        return refusal_of_sides(prompted, self._cut, self.max_length)

    def _refusal(self, text: Text, *, whole: bool = False, most: int | None = None) -> str | None:
        rows = self.manifest.embedding_rows
        if rows is None:
            return None
        cut = self._cut(None if whole else most, 0) if whole or most else self.tokenizer
        (encoding,) = encode(cut, [text], offsets=False)
        return refusal_of(encoding.ids, rows, self.tokenizer.id_to_token)

    def _readable(
        self, check: Callable[[Any, int], T], *, whole: bool = False, most: int | None = None
    ) -> Callable[[Any, int], T]:
        """The same check, which also refuses a text with a token that has no embedding.

        Args:
            check: what an item is read as, given its place.
            whole: whether all of a text is read.
            most: tokens that are read of it; by default those that the bundle reads.
        """

        def checked(item: Any, place: int) -> T:
            text = check(item, place)
            refused = self._refusal(text, whole=whole, most=most)
            if refused is not None:
                raise InputError(f"text {place}: {refused}")
            return text

        return check if self.manifest.embedding_rows is None else checked

    def wholes(self, texts: Sequence[Text], *, progress: bool = False) -> list[Whole[Any]]:
        """All of each text, or of the context of each question, in parts that overlap.

        Returns:
            In order; rows as `outputs` gives them, for each part of a text.
        """
        check = self._readable(lambda text, _place: text, whole=True)
        checked = [check(text, place) for place, text in enumerate(texts)]
        return list(self._of_list(checked, self._in_overlapping_parts, progress=progress))

    def _answer(
        self,
        texts: Any,
        check: Callable[[Any, int], Any],
        read: Callable[[Any], A],
        collect: Callable[[Iterator[A], int], Any] = lambda answers, n: list(answers),
        *,
        through: Through | None = None,
        progress: bool = False,
    ) -> Any:
        """Answer one text, a collection, or a stream.

        Args:
            texts: what a public method was given.
            check: what an item of it is read as, given its place, or an error.
            read: makes the answer of what a text gave.
            collect: makes the answer for a collection of so many texts.
            through: what the texts go through; by default tokenizer and graph.
            progress: show a bar.
        """
        if isinstance(texts, str | bytes):
            (answered,) = self._of_list([check(texts, 0)], through)
            return read(answered)
        several = hasattr(texts, "__len__") and getattr(texts, "shape", None) != ()
        if several:
            checked = [check(text, place) for place, text in enumerate(texts)]
            answers = self._of_list(checked, through, progress=progress)
            return collect(map(read, answers), len(checked))
        if not isinstance(texts, Iterable) or hasattr(texts, "__len__"):
            raise InputError(f"expected a text or texts, not {type(texts).__name__}")
        answers = (through or self._of_windows)(windows_from(texts, check))
        return map(read, _tracked(answers, self.task, None) if progress else answers)

    def _of_list(
        self, texts: Sequence[Text], through: Through | None = None, *, progress: bool = False
    ) -> Iterator[Any]:
        once, places = distinct(texts)
        answers = repeated((through or self._of_windows)(windows_of(once)), places)
        return _tracked(answers, self.task, len(texts)) if progress else answers

    def _of_windows(self, windows: Iterator[Window[T]]) -> Iterator[Answered[T]]:
        return self._scheduler.answers(windows, self._encode)

    def _in_parts(self, windows: Iterator[Window[T]], encode: Encode[T]) -> Iterator[Whole[T]]:
        """Read all of each text, part by part, given what gives the first."""
        return self._in_given_parts(windows, with_the_others(encode))

    def _in_given_parts(
        self, windows: Iterator[Window[T]], to_parts: ToParts[T]
    ) -> Iterator[Whole[T]]:
        parts = in_parts(windows, to_parts)
        return wholes(self._scheduler.answers(parts, lambda some: [one.encoding for one in some]))

    def _in_overlapping_parts(self, windows: Iterator[Window[Any]]) -> Iterator[Whole[Any]]:
        if self.task == QUESTION_ANSWERING:
            contexts = partial(encode_contexts, cut=self._cut, max_length=self.max_length)
            return self._in_parts(windows, contexts)
        cutting = partial(encode_windows, tokenizer=self.tokenizer, cut=self._cut)
        return self._in_parts(windows, cutting)

    def _counts(self, windows: Iterator[Window[Text]]) -> Iterator[int]:
        for window in windows:
            yield from map(len, encode(self._cut(None, 0), window.texts, offsets=False))

    def _cut_off(self, windows: Iterator[Window[Text]]) -> Iterator[bool]:
        for window in windows:
            for encoding in encode(self.tokenizer, window.texts, offsets=False):
                yield bool(encoding.overflowing)

    @cached_property
    def _cut(self) -> Cut:
        """Tokenizers that cut elsewhere; the one that threads share is never changed."""
        return lru_cache(maxsize=4)(partial(cut_at, self.tokenizer))

    def _read_at_once(self, max_length: int | None) -> int:
        """Tokens of a text that are read at once."""
        if max_length is None:
            return self.max_length
        least = self.tokenizer.num_special_tokens_to_add(False) + 1
        return check_number("max_length", max_length, least, self.max_length)

    def _require(self, task: str, verb: str) -> None:
        if self.task != task:
            raise InputError(
                f"{self.bundle.path} is a {self.task} bundle; {verb} needs one for {task}"
            )

    def _prompted(self, prompt: str | None) -> Callable[[Any, int], Text]:
        """Checks a text and puts a prompt before it."""
        before, pairs = self._prompt(prompt), self.task in (TEXT_CLASSIFICATION, QUESTION_ANSWERING)

        def prompted(text: Any, place: int) -> Text:
            checked = check_text(text, place, pairs=pairs)
            return before + checked if isinstance(checked, str) else checked

        return prompted

    def _prompt(self, name: str | None) -> str:
        if not name:
            return self.default_prompt if name is None else ""
        if not isinstance(name, str):
            raise InputError(f"prompt={name!r}: expected the name of a prompt")
        if name not in self.manifest.prompts:
            known = ", ".join(self.manifest.prompts) or "none"
            raise InputError(f"{self.bundle.path} has no prompt {name!r}; it has: {known}")
        return self.manifest.prompts[name]


def _tracked(answers: Iterator[A], label: str, length: int | None) -> Iterator[A]:
    from edgebert.progress import track  # it needs click, which an app need not load

    return track(answers, label, length)

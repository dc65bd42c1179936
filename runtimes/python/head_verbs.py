"""What models with a head are asked: labels, an order, entities, words and answers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any, overload

from edgebert.runtimes import head_calls
from edgebert.runtimes.asked import Asked
from edgebert.tasks.answers import Classification, Entity
from edgebert.tasks.masks import Fill
from edgebert.tasks.questions import Answer
from edgebert.text.encoding import Text
from edgebert.text.long_texts import TRUNCATE
from edgebert.vectors.ranking import Hit


class AskedOfHeads(Asked):
    """The verbs of models with a head."""

    @overload
    def classify(
        self, texts: str, *, long_text: str = ..., progress: bool = ...
    ) -> Classification: ...
    @overload
    def classify(
        self, texts: Collection[Text], *, long_text: str = ..., progress: bool = ...
    ) -> list[Classification]: ...
    @overload
    def classify(
        self, texts: Iterable[Text], *, long_text: str = ..., progress: bool = ...
    ) -> Iterator[Classification]: ...
    def classify(self, texts: Any, *, long_text: str = TRUNCATE, progress: bool = False) -> Any:
        """Classify texts; in a list, a pair of texts is a tuple of two.

        Args:
            texts: one text, a list, or any other iterable.
            long_text: "truncate" reads the beginning of a text that is longer; "mean" reads all
                of it in windows, of a pair its longer side beside all of the other, and gives the
                mean of their scores, each counted by its tokens.
            progress: show a progress bar on a terminal (for a list).

        Returns:
            One `Classification` for one text, a list of them for a list of texts, and for any
            other iterable an iterator.

        Raises:
            InputError: the bundle is not a text classifier, an item is not a text, or both sides
                of a pair are too long for "mean".
        """
        call = head_calls.classify(self, texts, long_text=long_text)
        return self.pipeline.answer(call, progress=progress)

    def rerank(self, query: str, texts: Iterable[str], *, progress: bool = False) -> list[Hit]:
        """Sort texts by how well they answer a query.

        Args:
            query: one text.
            texts: any iterable of texts; a pair too long for the model is cut as in training.
            progress: show a progress bar on a terminal.

        Returns:
            A `Hit` for each text with the score that `classify` gives the pair, the highest
            first, of equals the first one first.

        Raises:
            InputError: the bundle is not a text classifier with a single label, or an item is not
                a text.
        """
        hits: list[Hit] = self.pipeline.answer(
            head_calls.rerank(self, query, texts), progress=progress
        )
        return hits

    @overload
    def tag(
        self, texts: str, *, aggregation: str | None = ..., progress: bool = ...
    ) -> list[Entity]: ...
    @overload
    def tag(
        self, texts: Collection[str], *, aggregation: str | None = ..., progress: bool = ...
    ) -> list[list[Entity]]: ...
    @overload
    def tag(
        self, texts: Iterable[str], *, aggregation: str | None = ..., progress: bool = ...
    ) -> Iterator[list[Entity]]: ...
    def tag(self, texts: Any, *, aggregation: str | None = None, progress: bool = False) -> Any:
        """Find the entities in texts of any length.

        A text that is too long is read in windows that overlap, and each token of it has the label
        that it gets where more of the text is around it.

        Args:
            texts: one text, a list, or any other iterable.
            aggregation: how the labels of tokens become those of words; by default as the
                manifest says. "words" takes the label of a word's first token, and ends words at
                blanks, at punctuation, and with every token of a script that is written without
                spaces. "simple", "first", "average" and "max" are those of transformers.
            progress: show a progress bar on a terminal (for a list).

        Returns:
            A list of `Entity` for one text, a list of such lists for a list of texts, and for any
            other iterable an iterator.

        Raises:
            InputError: the bundle is not a token classifier, an item is not a text, or no such
                aggregation.
        """
        call = head_calls.tag(self, texts, aggregation=aggregation)
        return self.pipeline.answer(call, progress=progress)

    @overload
    def fill_mask(self, texts: str, k: int = ..., *, progress: bool = ...) -> list[Fill]: ...
    @overload
    def fill_mask(
        self, texts: Collection[str], k: int = ..., *, progress: bool = ...
    ) -> list[list[Fill]]: ...
    @overload
    def fill_mask(
        self, texts: Iterable[str], k: int = ..., *, progress: bool = ...
    ) -> Iterator[list[Fill]]: ...
    def fill_mask(self, texts: Any, k: int = 5, *, progress: bool = False) -> Any:
        """Guess what stands in the place of a mask.

        Args:
            texts: one text, a list, or any other iterable; each with one `mask_token` or more.
            k: how many guesses for each mask.
            progress: show a progress bar on a terminal (for a list).

        Returns:
            For one text a list of `Fill`, the likeliest first; for more than one mask the guesses
            for each, mask by mask (`.mask`), made for each by itself. A list of such lists for a
            list, and for any other iterable an iterator.

        Raises:
            InputError: the bundle does not fill masks, an item is not a text, a text has no mask
                or is cut off before one, or k is below 1.
        """
        return self.pipeline.answer(head_calls.fill_mask(self, texts, k), progress=progress)

    @overload
    def answer(
        self, question: str, context: str, *, allow_no_answer: bool = ..., progress: bool = ...
    ) -> Answer: ...
    @overload
    def answer(
        self,
        question: str | Collection[str],
        context: str | Collection[str],
        *,
        allow_no_answer: bool = ...,
        progress: bool = ...,
    ) -> list[Answer]: ...
    @overload
    def answer(
        self,
        question: Iterable[str],
        context: Iterable[str],
        *,
        allow_no_answer: bool = ...,
        progress: bool = ...,
    ) -> Iterator[Answer]: ...
    def answer(
        self, question: Any, context: Any, *, allow_no_answer: bool = False, progress: bool = False
    ) -> Any:
        """Find the answer to a question in a context of any length.

        A context that is too long is read in windows that overlap, and the likeliest answer of
        them is taken. Answers have at most 30 tokens.

        Args:
            question, context: one text each, or lists of the same length, or other iterables; one
                text on either side goes with each of the other side.
            allow_no_answer: let the answer be empty where that is likelier, for models that were
                trained on questions without one (SQuAD 2).
            progress: show a progress bar on a terminal (for a list).

        Returns:
            An `Answer` for one and one, a list of them for a list, and an iterator where either
            side is any other iterable. It is empty also where the context has nothing to read.

        Raises:
            InputError: the bundle does not answer questions, an item is not a text, a question
                fills the model alone, or there are not as many questions as contexts.
        """
        call = head_calls.answer(self, question, context, allow_no_answer=allow_no_answer)
        return self.pipeline.answer(call, progress=progress)

"""What a loaded bundle can be asked: texts in, vectors, labels, entities and answers out."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from edgebert.errors import InputError
from edgebert.records.manifest import (
    EMBEDDINGS,
    FILL_MASK,
    QUESTION_ANSWERING,
    TEXT_CLASSIFICATION,
    TOKEN_CLASSIFICATION,
)
from edgebert.runtimes.answers import (
    Classification,
    Entity,
    mean_classification,
    read_classification,
)
from edgebert.runtimes.bounds import check_choice, check_number
from edgebert.runtimes.encoding import Text, check_text, encode
from edgebert.runtimes.entities import AGGREGATIONS, decode_entities
from edgebert.runtimes.long_pairs import check_sides, parts_of_pairs
from edgebert.runtimes.long_texts import LONG_TEXTS, MEAN, TRUNCATE, Whole, mean_of, tokens_of
from edgebert.runtimes.masks import Fill, check_masks, fills_of, in_small_windows
from edgebert.runtimes.measures import Measure
from edgebert.runtimes.opened import OpenBundle
from edgebert.runtimes.prompts import document_prompt, query_prompt
from edgebert.runtimes.questions import check_question, pairs_of, read_answer
from edgebert.runtimes.ranking import Hit, check_ranking, ranked
from edgebert.runtimes.scheduling import Answered
from edgebert.runtimes.searching import corpus_of, search_each
from edgebert.runtimes.similarity import is_one, similarities, vectors_of
from edgebert.runtimes.stitching import stitched
from edgebert.runtimes.vectors import FLOAT32, Vectors, check_form
from edgebert.runtimes.windows import Window


class Model(OpenBundle):
    """A bundle that is ready to run. Made by `edgebert.load`."""

    def embed(
        self,
        texts: Any,
        *,
        prompt: str | None = None,
        truncate_dim: int | None = None,
        max_length: int | None = None,
        dtype: str = FLOAT32,
        long_text: str = TRUNCATE,
        progress: bool = False,
    ) -> Any:
        """Turn texts into vectors.

        Args:
            texts: one text, a list of texts, or any other iterable of texts: a stream, which is
                read ahead by up to 2,048 texts, so it must not wait for answers to those before.
            prompt: name of a prompt in the manifest that is put before every text; by default
                the model's own, where it has one, and with "" none.
            truncate_dim: how many of the first numbers of a vector are kept, for models trained
                so that these hold the most (Matryoshka); of length 1 again where the model's are.
            max_length: tokens that are read of a text; at most the bundle's.
            dtype: "float32", "float16", "int8" or "binary". int8 and bits keep directions, not
                lengths: not for models that compare by what needs these. A cosine of two int8
                vectors is off by 0.0003 on average and 0.0016 at most (all-MiniLM-L6-v2, STS-B
                test). binary packs the sign of 8 numbers into a byte.
            long_text: "truncate" reads the beginning of a text that is longer (of some models the
                end: their tokenizer says so); "mean" reads all of it (with its prompt) in windows,
                and gives the mean of their vectors, each counted by its tokens; of length 1 where
                the model's are.
            progress: show a progress bar on a terminal (for a list).

        Returns:
            [dim] for one text, [n, dim] for a list, and for any other iterable an iterator of
            [dim], in order; float32, float16, int8, or for binary uint8 [dim / 8].

        Raises:
            InputError: the bundle is not an embedding model, an item is not a text, or an option
                is out of its range.
        """
        self._require(EMBEDDINGS, "embed")
        normalize = self.manifest.normalize
        form = check_form(self.width, normalize=normalize, truncate_dim=truncate_dim, dtype=dtype)
        Measure.of(self.manifest).require_kept(dtype)
        if max_length is None:
            cutting = self._encode
        else:
            cutting = partial(encode, self._cut(self._read_at_once(max_length), 0), offsets=False)
        whole = check_choice("long_text", long_text, LONG_TEXTS) == MEAN
        check = self._readable(self._prompted(prompt), whole=whole, most=max_length)
        ask = partial(self._answer, texts, check, progress=progress)
        if whole:

            def mean(whole: Whole[str]) -> Vectors:
                return form.of(mean_of(whole, normalize=normalize))

            return ask(mean, form.matrix, through=partial(self._in_parts, encode=cutting))

        def vector(answered: Answered[str]) -> Vectors:
            return form.of(answered.row)

        return ask(vector, form.matrix, through=partial(self._scheduler.answers, encode=cutting))

    def similarity(self, a: Any, b: Any) -> Any:
        """Compare texts or vectors by what the model is for: mostly their cosine.

        Where `manifest.similarity` says "dot" by their dot product, "euclidean" or "manhattan" by
        the negative of that distance, as sentence-transformers has it.

        Args:
            a, b: one text or vector [dim], or several: texts, an array [n, dim], arrays [dim].
                Vectors may be of any form that `embed` gives; bits are compared to bits.

        Returns:
            A float for one and one; float32 [n, m] for several and several; float32 [m] or [n]
            where one side is one. Of bits the cosine is 1 - 2 * (share of the bits that differ).

        Raises:
            InputError: the bundle is not an embedding model, an item is neither text nor vector,
                a number is not finite, the two sides are of different widths, or of a form that
                does not keep the lengths that the model compares by.
        """
        self._require(EMBEDDINGS, "similarity")
        sides = vectors_of("a", a, self.embed), vectors_of("b", b, self.embed)
        matrix = similarities(*sides, ("a", "b"), Measure.of(self.manifest))
        if is_one(a) and is_one(b):
            return float(matrix[0, 0])
        return matrix[0] if is_one(a) else matrix[:, 0] if is_one(b) else matrix

    def search(self, queries: Any, corpus: Any, k: int = 10, *, progress: bool = False) -> Any:
        """Find the texts of a corpus that are nearest to each query, by what the model is for.

        That is what `similarity` gives, also as the score of each `Hit`: mostly the cosine.

        Every text is compared, none is missed: right for up to some million vectors. Texts are
        embedded anew at each call, queries with the prompt "query", the corpus with "document",
        "passage" or "corpus", where the manifest has one, and without a prompt where it has none.

        Args:
            queries: one text or vector, a list, or any other iterable.
            corpus: texts, or their vectors: [n, dim] of any form that `embed` gives, in memory or
                mapped from a file. Where they are bits, queries are compared as bits. Or the
                `pathlib.Path` of a file of texts, or of one that `edgebert embed` wrote: vectors
                of another model, or of another prompt, are refused.
            k: how many to find; all where the corpus has fewer.
            progress: show a progress bar on a terminal while texts are embedded.

        Returns:
            A list of `Hit` for one query, nearest first, of equals the first in the corpus first;
            a list of such lists for a list, and for any other iterable an iterator.

        Raises:
            InputError: the bundle is not an embedding model, the corpus is empty, cannot be read
                or was made by another model, widths differ, k is below 1, or an item is neither
                text nor vector.
        """
        self._require(EMBEDDINGS, "search")
        check_number("k", k, 1)
        query, document = query_prompt(self.manifest), document_prompt(self.manifest)
        embed = partial(self.embed, progress=progress)
        documents = partial(embed, prompt=document)
        if isinstance(corpus, Path):
            from edgebert.runtimes.saved_corpus import corpus_of_file  # and all that reads files

            texts, vectors = corpus_of_file(corpus, self.made_by(document), documents)
        else:
            texts, vectors = corpus_of(corpus, documents)
        measure = Measure.of(self.manifest)
        return search_each(queries, partial(embed, prompt=query), vectors, k, texts, measure)

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
        self._require(TEXT_CLASSIFICATION, "classify")
        scoring, several = self.scoring, self.multi_label
        if check_choice("long_text", long_text, LONG_TEXTS) == MEAN:

            def mean(whole: Whole[Text]) -> Classification:
                weights = tokens_of(whole)
                return mean_classification(
                    whole.rows, weights, self.labels, scoring=scoring, multi_label=several
                )

            to_parts = partial(parts_of_pairs, tokenizer=self.tokenizer, cut=self._cut)
            sides = self._readable(
                partial(check_sides, cut=self._cut, max_length=self.max_length), whole=True
            )
            through = partial(self._in_given_parts, to_parts=to_parts)
            return self._answer(texts, sides, mean, through=through, progress=progress)

        def classification(answered: Answered[Text]) -> Classification:
            return read_classification(
                answered.row, self.labels, scoring=scoring, multi_label=several
            )

        check = self._readable(partial(check_text, pairs=True))
        return self._answer(texts, check, classification, progress=progress)

    def rerank(self, query: str, texts: Any, *, progress: bool = False) -> list[Hit]:
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
        self._require(TEXT_CLASSIFICATION, "rerank")
        if len(self.labels) != 1:
            raise InputError(
                f"{self.bundle.path} knows {len(self.labels)} labels; rerank needs a single one, "
                "whose score is the order"
            )
        listed = check_ranking(query, texts)
        answers = self.classify([(query, text) for text in listed], progress=progress)
        return ranked(listed, [answer.score for answer in answers])

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
        self._require(TOKEN_CLASSIFICATION, "tag")
        chosen = self.aggregation if aggregation is None else aggregation
        check_choice("aggregation", chosen, AGGREGATIONS)

        def entities(whole: Whole[str]) -> list[Entity]:
            return decode_entities(*stitched(whole), self.labels, chosen)

        check = self._readable(partial(check_text, pairs=False), whole=True)
        through = self._in_overlapping_parts
        return self._answer(texts, check, entities, through=through, progress=progress)

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
        self._require(FILL_MASK, "fill_mask")
        check_number("k", k, 1)
        tokenizer, mask = self.tokenizer, str(self.mask_token)

        def masked(text: Any, place: int) -> str:
            return check_masks(str(check_text(text, place, pairs=False)), place, tokenizer, mask)

        def fills(answered: Answered[str]) -> list[Fill]:
            return list(fills_of(answered, tokenizer, mask, k))

        def through(windows: Iterator[Window[str]]) -> Iterator[Answered[str]]:
            small = in_small_windows(windows, self.width)
            return self._scheduler.answers(small, partial(encode, tokenizer))

        check = self._readable(masked)
        return self._answer(texts, check, fills, through=through, progress=progress)

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
        self._require(QUESTION_ANSWERING, "answer")
        answers = self._answer(
            pairs_of(question, context),
            self._readable(
                partial(check_question, cut=self._cut, max_length=self.max_length), whole=True
            ),
            partial(read_answer, allow_no_answer=allow_no_answer),
            through=self._in_overlapping_parts,
            progress=progress,
        )
        one = isinstance(question, str | bytes) and isinstance(context, str | bytes)
        return answers[0] if one else answers

    def count_tokens(self, texts: Any, *, prompt: str | None = None) -> Any:
        """Count the tokens of whole texts, special tokens and the prompt of `embed` included.

        Args:
            texts: one text, a list, or any other iterable; a pair is a tuple of two, where the
                task reads pairs.
            prompt: as in `embed`.

        Returns:
            An int for one text, a list of them for a list, and for any other iterable an iterator.
        """
        return self._answer(texts, self._prompted(prompt), int, through=self._counts)

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
        check, most = self._prompted(prompt), self._read_at_once(max_length)
        if max_length is None and self.task != QUESTION_ANSWERING:  # a question is never cut
            return self._answer(texts, check, bool, through=self._cut_off)
        return self._answer(texts, check, lambda count: count > most, through=self._counts)

"""What a task is: how its texts are read, what of a run is kept, and how that is told.

One object a task, in a file of its own. Nobody else asks for a task by its name: what depends on the
task is a method or an attribute here, so that a new task is a new file.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import tokenizers

from edgebert.arrays import Array
from edgebert.records.manifest import COSINE, ENCODER, SOFTMAX
from edgebert.tasks.answers import Answers
from edgebert.tasks.terms import (
    AS_GIVEN,
    LOGITS,
    LOGITS_BYTES,
    LONGEST_FIRST,
    PER_TEXT,
    POOLED,
    SHARED_HIDDEN,
    AnswersTexts,
    Changes,
    Doubles,
)
from edgebert.text.encoding import Text
from edgebert.text.long_texts import Cut, encode_windows

if TYPE_CHECKING:
    from edgebert.data.columns import Columns
    from edgebert.data.examples import Examples


class Task:
    """A task, and the defaults that most have.

    Attributes:
        name: as in a manifest; Hugging Face's name of the pipeline.
        verb: the method of `edgebert.runtimes.Model` that asks for it.
        command: the command that does; "" for none.
        head: how transformers' classes of this head end; "" for an encoder without one.
        auto_class: the class of transformers that loads its checkpoints; "" where none does.
        graphs: roles of the graphs that answer together.
        model_type: of a configuration that is of this task and no other; "" where the head tells.
        outputs: names of the graph's outputs that an answer is made of.
        told_by: outputs of graphs, others' too, that no other task has.
        truncation: which side of a pair is cut.
        reads_pairs: whether two texts are answered together.
        reads_whole: whether all of a text is read, in parts that overlap; else its beginning.
        rows: of what a text's output has a row: `PER_TEXT`, `PER_TOKEN` or `PER_MASK`.
        labelled: whether its logits have names.
        has_problem_types: whether transformers knows several kinds of it, as one label or many.
        vectors: whether its output is a vector, which is compared and searched as one.
        dense: whether that vector is given whole, as an array.
        similarity: what vectors are compared by where nothing is said.
        module: the kind of sentence-transformers' module that tells it; "" for none.
        over_vocabulary: whether each token has a row of logits over the vocabulary.
        form: how the graph makes `outputs` of a model of `auto_class`: `AS_GIVEN`, `POOLED` or `LEXICAL`.
        distance: what the distance of two answers is.
        columns: of a table of answers, beside those of the texts, with the types of `COLUMN_TYPES`.
        saved_key: what an answer stands under in a file of saved answers.
        saved_as_text: whether that is a text.
        writes: whether its answers are texts that it writes, a token at a time.
        decisions: what a flip is one of.
        new_aggregation: how the labels of tokens become those of words in a new bundle.
        most_compared: texts that two models are compared on at most; None for any.
        default_bounds: what a drift is held to where nobody asked and no manifest promises: further
            than int8 goes at its worst.
    """

    name: ClassVar[str]
    verb: ClassVar[str]
    command: ClassVar[str] = ""
    head: ClassVar[str] = ""
    auto_class: ClassVar[str] = ""
    graphs: ClassVar[tuple[str, ...]] = (ENCODER,)
    model_type: ClassVar[str] = ""
    outputs: ClassVar[tuple[str, ...]] = (LOGITS,)
    told_by: ClassVar[frozenset[str]] = frozenset()
    truncation: ClassVar[str] = LONGEST_FIRST
    reads_pairs: ClassVar[bool] = False
    reads_whole: ClassVar[bool] = False
    rows: ClassVar[str] = PER_TEXT
    labelled: ClassVar[bool] = False
    has_problem_types: ClassVar[bool] = False
    vectors: ClassVar[bool] = False
    dense: ClassVar[bool] = False
    similarity: ClassVar[str] = COSINE
    module: ClassVar[str] = ""
    form: ClassVar[str] = AS_GIVEN
    over_vocabulary: ClassVar[bool] = False
    distance: ClassVar[str] = "change of a probability"
    columns: ClassVar[Mapping[str, str]] = MappingProxyType({})
    saved_key: ClassVar[str] = ""
    saved_as_text: ClassVar[bool] = False
    writes: ClassVar[bool] = False
    decisions: ClassVar[str] = "labels"
    most_compared: ClassVar[int | None] = None
    new_aggregation: ClassVar[str | None] = None
    default_bounds: ClassVar[Mapping[str, float]] = MappingProxyType(
        {"max_drift": 0.25, "max_flips": 0.25}
    )

    def __repr__(self) -> str:
        return f"<task {self.name}>"

    @property
    def graph_outputs(self) -> tuple[str, ...]:
        """Names of all outputs that our graphs of this task have, in order."""
        return (SHARED_HIDDEN, *self.outputs) if self.form == POOLED else self.outputs

    @property
    def joined_name(self) -> str:
        """What `joined` is called."""
        return self.outputs[0] if len(self.outputs) == 1 else LOGITS

    @property
    def fits_encoders(self) -> bool:
        """Whether an encoder can be taken for it, with or without a head; else its folder tells."""
        return not self.model_type

    @property
    def by_token(self) -> bool:
        """Whether the graph's outputs have a row for each token; else for each text."""
        return self.rows != PER_TEXT

    def require_module(self, said: dict[str, Any], folder: Path) -> None:
        """Refuse what the `module` of a checkpoint does otherwise than our graphs do.

        Args:
            said: its config.json.
            folder: where that lies.

        Raises:
            CheckpointError: it would be another model.
        """

    # How texts are read.

    def inputs_of(self, texts: Iterable[Text], mask_token: str | None = None) -> tuple[Text, ...]:
        """Plain texts as inputs of this task: with whatever it needs beside or inside of them.

        Args:
            texts: texts; pairs stay as they are.
            mask_token: what stands for a word to guess, where words are guessed.
        """
        return tuple(texts)

    def golden_texts(self, mask_token: str | None = None) -> tuple[Text, ...]:
        """What a bundle of this task is proved with; arguments as for `inputs_of`."""
        from edgebert.data.samples import GOLDEN_TEXTS  # which an app need not load

        return self.inputs_of(GOLDEN_TEXTS, mask_token)

    def built_in_examples(self) -> Examples:
        """The built-in sentences as if they had been read from a file."""
        from edgebert.data.examples import Examples
        from edgebert.data.samples import SENTENCES

        return Examples(Path("built-in sentences"), self.inputs_of(SENTENCES))

    def examples(self, path: Path | None, *, columns: Columns | None = None) -> Examples:
        """Read a file, or take the built-in sentences where none is given."""
        from edgebert.data.reading import read_examples

        return read_examples(path, columns=columns) if path else self.built_in_examples()

    def compared_texts(self, examples: Examples, mask_token: str | None) -> tuple[Text, ...]:
        """What of a file is answered: where single texts are, each side of a pair by itself."""
        texts = examples.texts if self.reads_pairs else examples.single_texts()
        return self.inputs_of(texts, mask_token) if mask_token else tuple(texts)

    def sides(self, text: Text) -> tuple[Text, ...]:
        """What of a text, or of a pair, is read at once."""
        return (text,) if isinstance(text, str) or self.reads_pairs else text

    def first_parts(
        self, texts: Sequence[Any], tokenizer: tokenizers.Tokenizer, cut: Cut, max_length: int
    ) -> list[tokenizers.Encoding]:
        """Tokens of whole texts: the first part of each, which knows the others.

        Args:
            texts: as this task reads them.
            tokenizer: of the model.
            cut: makes tokenizers of its kind.
            max_length: tokens that are read at a time.
        """
        return encode_windows([str(text) for text in texts], tokenizer, cut)

    # What of a run is kept.

    def joined(self, results: Sequence[Array]) -> Array:
        """The outputs of a run as one array."""
        return results[0]

    def row_of(self, row: Array, tokens: Sequence[int], mask_id: int | None) -> Array:
        """What of a text's row in `joined` is its output.

        Args:
            row: with padding, where there is a row for each token.
            tokens: ids of the text, without padding.
            mask_id: of the mask, where words are guessed.
        """
        return row[: len(tokens)] if self.by_token else row

    def choices(self, output: Array) -> Array:
        """A text's output with a choice in each row: a label, a word."""
        return output

    def tokens_per_run(self, vocabulary: int, most: int) -> int:
        """Tokens that are run together.

        Args:
            vocabulary: pieces that the tokenizer knows.
            most: what onnxruntime is fastest with.
        """
        if not self.over_vocabulary:
            return most
        return max(1, min(most, LOGITS_BYTES // (4 * vocabulary)))

    def texts_per_window(self, vocabulary: int) -> int | None:
        """Texts whose outputs are kept at a time, by the pieces of the tokenizer; None for any."""
        return None

    def golden_columns(self, outputs: Sequence[Array]) -> tuple[int, ...]:
        """The columns that golden answers keep of such outputs; () for all."""
        return ()

    def golden_distance(self, answer: Array, promised: Any) -> float | None:
        """How far an output is from what was promised; None where their relative distance tells."""
        return None

    def compared_rows(self, mask: np.ndarray[Any, np.dtype[np.bool_]]) -> Any:
        """Where two runs on the same batch have to agree.

        Args:
            mask: bool [batch, tokens], where tokens stand.

        Returns:
            Bool [batch, tokens] where there is a row for each token, else [batch].
        """
        return mask if self.by_token else np.any(mask, axis=1)

    def is_told_by(self, outputs: Collection[str]) -> bool:
        """Whether the names of a graph's outputs alone say that it is of this task."""
        return not self.told_by.isdisjoint(outputs)

    # How two models are compared.

    def ask(
        self,
        model: AnswersTexts,
        texts: Sequence[Text],
        *,
        aggregation: str,
        allow_no_answer: bool,
        progress: bool = False,
    ) -> Answers:
        """Let a model answer texts, as it would be asked by its users.

        Args:
            model: of this task.
            texts: as this task reads them.
            aggregation: how the labels of tokens become those of words (see `tasks.entities`).
            allow_no_answer: whether a question may have none.
            progress: show a bar.

        Raises:
            InputError: pairs where single texts are read, or the other way round.
        """
        return Answers(tuple(model.outputs(texts, progress=progress)))

    def disagreement(
        self,
        before: Answers,
        after: Answers,
        *,
        scorings: tuple[str, str],
        multi_label: bool,
        decides: bool,
    ) -> tuple[Doubles, Changes | None]:
        """How far the answers to each text are apart.

        Args:
            before, after: of the two models, to the same texts.
            scorings: how each makes scores of logits.
            multi_label: whether a text may have several labels.
            decides: whether labels are chosen; else there are only scores.

        Returns:
            Distances, float64 [texts]; changed and all decisions in each text, int64 [texts, 2].
        """
        from edgebert.measures.distances import probability_changes  # which no app needs
        from edgebert.measures.labels import changed_decisions

        assert before.outputs is not None and after.outputs is not None
        distances = probability_changes(before.outputs, after.outputs, scorings=scorings)
        if not decides:
            return distances, None
        return distances, changed_decisions(before.outputs, after.outputs, multi_label=multi_label)

    def row(self, answer: Any) -> dict[str, Any]:
        """An answer as a row of a table: its columns, in order."""
        raise NotImplementedError

    def columns_of(self, options: Mapping[str, Any]) -> Mapping[str, str]:
        """The columns of answers that were asked for with these options of `verb`."""
        return self.columns

    def require_gold(self, examples: Examples, *, gives_score: bool) -> None:
        """Say what a file lacks, and what it has, where the task's metric cannot be computed.

        Raises:
            InputError: it does not say which answers are right.
        """
        raise NotImplementedError

    # How it is told.

    def scoring(self, labels: Sequence[str], problem_type: str | None, said: str | None) -> str:
        """How scores are made of logits.

        Args:
            labels: names of the logits.
            problem_type: of the checkpoint's configuration.
            said: what the checkpoint says about it beside that.
        """
        return SOFTMAX

    def gives_score(self, labels: Sequence[str], scoring: str, *, multi_label: bool) -> bool:
        """Whether a text gets a score, not a choice of labels."""
        return False

    def call(self, labels: Sequence[str], mask_token: str | None) -> str:
        """A line of Python that asks a model for it."""
        return f'model.{self.verb}(["first text", "second text"])'

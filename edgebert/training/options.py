"""How a model is trained: one frozen record of options for each way."""

from __future__ import annotations

from dataclasses import dataclass, field

from edgebert.data import Columns
from edgebert.errors import InputError

AUTO = "auto"
PRECISIONS = (AUTO, "fp32", "bf16", "fp16")

LINEAR, INVERSE_SQUARE_ROOT = "linear", "inverse-square-root"
SCHEDULES = (LINEAR, INVERSE_SQUARE_ROOT)

UNWEIGHTED, BALANCED = "none", "balanced"
CLASS_WEIGHTS = (UNWEIGHTED, BALANCED)


@dataclass(frozen=True, kw_only=True)
class LoopOptions:
    """What every training loop takes.

    Attributes:
        epochs: passes over the training data.
        batch_size: examples in each optimizer step, of all processes together.
        micro_batch_size: how many of them go through the model at once (gradient accumulation);
            by default all. It changes memory and time, and not what is learned.
        batch_tokens: tokens of a step, padding among them, in the place of `batch_size` examples.
        learning_rate: the highest, after warm-up.
        schedule: how the rate falls from there: "linear", to 0; or "inverse-square-root" of the
            steps, as the Transformer was trained.
        precision: "fp32", "bf16", "fp16", or "auto": bf16 where the hardware multiplies it faster.
        gradient_checkpointing: compute activations twice instead of keeping them.
        evaluate_every: steps between two looks at dev; by default each epoch's end.
        patience: looks at dev without a better score after which training stops.
        metric: the dev metric by which the best weights are kept; by default the task's first.
        average: decay of a moving average of the weights, which is then what is kept.
        average_last: how many looks at dev, the last ones, whose mean weights are kept (without dev
            ends of epochs).
        seed: of all randomness.
    """

    epochs: int = 3
    batch_size: int = 32
    micro_batch_size: int | None = None
    batch_tokens: int | None = None
    learning_rate: float = 5e-5
    schedule: str = LINEAR
    precision: str = AUTO
    gradient_checkpointing: bool = False
    evaluate_every: int | None = None
    patience: int | None = None
    metric: str | None = None
    average: float | None = None
    average_last: int = 1
    seed: int = 42

    def __post_init__(self) -> None:
        """Refuse what no run can be made of.

        Raises:
            InputError: a number that is too small or too large, or a precision that is not known.
        """
        for name in _COUNTS:
            value = getattr(self, name)
            if value is not None and value < 1:
                raise InputError(f"{name} should be at least 1, not {value}")
        if not 0 < self.learning_rate < float("inf"):
            raise InputError(f"learning_rate should be above 0, not {self.learning_rate}")
        if self.average is not None and not 0 < self.average < 1:
            raise InputError(f"average should lie between 0 and 1, not {self.average}")
        if self.precision not in PRECISIONS:
            raise InputError(
                f"unknown precision {self.precision!r}: expected one of {', '.join(PRECISIONS)}"
            )
        if self.schedule not in SCHEDULES:
            raise InputError(
                f"unknown schedule {self.schedule!r}: expected one of {', '.join(SCHEDULES)}"
            )
        if self.average is not None and self.average_last > 1:
            raise InputError(
                "--average and --average-last are two means of the weights: choose one"
            )


_COUNTS = (
    "epochs",
    "batch_size",
    "micro_batch_size",
    "batch_tokens",
    "evaluate_every",
    "patience",
    "average_last",
)
"""Options that are 1 or more."""


@dataclass(frozen=True, kw_only=True)
class PretrainOptions(LoopOptions):
    """The size of the BERT and how it is pretrained; `max_length` is also its position table.

    Attributes:
        whole_words: hide all pieces of a word or none of them.
    """

    layers: int = 4
    hidden: int = 256
    vocab_size: int = 8000
    max_length: int = 128
    learning_rate: float = 5e-4
    whole_words: bool = False


@dataclass(frozen=True, kw_only=True)
class FinetuneOptions(LoopOptions):
    """`max_length` defaults to the checkpoint's; `limit` trains on that many drawn examples.

    `multi_label` says that a text may have several labels: `|` separates them in a cell. So do lists
    of labels, and a checkpoint that is multi-label itself; else a cell is one label.

    Attributes:
        head_learning_rate: of the weights outside the encoder, which start at random.
        frozen_epochs: first epochs, in which the encoder stays as it is and the rest learns alone.
        matryoshka: to how many numbers embeddings may be cut later, each learned beside the others;
            none of them trains the whole alone.
        hard_negatives: documents nearest to a query that do not answer it, mined once with the
            model as it starts.
        label_smoothing: share of each label's target that is dealt out to all labels.
        class_weights: "none", or "balanced": labels count alike, however rare they are.
        columns: names of the columns of a table, where they are not the usual ones.
    """

    max_length: int | None = None
    limit: int | None = None
    multi_label: bool = False
    head_learning_rate: float | None = None
    frozen_epochs: int = 0
    label_smoothing: float = 0.0
    class_weights: str = UNWEIGHTED
    matryoshka: tuple[int, ...] = ()
    hard_negatives: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.label_smoothing < 1:
            raise InputError(
                f"label_smoothing should be at least 0 and below 1, not {self.label_smoothing}"
            )
        if self.class_weights not in CLASS_WEIGHTS:
            raise InputError(
                f"unknown class_weights {self.class_weights!r}: expected one of "
                f"{', '.join(CLASS_WEIGHTS)}"
            )
        if not 0 <= self.frozen_epochs < self.epochs:
            raise InputError(
                f"frozen_epochs should be at least 0 and below the {self.epochs} epochs, not "
                f"{self.frozen_epochs}"
            )

    columns: Columns = field(default_factory=Columns)


@dataclass(frozen=True, kw_only=True)
class TranslationOptions(FinetuneOptions):
    """How an encoder gets a decoder that translates; the encoder's rate is `learning_rate`.

    Attributes:
        decoder_layers: how many, 1 to 4.
        decoder_hidden: how wide they are; by default as the encoder.
        target_vocab_size: pieces that are learned of the targets.
        dropout: share of what the decoder drops in training.
    """

    epochs: int = 20
    batch_tokens: int | None = 3000
    learning_rate: float = 1e-4
    head_learning_rate: float | None = 1e-3
    schedule: str = INVERSE_SQUARE_ROOT
    frozen_epochs: int = 3
    average_last: int = 5
    label_smoothing: float = 0.1
    decoder_layers: int = 2
    decoder_hidden: int | None = None
    target_vocab_size: int = 8000
    dropout: float = 0.3

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 <= self.decoder_layers <= _MOST_DECODER_LAYERS:
            raise InputError(
                f"decoder_layers should be 1 to {_MOST_DECODER_LAYERS}, not {self.decoder_layers}"
            )
        if not 0 <= self.dropout < 1:
            raise InputError(f"dropout should be at least 0 and below 1, not {self.dropout}")


_MOST_DECODER_LAYERS = 4

ANSWERS, LAST, LAYERS, RELATIONS, SIMILARITIES = (
    "answers",
    "last",
    "layers",
    "relations",
    "similarities",
)
MATCHES = (ANSWERS, LAST, LAYERS, RELATIONS, SIMILARITIES)


@dataclass(frozen=True, kw_only=True)
class StaticOptions(LoopOptions):
    """How wide a table of static embeddings is, and how it learns, where there are texts.

    Attributes:
        dimensions: numbers of each token's row.
        max_length: of the texts that the teacher is asked; defaults to the teacher's.
        columns: names of the columns of a table, where they are not the usual ones.
    """

    dimensions: int = 256
    max_length: int | None = None
    batch_size: int = 256
    learning_rate: float = 3e-3
    columns: Columns = field(default_factory=Columns)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.dimensions < 1:
            raise InputError(f"dimensions should be at least 1, not {self.dimensions}")


@dataclass(frozen=True, kw_only=True)
class DistillOptions(LoopOptions):
    """How a student is smaller than its teacher, and what it learns of it.

    Attributes:
        layers: how many layers it has, evenly spaced among those it is cut from; or which, counted
            from 0. By default all.
        hidden: how wide they are; by default as wide.
        match: what of the student is to be as in its teacher: "answers"; "last", the direction of the
            last hidden states; "layers", that of what each layer makes; "relations" of queries, keys
            and values in the last layer; "similarities" of the embeddings of a step. By default the
            answers, and beside a head that was cut with its encoder the last states.
        temperature: by which probabilities are softened before they are compared.
        head_learning_rate: of the weights outside the encoder, where it differs.
        max_length: defaults to the teacher's.
        columns: names of the columns of a table, where they are not the usual ones.
    """

    layers: int | tuple[int, ...] | None = None
    hidden: int | None = None
    match: tuple[str, ...] = ()
    temperature: float = 2.0
    head_learning_rate: float | None = None
    max_length: int | None = None
    learning_rate: float = 1e-4
    columns: Columns = field(default_factory=Columns)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.temperature < float("inf"):
            raise InputError(f"temperature should be above 0, not {self.temperature}")
        for name in self.match:
            if name not in MATCHES:
                raise InputError(
                    f"nothing to match is called {name!r}: expected some of {', '.join(MATCHES)}"
                )

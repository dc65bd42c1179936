"""Which columns of a table hold what: by their usual names, or as somebody names them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

from edgebert.data.entities import is_tag
from edgebert.data.rows import TABLES, file_kind, head_of, separator_hint
from edgebert.data.triplets import ANCHORED, refuse_half_a_pair
from edgebert.errors import InputError

TEXT_COLUMNS = ("text", "sentence")
PAIR_COLUMNS = (
    ("text", "text_pair"),
    ("sentence1", "sentence2"),
    ("sentence_a", "sentence_b"),
    ("premise", "hypothesis"),
    ("question1", "question2"),
    ("question", "context"),
    ("source", "target"),
    ANCHORED,
)
TOKENS = "tokens"
TAG_COLUMNS = ("tags", "ner_tags")
LABEL_COLUMNS = ("label", "labels", "intent")
ANSWERS = "answers"


@dataclass(frozen=True)
class Columns:
    """Names of a table's columns, where they are not the usual ones.

    Attributes:
        text: of the texts; of tagged tokens, or of questions.
        pair: of the second text of each pair; of the contexts that questions are about.
        label: of what is said of the texts: labels, scores, tags or answers.
    """

    text: str | None = None
    pair: str | None = None
    label: str | None = None

    def __post_init__(self) -> None:
        """Refuse one column in two roles.

        Raises:
            InputError: two of the names are the same.
        """
        for (option, name), (other, again) in combinations(self.named.items(), 2):
            if name == again:
                raise InputError(f"{option} and {other} both name the column {name!r}")

    @property
    def named(self) -> dict[str, str]:
        """The names that were given, by the options that give them."""
        options = {
            "--text-column": self.text,
            "--pair-column": self.pair,
            "--label-column": self.label,
        }
        return {option: name for option, name in options.items() if name is not None}

    def of(self, path: Path) -> Columns:
        """The same of a table; none of a file without columns, as a .txt beside a table is."""
        return self if has_columns(path) else Columns()

    def of_texts(self, path: Path) -> Columns:
        """The same of a file of which the texts alone are read."""
        return replace(self.of(path), label=None)


def has_columns(path: Path) -> bool:
    return file_kind(path) in TABLES and not path.is_dir()


def refuse_without_columns(columns: Columns | None, paths: Iterable[Path]) -> None:
    """Refuse names of columns where no file has any.

    Raises:
        InputError: there are names, and no file or none that is a table.
    """
    option = next(iter(columns.named), None) if columns else None
    files = list(paths)
    if option is None or any(map(has_columns, files)):
        return
    if not files:
        raise InputError(f"{option} names a column of a file: give --data")
    raise InputError(f"{files[0]} has no columns, so {option} cannot name one")


@dataclass(frozen=True)
class TextColumns:
    """Where the texts of a table are.

    Attributes:
        texts: the column of single texts or tokens, or the two of pairs.
        tags: the column of the tokens' tags, where `texts` may be one of tokens.
        sure: whether it is; else the cells tell, which are lists then.
    """

    texts: tuple[str, ...]
    tags: str | None = None
    sure: bool = False

    @property
    def all(self) -> tuple[str, ...]:
        return self.texts if self.tags is None else (*self.texts, self.tags)

    def __str__(self) -> str:
        return " and ".join(map(repr, self.all if self.sure else self.texts))


def text_columns(path: Path, names: Sequence[str], columns: Columns | None) -> TextColumns:
    """Find the columns of the texts.

    Args:
        path: the file, for messages.
        names: of its columns.
        columns: how they were named; None where they cannot be.

    Raises:
        InputError: one that was named is not there, or none has a usual name.
    """
    named = columns or Columns()
    for name in (named.text, named.pair):
        if name is not None:
            require_column(path, names, name)
    tags = named.label or first_of(names, TAG_COLUMNS)
    if named.pair is not None:
        usual = (name for name in _first_texts() if name != named.pair)
        first = named.text or first_of(names, tuple(usual))
        if first is None:
            raise _no_text_column(path, names, columns)
        return TextColumns((first, named.pair))
    if named.text is not None:
        return TextColumns((named.text,), tags)
    if _holds_tokens(names, named):
        return TextColumns((TOKENS,), tags, sure=True)
    for pair in PAIR_COLUMNS:
        if set(pair) <= set(names):
            return TextColumns(pair)
    single = first_of(names, TEXT_COLUMNS)
    if single is None:
        refuse_half_a_pair(path, names)
        raise _no_text_column(path, names, columns)
    return TextColumns((single,))


def require_column(path: Path, names: Sequence[str], name: str) -> str:
    """`name`, which is one of `names`.

    Raises:
        InputError: it is none of them.
    """
    if name not in names:
        raise InputError(
            f"{head_of(path)}: no column named {name!r}; columns found: {', '.join(names)}"
        )
    return name


def first_of(names: Sequence[str], known: Sequence[str]) -> str | None:
    return next((name for name in known if name in names), None)


def _first_texts() -> tuple[str, ...]:
    """What a column of texts, or of the first of two, is usually called."""
    return tuple(dict.fromkeys((*TEXT_COLUMNS, *(first for first, _ in PAIR_COLUMNS))))


def _holds_tokens(names: Sequence[str], named: Columns) -> bool:
    """Whether a table is one of tagged tokens, by the names of its columns."""
    if TOKENS not in names:
        return False
    usual = first_of(names, _first_texts()) is None and named.label in names
    return usual or first_of(names, TAG_COLUMNS) is not None


def _no_text_column(path: Path, names: Sequence[str], columns: Columns | None) -> InputError:
    return InputError(
        f"{head_of(path)}: no column named {' or '.join(map(repr, TEXT_COLUMNS))}; "
        f"columns found: {', '.join(names)}{separator_hint(path, names)}. "
        f"{_way_out(names, columns)}"
    )


def _way_out(names: Sequence[str], columns: Columns | None) -> str:
    if is_tag(names[-1]):  # there is no header: its first line is a token
        return "Tokens with tags belong into a .conll file"
    named = "" if columns is None else ", or name it with --text-column"
    return f"Call yours 'text'{named}"

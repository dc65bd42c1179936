"""Questions to their answers in a context."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from itertools import tee
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgebert.cli import options
from edgebert.cli.boundary import Command
from edgebert.cli.texts.answering import run
from edgebert.cli.texts.given import STDIN, GivenTexts, single_texts
from edgebert.cli.texts.verb import Verb, run_options
from edgebert.errors import InputError

if TYPE_CHECKING:
    from edgebert.runtimes.model import Model

Pair = tuple[str, str]


@click.command(cls=Command)
@run_options("[QUESTION [CONTEXT]]...")
@options.pair_column
@click.option(
    "--context",
    "context_file",
    type=click.Path(path_type=Path, allow_dash=True),
    metavar="FILE",
    help="Find the answers in the text of FILE ('-': stdin); what else is given are questions.",
)
@click.option(
    "--allow-no-answer",
    is_flag=True,
    help="Let an answer be empty where that is likelier, for models that were trained so.",
)
def answer(
    texts: tuple[str, ...], context_file: Path | None, allow_no_answer: bool, **given: Any
) -> None:
    """Find the answers to questions in a context of any length: one JSON object a line.

    An answer stands at the characters start to end of its context. --input has columns `question`
    and `context`, or is SQuAD's .json; beside --context it has questions.

    \b
        edgebert answer reader/int8 "Who was in Oslo?" "Anna was in Oslo, Ben in Rome."
        edgebert answer reader/int8 "Who was there?" "When?" --context report.txt
        edgebert answer reader/int8 --input questions.jsonl --output answers.jsonl
    """
    from edgebert.records.manifest import QUESTION_ANSWERING
    from edgebert.tasks import task_of

    def answers(model: Model, pairs: Iterable[Pair]) -> Iterable[Any]:
        asked, read = tee(pairs)
        questions, contexts = (pair[0] for pair in asked), (pair[1] for pair in read)
        found: Iterable[Any] = model.answer(questions, contexts, allow_no_answer=allow_no_answer)
        return found

    questions, context = _questions_and_context(texts, context_file, given["source"])
    verb = Verb(
        "answer",
        task_of(QUESTION_ANSWERING),
        answers,
        chosen={"--allow-no-answer": allow_no_answer or None},
        takes=partial(_pairs, context=context),
        why_not=_why_not,
    )
    run(verb, texts=questions, **given)


def _questions_and_context(
    texts: tuple[str, ...], context_file: Path | None, source: Path | None
) -> tuple[tuple[str, ...], str | None]:
    """The questions among the arguments, and the context of all questions where it is one."""
    if context_file is None:
        if texts and len(texts) != 2:
            raise click.UsageError("give a question and a context, or questions with --context")
        return texts[:1], texts[1] if texts else None
    if context_file == source == STDIN:
        raise click.UsageError("stdin cannot be both: --context or --input needs a file")
    return texts, _text_of(context_file)


def _text_of(path: Path) -> str:
    """All of a text file, or of stdin."""
    from edgebert.cli.texts.stdin import stdin_lines
    from edgebert.data.lines import read_lines

    lines = [line for some in stdin_lines() for line in some] if path == STDIN else read_lines(path)
    text = "\n".join(lines)
    if not text.strip():
        raise InputError(f"{'stdin' if path == STDIN else path} holds no text")
    return text


def _pairs(given: GivenTexts, context: str | None) -> GivenTexts:
    """Each question with its context."""
    if context is not None:
        return single_texts(given).beside(context)
    if not given.pairs:
        raise InputError(
            f"{given.source} holds single texts: name its columns 'question' and 'context' (or "
            "say theirs with --text-column and --pair-column), or give the context of all its "
            "questions with --context"
        )
    return given


def _why_not(model: Model, pair: Pair) -> str | None:
    from edgebert.tasks.questions import no_room

    (tokens,) = model.count_tokens([(pair[0], "")])
    return no_room(model.max_length) if tokens >= model.max_length else None

"""A new task is a new file: almost nothing outside of the tasks asks for one by its name."""

from __future__ import annotations

import pytest
from task_decisions import ROOT, Tasks, decisions, decisions_in, sources, tasks_of

MOST = 2
"""What `finetune` knows of the tasks that it trains."""

TASKS = Tasks(
    names=frozenset({"fill-mask", "question-answering"}),
    constants=frozenset({"FILL_MASK", "QUESTION_ANSWERING"}),
    classes=frozenset({"base.Task", "mask_filling.MaskFilling"}),
)
HEAD = """
from edgebert.records.manifest import FILL_MASK, QUESTION_ANSWERING as READING
from edgebert.records import manifest
from edgebert.tasks import task_of
from edgebert.tasks.mask_filling import MaskFilling
from edgebert.tasks.answers import Classification
_BOTH = (FILL_MASK, READING)
"""


def test_nothing_but_the_tasks_asks_which_task_it_is() -> None:
    found = decisions()
    assert len(found) <= MOST, "\n".join(f"{d.file}:{d.line}: {d.source}" for d in found)


def test_every_source_is_looked_at_once() -> None:
    files = [path.relative_to(ROOT).as_posix() for path in sources(ROOT)]
    assert len(files) == len(set(files)) > 300
    assert {"edgebert/checkpoint/folder.py", "export/exporting.py", "quantize/options.py"} < set(
        files
    )
    assert "runtimes/python/model.py" in files
    assert not any(file.startswith("edgebert/tasks/") for file in files)


def test_every_task_is_known_by_its_name_and_its_class() -> None:
    tasks = tasks_of(ROOT)
    assert {"feature-extraction", "text-classification", "sparse-embedding"} < tasks.names
    assert {"base.Task", "embedding.Embedding", "classification.Classification"} < tasks.classes
    assert "answers.Classification" not in tasks.classes  # an answer
    assert len(tasks.names) == len(tasks.classes) - 1


@pytest.mark.parametrize(
    "line",
    [
        "x = a if task == FILL_MASK else b",
        "if task != 'fill-mask': pass",
        "if READING == task: pass",
        "if task in (FILL_MASK, OTHER): pass",
        "if task not in _BOTH: pass",
        "if task in {'fill-mask'}: pass",
        "if task is FILL_MASK: pass",
        "if task == manifest.FILL_MASK: pass",
        "if task == MaskFilling.name: pass",
        "if task == MaskFilling(): pass",
        "if task == task_of(FILL_MASK): pass",
        "verbs = {FILL_MASK: 'fill', 'none': ''}",
        "if isinstance(task, MaskFilling): pass",
        "if isinstance(task, (int, MaskFilling)): pass",
        "if isinstance(task, int | MaskFilling): pass",
        "match task:\n    case manifest.FILL_MASK: pass",
        "match task:\n    case 'fill-mask': pass",
        "match task:\n    case MaskFilling(): pass",
    ],
)
def test_a_decision_is_found(line: str) -> None:
    assert len(decisions_in(f"{HEAD}\n{line}\n", TASKS)) == 1


@pytest.mark.parametrize(
    "line",
    [
        "x = task_of(FILL_MASK)",
        "verb = Verb('fill', FILL_MASK)",
        "if task.vectors: pass",
        "if task.name == other.name: pass",
        "if isinstance(answer, Classification): pass",
        "if kind == 'token': pass",
        "texts = {'question': 'fill-mask'}",
        "match step:\n    case Dense(): pass",
    ],
)
def test_what_decides_nothing_is_left_alone(line: str) -> None:
    assert decisions_in(f"{HEAD}\n{line}\n", TASKS) == []

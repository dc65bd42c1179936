"""What can be asked of a model, one file a task. torch-free: numpy and tokenizers."""

from edgebert.errors import InputError
from edgebert.tasks.answering import Answering
from edgebert.tasks.base import Task
from edgebert.tasks.classification import Classification
from edgebert.tasks.embedding import Embedding
from edgebert.tasks.mask_filling import MaskFilling
from edgebert.tasks.sparse import SparseEmbedding
from edgebert.tasks.tagging import Tagging
from edgebert.tasks.translation import Translation

TASKS: tuple[Task, ...] = (
    Embedding(),
    Classification(),
    Tagging(),
    MaskFilling(),
    Answering(),
    SparseEmbedding(),
    Translation(),
)
"""Every task; the first is that of an encoder without a head."""

_BY_NAME = {task.name: task for task in TASKS}


def task_of(name: str) -> Task:
    """The task of this name.

    Raises:
        InputError: there is none.
    """
    if name not in _BY_NAME:
        raise InputError(f"{name!r} is no task that edgebert knows: {', '.join(_BY_NAME)}")
    return _BY_NAME[name]


__all__ = ["TASKS", "Task", "task_of"]

"""Which queue a model is put on."""

from __future__ import annotations

import threading

from edgebert.bounds import check_choice
from edgebert.records.profile import Profile
from edgebert.runtimes.queueing.text_queue import TextQueue

ALONE, SERVER = "alone", "server"
SHARING = (ALONE, SERVER)

_lock = threading.Lock()
_queues: list[TextQueue] = []


def queue_of(sharing: str | TextQueue) -> TextQueue | None:
    """The queue that several models share; None for a model alone.

    Raises:
        InputError: there is no such way.
    """
    if isinstance(sharing, TextQueue):
        return sharing
    return _of_this_process() if check_choice("sharing", sharing, SHARING) == SERVER else None


def queue_of_one(profile: Profile) -> TextQueue:
    """A queue for one model: beside the runs of a device somebody tokenizes."""
    return TextQueue(max(profile.callers, min(2, profile.threads)))


def _of_this_process() -> TextQueue:
    with _lock:
        if not _queues:
            _queues.append(TextQueue())
        return _queues[0]

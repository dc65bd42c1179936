"""Log lines for people or for machines; never a text, never a vector."""

from __future__ import annotations

import logging
import sys
import time
from typing import Any

import orjson

from edgebert.serving.options import JSON

_ADDED = ("request_id", "model", "texts", "tokens", "ms")


def log_to_stderr(form: str) -> None:
    """Have what the server tells go to stderr, a line each.

    Args:
        form: `text` or `json`.
    """
    _leave_out_what_no_line_tells()
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLines() if form == JSON else _TextLines())
    for name, level in (("edgebert", logging.INFO), ("uvicorn", logging.ERROR)):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(level)


def _leave_out_what_no_line_tells() -> None:
    """Look for no caller, thread or process: a quarter of what a line costs, which each answer has."""
    logging._srcfile = None  # as Python's own page on the cost of logging has it
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    if hasattr(logging, "logAsyncioTasks"):  # since Python 3.12
        logging.logAsyncioTasks = False


class _TextLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        added = "".join(f" {key}={value}" for key, value in _added(record).items())
        line = f"{_time(record)} {record.levelname.lower()} {record.getMessage()}{added}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        told = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
        } | _added(record)
        if record.exc_info:
            told["traceback"] = self.formatException(record.exc_info)
        return orjson.dumps(told, default=str).decode()


def _added(record: logging.LogRecord) -> dict[str, Any]:
    return {key: getattr(record, key) for key in _ADDED if getattr(record, key, None)}


def _time(record: logging.LogRecord) -> str:
    seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
    return f"{seconds}.{int(record.msecs):03d}Z"

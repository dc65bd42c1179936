"""A checkpoint as transformers or sentence-transformers write it: read without torch, run with it."""

from edgebert.checkpoint.folder import (
    TOKENIZER_FILES,
    Checkpoint,
    open_checkpoint,
    read_folder,
    task_of_head,
)

__all__ = ["TOKENIZER_FILES", "Checkpoint", "open_checkpoint", "read_folder", "task_of_head"]

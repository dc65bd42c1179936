"""A checkpoint as transformers or sentence-transformers write it: read without torch, run with it."""

from edgebert.checkpoint.checkpoint import Checkpoint
from edgebert.checkpoint.folder import TOKENIZER_FILES, open_checkpoint, read_folder
from edgebert.checkpoint.told_task import task_of_head

__all__ = ["TOKENIZER_FILES", "Checkpoint", "open_checkpoint", "read_folder", "task_of_head"]

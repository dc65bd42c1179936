"""The folder that goes to a device: what runs, and the seal on it."""

from edgebert.bundle.files import (
    GOLDEN,
    MANIFEST,
    MODEL,
    MODEL_CARD,
    MODEL_DATA,
    TARGET_TOKENIZER,
    TOKENIZER,
    ModelFiles,
)
from edgebert.bundle.sealed import (
    Bundle,
    changed_files,
    copy_files,
    file_sha256,
    open_bundle,
    read_bundle,
    seal,
)

__all__ = [
    "GOLDEN",
    "MANIFEST",
    "MODEL",
    "MODEL_CARD",
    "MODEL_DATA",
    "TARGET_TOKENIZER",
    "TOKENIZER",
    "Bundle",
    "ModelFiles",
    "changed_files",
    "copy_files",
    "file_sha256",
    "open_bundle",
    "read_bundle",
    "seal",
]

"""One file a peer. Each has a `PEER`; importing it imports the peer's package."""

from __future__ import annotations

from importlib import import_module

from benchmarks.protocol import Peer

PEERS = (
    "sentence_transformers_fp32",
    "ort_fp32",
    "fastembed_fp32",
    "openvino_fp32",
    "edgebert_fp32",
    "ort_int8",
    "openvino_int8",
    "ctranslate2_int8",
    "edgebert_int8",
    "edgebert_int8_bf16",
    "edgebert_int8_kernels",
)
"""In the order of the tables, where edgebert stands by the last that is its own."""

REFERENCE = PEERS[0]
"""Whose vectors all others are compared with: PyTorch in fp32."""


def load_peer(name: str) -> Peer:
    """Import a peer.

    Raises:
        ImportError: its package is not installed.
    """
    peer: Peer = import_module(f"benchmarks.peers.{name}").PEER
    return peer

"""Which addresses are this machine: what needs https elsewhere may go there in the clear."""

from __future__ import annotations

from urllib.parse import SplitResult

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def is_private_way(parts: SplitResult) -> bool:
    """Whether nobody on the way can read what is sent to this address: https, or http that never leaves the machine."""
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)

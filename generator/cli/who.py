"""Who publishes: shown in the list of releases and to whoever is second in a race."""

from __future__ import annotations

import getpass
import socket
from collections.abc import Mapping

_MAXIMUM_LETTERS = 80


def publisher(environ: Mapping[str, str]) -> str:
    """LYCEUM_PUBLISHER, else the actor that a CI names, else user and machine. An e-mail address is cut to what stands before the sign."""
    for name in ("LYCEUM_PUBLISHER", "GITHUB_ACTOR", "GITLAB_USER_LOGIN"):
        if said := environ.get(name, "").strip():
            return _clean(said)
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        user = "somebody"
    return _clean(f"{user} on {socket.gethostname()}")


def _clean(said: str) -> str:
    return "".join(sign for sign in said.partition("@")[0] if sign.isprintable())[:_MAXIMUM_LETTERS]

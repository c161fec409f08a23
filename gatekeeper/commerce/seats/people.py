"""The addresses in what a manager pastes: one a line, a column of a table, or as mail programs write them (`Ada <ada@example.org>`).

A line without an address is given back as wrong, so that nobody is silently left out; names beside an address are passed over.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from gatekeeper.accounts.address import AddressError, normal_address

LONGEST = 20_000  # signs in all
MOST = 200  # addresses at once
_PARTS = re.compile(r"[,;\t]")
_ANGLES = re.compile(r"<([^<>]*)>")


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """addresses: normal, each once, as they came. wrong: lines and parts that hold none, shortened."""

    addresses: tuple[str, ...]
    wrong: tuple[str, ...]


def read_people(text: str) -> People:
    """The people named in the text; those over `MOST` count as wrong."""
    addresses: dict[str, None] = {}
    wrong: list[str] = []
    for line in text.splitlines():
        parts = [part.strip().strip("\"'") for part in _PARTS.split(line)]
        named = [part for part in parts if "@" in part]
        if not named and line.strip(" ,;\t\"'"):
            wrong.append(line.strip())
        for part in named:
            found = _ANGLES.search(part)
            try:
                address = normal_address(found.group(1) if found else part)
            except AddressError:
                wrong.append(part)
                continue
            if address in addresses or len(addresses) < MOST:
                addresses[address] = None
            else:
                wrong.append(part)
    return People(addresses=tuple(addresses), wrong=tuple(one[:80] for one in wrong))

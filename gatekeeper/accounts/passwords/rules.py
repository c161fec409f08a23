"""What a password may be (NIST SP 800-63B-4, ASVS 6.2; attack case A05).

- At least 12 signs, at most 1,024, nothing cut off. Any sign that can be typed, spaces too; no rule about capitals, digits or their mixture, no expiry.
- It is compared in Unicode's form NFKC, so that it is the same from every keyboard: `é` as one sign or two, digits full-width or not.
- Refused are those that are guessed first: the list of common passwords (`common`), the same with a few digits or marks around it, two of
  them in a row, one thing repeated, signs that follow one another, and the reader's own address or the school's name.
"""

from __future__ import annotations

import string
import unicodedata
from collections.abc import Sequence
from enum import StrEnum
from itertools import pairwise

from gatekeeper.accounts.passwords.common import common_passwords

SHORTEST = 12
LONGEST = 1024
MOST_ORNAMENTS = 6
_SHORTEST_WORD = 4
_LONGEST_REPEATED = 6
_ORNAMENTS = string.digits + string.punctuation + " "
_BROKEN = "\ufffd"  # stands where bytes were no UTF-8
_REFUSED = frozenset({"Cc", "Cs"})


class Flaw(StrEnum):
    """Why a password is not taken; each has a text `password.flaw_…`."""

    SHORT = "short"
    LONG = "long"
    SIGNS = "signs"
    COMMON = "common"
    PERSONAL = "personal"


def normal_password(typed: str) -> str:
    """The form in which passwords are hashed."""
    return unicodedata.normalize("NFKC", typed)


def flaw_of(password: str, *, about: Sequence[str] = ()) -> Flaw | None:
    """What is wrong with this normal password; None if nothing. about: the reader's address, the school's names."""
    if len(password) < SHORTEST:
        return Flaw.SHORT
    if len(password) > LONGEST:
        return Flaw.LONG
    if _BROKEN in password or any(unicodedata.category(sign) in _REFUSED for sign in password):
        return Flaw.SIGNS
    plain = password.casefold()
    if _is_personal(plain, about):
        return Flaw.PERSONAL
    return Flaw.COMMON if _is_guessed_first(plain) else None


def _is_personal(plain: str, about: Sequence[str]) -> bool:
    words = set()
    for text in about:
        whole = unicodedata.normalize("NFKC", text).casefold().strip()
        words |= {whole, whole.partition("@")[0], "".join(whole.split())}
    return any(
        len(word) >= _SHORTEST_WORD and (core == word or core == word * 2)
        for word in words
        for core in _cores(plain)
    )


def _is_guessed_first(plain: str) -> bool:
    return _is_repeated(plain) or _is_sequence(plain) or any(_is_listed(core) for core in _cores(plain))


def _is_listed(core: str) -> bool:
    common = common_passwords()
    if core in common:
        return True
    return any(
        core[:cut] in common and core[cut:] in common
        for cut in range(_SHORTEST_WORD, len(core) - _SHORTEST_WORD + 1)
    )


def _cores(plain: str) -> set[str]:
    """The password, and what is left of it without up to six digits or marks at its ends."""
    stripped = plain.strip(_ORNAMENTS)
    cores = {plain}
    if stripped and len(plain) - len(stripped) <= MOST_ORNAMENTS:
        cores.add(stripped)
    for tail in range(1, MOST_ORNAMENTS + 1):
        if plain[-tail] not in _ORNAMENTS:
            break
        cores.add(plain[:-tail])
    return cores


def _is_repeated(plain: str) -> bool:
    """`aaaaaaaaaaaa`, `abcabcabcabc`."""
    period = (plain + plain).find(plain, 1)
    return period <= _LONGEST_REPEATED


def _is_sequence(plain: str) -> bool:
    """`abcdefghijkl`, `987654321098`: every sign follows the one before, digits round the end too."""
    steps = {
        (ord(after) - ord(before)) % 10 if after.isdigit() and before.isdigit() else ord(after) - ord(before)
        for before, after in pairwise(plain)
    }
    return len(steps) == 1 and steps <= {0, 1, -1, 9}

"""E-mail addresses: one normal form, so that one mailbox is one reader.

The library checks the syntax and brings the domain into lower case and Unicode NFC. ASCII letters before the `@` are lowered too,
as every common mail system does; other letters are left alone, because lowering them can turn one person's address into
another's. Mail goes to the normal form only. No DNS is asked: an answer's time would tell something.
"""

from __future__ import annotations

import string

import idna
from email_validator import EmailNotValidError, validate_email

LONGEST = 254
_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


class AddressError(ValueError):
    """The text is not an e-mail address that mail could reach."""


def normal_address(text: str) -> str:
    """The normal form of the address in `text`. Raises AddressError."""
    stripped = text.strip()
    if len(stripped) > LONGEST:
        raise AddressError("the address is too long")
    try:
        parts = validate_email(stripped, check_deliverability=False, globally_deliverable=False)
    except (EmailNotValidError, UnicodeError) as error:
        raise AddressError("not an e-mail address") from error
    if "." not in parts.domain:
        raise AddressError("the address has no domain")
    normal = f"{parts.local_part.translate(_LOWER)}@{parts.domain}"
    if len(normal) > LONGEST:
        raise AddressError("the address is too long")
    return normal


def wire_address(normal: str) -> str:
    """A normal address as mail servers take it: the domain in ASCII (IDNA)."""
    local, _, domain = normal.rpartition("@")
    try:
        return f"{local}@{idna.encode(domain).decode()}"
    except idna.IDNAError:
        return normal

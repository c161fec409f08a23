"""The letters that are written piece by piece: text and HTML come from the same pieces, so they say the same.

To add a letter, add a line here and a section `mail_<name>` with a `subject` and the named texts to both languages' texts; then
`letters.write("<name>", language, **facts)`. A fact that is a moment is written as readers write moments. What fits no pieces has templates
`templates/<name>.txt` and `.html` instead.

    Paragraph("lead")                      the text mail_<name>.lead, with its facts
    Paragraph("gone", only_if="products")  only if that fact is there and not empty
    Code("code")                           a fact, large, to be typed
    Quote("message")                       a fact, as somebody else wrote it
    Rows(("order.number", "number"), …)    label (any text's key) and fact, line by line; empty facts are left out
    Link("see", "address")                 a text, and a fact that is an address of ours
    foot="not_you"                         small, at the end
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Paragraph:
    text: str
    only_if: str | None = None


@dataclass(frozen=True, slots=True)
class Code:
    fact: str


@dataclass(frozen=True, slots=True)
class Quote:
    fact: str


@dataclass(frozen=True, slots=True, init=False)
class Rows:
    rows: tuple[tuple[str, str], ...]

    def __init__(self, *rows: tuple[str, str]) -> None:
        object.__setattr__(self, "rows", rows)


@dataclass(frozen=True, slots=True)
class Link:
    text: str
    fact: str = "address"
    only_if: str | None = None


Piece = Paragraph | Code | Quote | Rows | Link


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    pieces: tuple[Piece, ...]
    foot: str | None = None


CATALOGUE: Mapping[str, Form] = {
    "sign_in": Form(
        pieces=(Paragraph("lead"), Code("code"), Paragraph("lives"), Link("or_link")), foot="not_you"
    ),
    "welcome": Form(pieces=(Paragraph("lead"), Paragraph("how"), Link("account"))),
    "refund": Form(pieces=(Paragraph("lead"), Rows(("order.number", "number")), Link("access"))),
    "sharing": Form(
        pieces=(Paragraph("lead"), Rows(("mail_sharing.at", "rang_at")), Paragraph("you"), Link("not_you"))
    ),
    # A new address: to itself; the same, when it leads to another account; to the old one; to the old one after an objection.
    "address_code": Form(pieces=(Paragraph("lead"), Code("code"), Paragraph("lives")), foot="not_you"),
    "address_taken": Form(
        pieces=(Paragraph("lead"), Paragraph("offer"), Code("code"), Paragraph("lives")), foot="not_you"
    ),
    "address_changed": Form(
        pieces=(Paragraph("lead"), Rows(("mail_address_changed.new", "new")), Paragraph("kept"), Link("undo"))
    ),
    "address_restored": Form(pieces=(Paragraph("lead"), Paragraph("ended"), Link("sign_in"))),
    "merge_code": Form(
        pieces=(
            Paragraph("lead"),
            Rows(("mail_merge_code.other", "other")),
            Code("code"),
            Paragraph("lives"),
        ),
        foot="not_you",
    ),
    "merged": Form(
        pieces=(
            Paragraph("lead"),
            Rows(("mail_merged.survivor", "survivor"), ("mail_merged.other", "other")),
            Link("account"),
        ),
        foot="not_you",
    ),
    "deletion_code": Form(pieces=(Paragraph("lead"), Code("code"), Paragraph("lives")), foot="not_you"),
    "deleted": Form(pieces=(Paragraph("lead"), Paragraph("gone"), Paragraph("stays"))),
    "restore_code": Form(
        pieces=(Paragraph("lead"), Rows(("order.number", "number")), Code("code"), Paragraph("lives")),
        foot="not_you",
    ),
    "restore_moved": Form(
        pieces=(Paragraph("lead"), Rows(("order.number", "number")), Link("sign_in")), foot="not_you"
    ),
    # How one signs in has changed (`accounts.news`): one of these happened.
    "security": Form(
        pieces=(
            Paragraph("password_set", only_if="password_set"),
            Paragraph("password_removed", only_if="password_removed"),
            Paragraph("passkey_added", only_if="passkey_added"),
            Paragraph("passkey_removed", only_if="passkey_removed"),
            Paragraph("identity_linked", only_if="identity_linked"),
            Paragraph("identity_unlinked", only_if="identity_unlinked"),
            Link("not_you"),
        )
    ),
    # Gifts and seats, to people who did not ask for it: optional mail (`optional.put`).
    "gift": Form(
        pieces=(
            Paragraph("lead"),
            Quote("message"),
            Paragraph("how"),
            Rows(("mail_gift.code", "code")),
            Link("link"),
        )
    ),
    "gift_giver": Form(
        pieces=(
            Paragraph("lead"),
            Paragraph("by_hand", only_if="by_hand"),
            Paragraph("by_mail", only_if="by_mail"),
            Rows(
                ("mail_gift_giver.code", "code"),
                ("mail_gift_giver.recipient", "recipient"),
                ("mail_gift_giver.send_at", "send_at"),
            ),
            Link("link", "link"),
            Link("see"),
        )
    ),
    "seat": Form(pieces=(Paragraph("lead"), Paragraph("how"), Link("link")), foot="not_you"),
}

"""Sections of the account page: each room brings its own, the page shows them one under the other.

A room adds its section in `create_app`, once, and nowhere at import:

    sections.add(app, Section(key="passkeys", order=SIGN_IN + 20, render=render))

- `render` is called inside a request, with who is signed in and an open connection to read from (transactions do not nest, so it opens none).
  It returns a whole `<section aria-labelledby="key">…</section>`; an empty text leaves the section out.
- `key` is unique, the id of its heading, and so the place that a form comes back to (`/account#passkeys`).
- Sections stand by `order`, then by key. Hundreds part them into groups.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask, current_app
from markupsafe import Markup
from sqlalchemy import Connection

from gatekeeper.accounts.sessions import SignedIn

EXTENSION = "lyceum_account_sections"

OWNED = 100  # what one has: seats, gifts, codes
SIGN_IN = 200  # ways in: address, password, passkeys, other accounts
LIFE = 300  # export, deletion, what cannot be undone last

Render = Callable[[SignedIn, Connection], Markup]


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    key: str
    order: int
    render: Render


def add(app: Flask, section: Section) -> None:
    """Adds a section to this application's account page. Raises ValueError for a key that is taken."""
    added: list[Section] = app.extensions.setdefault(EXTENSION, [])
    if any(other.key == section.key for other in added):
        raise ValueError(f"two sections of the account page are called {section.key!r}")
    added.append(section)
    added.sort(key=lambda each: (each.order, each.key))


def rendered(who: SignedIn, connection: Connection) -> list[Markup]:
    """The sections of this reader's page, in order, without those that are empty."""
    added: list[Section] = current_app.extensions.get(EXTENSION, [])
    return [markup for section in added if (markup := section.render(who, connection))]

"""Puts the room into the service: a section of the account page, and the shelf that a thread keeps fresh."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

from flask import Blueprint, Flask, current_app, render_template
from markupsafe import Markup
from sqlalchemy import Connection

from gatekeeper.accounts import sections
from gatekeeper.accounts.sections import OWNED, Section
from gatekeeper.accounts.sessions import SignedIn
from gatekeeper.commerce import ledger
from gatekeeper.commerce.entitlements import entitlements
from gatekeeper.commerce.offers import Offer, find_offer
from gatekeeper.contract import routes
from gatekeeper.contract.access import RuleKind
from gatekeeper.contract.manifest import Manifest
from gatekeeper.recommend.choose import choose
from gatekeeper.recommend.school import Shelf, Suggestion
from gatekeeper.stores.reader import reader_of, site_reader
from gatekeeper.web.language import language
from gatekeeper.web.service import Service, service
from gatekeeper.web.texts import HTML_LANGUAGES

EXTENSION = "lyceum_recommend"
KEY = "next"

blueprint = Blueprint("recommend", __name__, template_folder="templates")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A suggested lesson as the page prints it. access: `free`, `member`, `paid`, or `open` for a paid one that the reader has."""

    title: str
    address: str
    course: str
    html_language: str
    access: str
    reason: str
    subject: str


def install(app: Flask, served: Service) -> Shelf:
    settings = served.settings
    public = settings.public_store
    shelf = Shelf(
        site_reader(settings.site_url) if public is None else reader_of(public, settings.s3),
        is_folder=public is not None and public.folder is not None,
        manifest=lambda: served.manifest,
        clock=served.clock,
    )
    app.extensions[EXTENSION] = shelf
    app.register_blueprint(blueprint)
    sections.add(app, Section(key=KEY, order=OWNED + 50, render=_section))
    return shelf


def _section(who: SignedIn, connection: Connection) -> Markup:
    served = service()
    shelf: Shelf = current_app.extensions[EXTENSION]
    manifest = served.manifest
    if manifest is None:
        return Markup()
    owned = entitlements(ledger.of_reader(connection, who.reader.id), served.clock()).active
    choice = choose(shelf.found, manifest, owned, language())
    if not choice.suggestions:
        return Markup()
    offer: Offer | None = None
    if choice.fits is not None:
        offer = find_offer(manifest, choice.fits[0], language=language())
    return Markup(  # noqa: S704 - a template escapes what it prints
        render_template(
            "recommend/section.html",
            lines=[_line(one, manifest, owned.keys()) for one in choice.suggestions],
            offer=offer,
            buy=routes.buy_path(offer.product) if offer else "",
            opens=choice.fits[1] if choice.fits else 0,
        )
    )


def _line(one: Suggestion, manifest: Manifest, owned: Set[str]) -> Line:
    lesson = manifest.lessons[one.lesson]
    course = manifest.courses[lesson.course]
    kind = lesson.access.kind
    access = {RuleKind.PUBLIC: "free", RuleKind.MEMBER: "member"}.get(kind, "paid")
    return Line(
        title=lesson.title,
        address=manifest.site + lesson.url,
        course=course.title,
        html_language=HTML_LANGUAGES.get(course.language, course.language),
        access="open" if lesson.access.products & owned else access,
        reason=one.reason,
        subject=one.subject,
    )

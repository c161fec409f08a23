"""Renders a page with what all of them need: texts, language, addresses, the form field. It asks no database: error pages use it, too."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from urllib.parse import urlencode

from flask import Flask, Response, make_response, redirect, render_template, request

from gatekeeper.web.language import language
from gatekeeper.web.protection import form_field
from gatekeeper.web.service import school_name, service
from gatekeeper.web.texts import HTML_LANGUAGES, LANGUAGES, NAMES


def page(template: str, *, status: int = 200, **values: object) -> Response:
    """The page as an answer. values: what the template names beside the common ones."""
    return make_response(render_template(template, **values), status)


def to(address: str) -> Response:
    """Sends the browser on with a GET."""
    return make_response(redirect(address, 303))


def say(key: str, **facts: object) -> str:
    """A text in this request's language."""
    return service().texts.say(language(), key, **facts)


def install(app: Flask) -> None:
    """Gives the templates what they all use."""
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.context_processor(_common)


def _common() -> dict[str, object]:
    served, chosen = service(), language()

    def moment(at: datetime, *, with_time: bool = False) -> str:
        return served.texts.moment(chosen, at, with_time=with_time)

    return {
        "t": partial(served.texts.say, chosen),
        "moment": moment,
        "language": chosen,
        "html_language": HTML_LANGUAGES[chosen],
        "other_languages": [
            {"code": code, "html": HTML_LANGUAGES[code], "name": NAMES[code], "address": _in_language(code)}
            for code in LANGUAGES
            if code != chosen
        ],
        "school": school_name(served.manifest, chosen),
        "site_url": served.settings.site_url,
        "is_demo": served.settings.is_demo,
        "asset": served.assets.address,
        "form_field": form_field,
    }


def _in_language(code: str) -> str:
    """This page's address with the other language chosen."""
    query = [(name, value) for name, value in request.args.items(multi=True) if name != "lang"]
    return f"?{urlencode([*query, ('lang', code)])}"

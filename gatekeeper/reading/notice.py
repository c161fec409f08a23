"""What a reader without access is told where no script can tell them, in the lesson's language, and where to go from there."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from urllib.parse import quote

from gatekeeper.contract import routes
from gatekeeper.contract.access import Reason, Rule
from gatekeeper.contract.manifest import Manifest
from gatekeeper.reading.compose import document_head

_TEXTS = {
    "en": {
        Reason.ANONYMOUS: "Sign in to read the rest.",
        Reason.NO_ACCESS: "Your account does not include this yet.",
        Reason.EXPIRED: "Your access to this has ended.",
        "sign-in": "Sign in",
        "buy": "Buy: {title}",
        "title": "No access",
    },
    "zh": {
        Reason.ANONYMOUS: "登录后可继续阅读。",
        Reason.NO_ACCESS: "你的账号还没有购买这部分内容。",
        Reason.EXPIRED: "你对这部分内容的访问权已到期。",
        "sign-in": "登录",
        "buy": "购买:{title}",
        "title": "无法访问",
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """why: the refusal. here: the path to come back to after signing in. lesson: its id, or None for a file."""

    manifest: Manifest
    rule: Rule
    why: Reason
    here: str
    lesson: str | None
    gatekeeper: str

    def language(self) -> str:
        entry = self.manifest.lessons.get(self.lesson) if self.lesson else None
        course = self.manifest.courses.get(entry.course) if entry else None
        chosen = course.language if course else next(iter(self.manifest.languages), "en")
        return chosen if chosen in _TEXTS else "en"

    def fragment(self) -> str:
        """A paragraph and its links, all absolute."""
        language = self.language()
        texts = _TEXTS[language]
        links = []
        if self.why is Reason.ANONYMOUS:
            address = f"{self.gatekeeper}{routes.SIGN_IN}?next={quote(self.here, safe='')}"
            links.append((address, texts["sign-in"]))
        for id_ in sorted(self.rule.products):
            product = self.manifest.products.get(id_)
            if product is not None and product.active:
                title = product.title.get(language) or next(iter(product.title.values()), id_)
                address = self.gatekeeper + routes.buy_path(id_, self.lesson)
                links.append((address, texts["buy"].format(title=title)))
        items = "".join(f'<li><a href="{escape(address)}">{escape(text)}</a></li>' for address, text in links)
        return f'<div role="note"><p>{escape(texts[self.why])}</p><ul>{items}</ul></div>'

    def page(self) -> str:
        language = self.language()
        head = document_head(language, _TEXTS[language]["title"])
        return f"{head}</head><body><main>{self.fragment()}</main></body></html>"

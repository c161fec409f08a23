"""What the gate shows to people rather than to scripts: the composed lesson, and a page that says why not.

It is asked only after the decision, and is told what was decided; it decides nothing.
"""

from __future__ import annotations

from http import HTTPStatus

from gatekeeper.contract import routes
from gatekeeper.contract.access import Reason
from gatekeeper.contract.manifest import Manifest, ObjectEntry
from gatekeeper.errors import StoreError
from gatekeeper.reading.compose import Pages, harmless
from gatekeeper.reading.notice import Notice
from gatekeeper.stores.reader import StoreReader
from gatekeeper.web.answer import HTML, POLICY_OWN_PAGE, Answer, line, refusal_status


class ReadingDoor:
    """picture_sources: where pictures may come from beside this service, for the policy of composed pages."""

    def __init__(
        self, pages: Pages, private: StoreReader, *, site: str, gatekeeper: str, picture_sources: str
    ) -> None:
        self._pages = pages
        self._private = private
        self._gatekeeper = gatekeeper
        self._policy = (
            f"default-src 'none'; img-src 'self' {site} {picture_sources} data:; style-src {site} 'unsafe-inline';"
            f" font-src {site} data:; media-src 'self' {site} {picture_sources}; base-uri {site};"
            f" form-action 'self' {site}; frame-ancestors 'none'"
        )

    def lesson(self, manifest: Manifest, lesson: str, entry: ObjectEntry, why: Reason | None) -> Answer:
        """The lesson's page with its private part, or with the reason why not. Raises StoreError if the store is away."""
        path = routes.read_path(lesson)
        here = self._gatekeeper + path
        page = self._pages.page(manifest, lesson, here)
        if why is not None:
            notice = self._notice(manifest, entry, why, path, lesson)
            return _page(why, page.with_notice(notice.fragment()), self._policy)
        part = self._private.get(entry.key)
        if part is None:
            raise StoreError("a part of the current release is missing from the store")
        return _page(None, page.with_part(harmless(part.decode("utf-8"), here)), self._policy)

    def refused_file(self, manifest: Manifest, entry: ObjectEntry, why: Reason, here: str) -> Answer:
        return _page(why, self._notice(manifest, entry, why, here, None).page(), POLICY_OWN_PAGE)

    def _notice(
        self, manifest: Manifest, entry: ObjectEntry, why: Reason, here: str, lesson: str | None
    ) -> Notice:
        return Notice(
            manifest=manifest,
            rule=entry.access,
            why=why,
            here=here,
            lesson=lesson,
            gatekeeper=self._gatekeeper,
        )


def _page(why: Reason | None, html: str, policy: str) -> Answer:
    status = HTTPStatus.OK if why is None else refusal_status(why)
    headers = (("Content-Type", HTML),)
    return Answer(status=line(status), body=html.encode("utf-8"), headers=headers, policy=policy)

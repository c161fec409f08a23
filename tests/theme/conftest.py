"""The built site and a fresh gatekeeper for the theme's tests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.browser import browser_page, chromium, new_context
from tests.support.searching import index_site
from tests.theme import school
from tests.theme.servers import FakeGatekeeper, Site

__all__ = ["browser_page", "chromium", "new_context"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """The site as MkDocs made it; `gatekeeper_port` stands in its pages, `part` is a private half for them."""

    site: Site
    gatekeeper_port: int
    part: str

    def html(self, path: str) -> str:
        return (self.site.folder / path).read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    folder: Path = tmp_path_factory.mktemp("school")
    site = Site()
    reserved = FakeGatekeeper(site.origin)
    reserved.stop()
    config = school.stage(folder, site_url=site.url, gatekeeper=reserved.origin)
    site.folder = school.build(config)
    index_site(site.folder, folder / "cache")
    yield Built(site=site, gatekeeper_port=reserved.port, part=school.part(config, reserved.origin))
    site.close()


@pytest.fixture
def gatekeeper(built: Built) -> Iterator[FakeGatekeeper]:
    server = FakeGatekeeper(built.site.origin, port=built.gatekeeper_port, part_html=built.part)
    yield server
    server.stop()

"""What files say of themselves."""

from __future__ import annotations

import pytest

from generator.release.media import cache_control, is_page, media_type


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("index.html", "text/html; charset=utf-8"),
        ("a.b/INDEX.HTML", "text/html; charset=utf-8"),
        ("assets/x.js", "text/javascript; charset=utf-8"),
        ("assets/x.mjs", "text/javascript; charset=utf-8"),
        ("assets/x.min.css", "text/css; charset=utf-8"),
        ("feed.xml", "application/xml; charset=utf-8"),
        ("search/search_index.json", "application/json"),
        ("图.svg", "image/svg+xml"),
        ("x.png", "image/png"),
        ("x.jpg", "image/jpeg"),
        ("x.webp", "image/webp"),
        ("f.woff2", "font/woff2"),
        ("code.zip", "application/zip"),
        ("book.pdf", "application/pdf"),
        ("code.tar.gz", "application/gzip"),
        ("sitemap.xml.gz", "application/gzip"),
        ("notebook.ipynb", "application/x-ipynb+json"),
        ("video.mp4", "video/mp4"),
        ("strange.lyceum", "application/octet-stream"),
        ("Makefile", "application/octet-stream"),
        (".nojekyll", "application/octet-stream"),
    ],
)
def test_media_types_come_from_the_name_alone(path: str, expected: str) -> None:
    assert media_type(path) == expected


def test_hashed_assets_are_kept_for_ever_and_pages_looked_at_again_soon_c06() -> None:
    for path in (
        "assets/javascripts/bundle.79ae519e.min.js",
        "assets/stylesheets/main.484c7ddc.min.css",
        "assets/workers/search.7a47a382.min.js",
    ):
        assert cache_control(path) == "public, max-age=31536000, immutable"
    for path in (
        "index.html",
        "demo/index.html",
        "search/search_index.json",
        "feed.xml",
        "notes.20261122.html",
    ):
        assert cache_control(path) == "public, max-age=60, must-revalidate"
    for path in ("assets/javascripts/lyceum/reader.js", "demo/files/x.png", "lesson.2024.html.png"):
        assert cache_control(path) == "public, max-age=300, must-revalidate"
    assert "immutable" not in cache_control("demo/deadbeef/index.html")


def test_pages_are_what_readers_come_to() -> None:
    assert is_page("index.html")
    assert is_page("feed.xml")
    assert not is_page("assets/main.css")

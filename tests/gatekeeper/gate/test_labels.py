"""Labels: only bitmap pictures open in the window, and no header can be broken by a name (U16, P08)."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from gatekeeper.contract.access import MEMBER
from gatekeeper.contract.manifest import ObjectEntry
from gatekeeper.gate.labels import labels


def entry(media_type: str) -> ObjectEntry:
    return ObjectEntry(key="private/x", sha256="", size_bytes=1, media_type=media_type, access=MEMBER)


def test_bitmap_pictures_are_shown_and_everything_else_is_downloaded() -> None:
    for media_type in ("image/png", "image/jpeg", "image/webp", "image/gif", "image/avif"):
        assert labels(entry(media_type), "a.x") == (media_type, 'inline; filename="a.x"')
    for media_type in ("image/svg+xml", "text/html; charset=utf-8", "application/pdf", "text/javascript"):
        assert labels(entry(media_type), "a.x") == (media_type, 'attachment; filename="a.x"')


def test_a_media_type_that_is_none_becomes_bytes() -> None:
    for media_type in (
        "",
        "text",
        "text/html\r\nX: 1",
        "text/html, x",
        "TEXT/HTML",
        "a/b/c",
        "image/png;x=1",
    ):
        assert labels(entry(media_type), "a.x") == ("application/octet-stream", 'attachment; filename="a.x"')


def test_a_name_that_is_not_plain_is_encoded() -> None:
    assert labels(entry("image/png"), "课 1.png")[1] == (
        "inline; filename=\"download\"; filename*=UTF-8''%E8%AF%BE%201.png"
    )


@settings(deadline=None)
@given(st.text(), st.text())
def test_no_name_and_no_type_can_break_a_header(media_type: str, name: str) -> None:
    for value in labels(entry(media_type), name):
        assert value.isascii()
        assert value.isprintable()
        assert value.count('"') in {0, 2}

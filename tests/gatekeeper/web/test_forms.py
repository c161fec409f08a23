from __future__ import annotations

import json
from pathlib import Path

import pytest

from gatekeeper.web.forms import FieldError, clean_line, clean_text
from tests.support.shop import Shop

BLNS = Path(__file__).resolve().parents[4] / "shared/security/vectors/blns/blns.json"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("  a b \n", "a b"),
        ("\u200b\ufeff a\u200b ", "a"),
        ("\u4e66\u9662", "\u4e66\u9662"),
        ("", ""),
        ("\U0001f600", "\U0001f600"),
    ],
)
def test_what_copying_brings_along_is_dropped(text: str, line: str) -> None:
    assert clean_line(text, longest=10) == line


@pytest.mark.parametrize(
    "text", ["a\0b", "a\nb", "a\x7fb", "a\ud800b", "\U0010ffff", "a\u2028b", "\ue000", "\ufffd", "x" * 11]
)
def test_x12_what_no_field_can_hold_is_refused(text: str) -> None:
    with pytest.raises(FieldError):
        clean_line(text, longest=10)


def test_x11_naughty_strings_in_every_field_are_no_errors_of_ours(shop: Shop) -> None:
    if not BLNS.exists():
        pytest.skip("the shared vectors are not here")
    reader = shop.browser()
    reader.sign_in("ada@example.org")
    for number, text in enumerate(json.loads(BLNS.read_text("utf-8"))):
        if number % 15 == 0:
            shop.clock.advance(hours=1)  # a new window for the limits
            form = reader.get("/redeem")
        reader.last = form
        assert reader.post("/redeem", {"code": text, "lesson": text}).status_code == 422
        assert (
            reader.client.get(
                "/buy/rust",
                query_string={"lesson": text, "currency": text, "lang": text},
                base_url="https://gate.example.test",
            ).status_code
            == 200
        )


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (" a \r\nb\rc\n\n", "a\nb\nc"),
        ("a\n\nb", "a\n\nb"),
        ("", ""),
        ("\u4f60\u597d\n\U0001f600", "\u4f60\u597d\n\U0001f600"),
    ],
)
def test_several_lines_come_out_the_same_whatever_the_browser_sent(text: str, lines: str) -> None:
    assert clean_text(text, longest=10) == lines


@pytest.mark.parametrize("text", ["a\0\nb", "a\tb", "a\u2028b", "x" * 11, "\n".join("xxxxxx")])
def test_x12_several_lines_take_no_more_than_one_does(text: str) -> None:
    with pytest.raises(FieldError):
        clean_text(text, longest=10)

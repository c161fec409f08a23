from __future__ import annotations

import pytest

from gatekeeper.accounts.address import AddressError, normal_address, wire_address


@pytest.mark.parametrize(
    ("typed", "normal"),
    [
        ("ada@example.org", "ada@example.org"),
        ("  Ada@Example.ORG\n", "ada@example.org"),
        ("Ada.Lovelace+x@EXAMPLE.org", "ada.lovelace+x@example.org"),
        ("ada@b\u00fccher.example.org", "ada@b\u00fccher.example.org"),
        ("ada@xn--bcher-kva.example.org", "ada@b\u00fccher.example.org"),
        ("\u4e66@example.org", "\u4e66@example.org"),
    ],
)
def test_one_mailbox_has_one_normal_form(typed: str, normal: str) -> None:
    assert normal_address(typed) == normal
    assert normal_address(normal) == normal


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "ada",
        "@example.org",
        "ada@",
        "ada@localhost",
        "ada@[127.0.0.1]",
        "ada@@example.org",
        "a b@example.org",
        "ada@example.org, eve@example.org",
        "ada@example.org\nBcc: eve@example.org",
        "Ada <ada@example.org>",
        "ada\0@example.org",
        "ada\u200b@example.org",
        "ada\ud800@example.org",
        "ada@exam\ud800ple.org",
        "ada@" + "e" * 260 + ".org",
        "ada@exa\u202emple.org",
    ],
)
def test_what_is_no_address_is_refused(typed: str) -> None:
    """X12: also with NUL, surrogates and invisible signs."""
    with pytest.raises(AddressError):
        normal_address(typed)


def test_only_ascii_letters_are_lowered_so_that_no_address_becomes_another_persons() -> None:
    assert normal_address("\u0130da@example.org") == "\u0130da@example.org"


def test_mail_servers_get_an_ascii_domain() -> None:
    assert wire_address("ada@b\u00fccher.example.org") == "ada@xn--bcher-kva.example.org"

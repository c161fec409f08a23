"""What a password may be (attack case A05)."""

from __future__ import annotations

import gzip
import unicodedata
from pathlib import Path

import pytest

from gatekeeper.accounts.passwords import common
from gatekeeper.accounts.passwords.common import common_passwords
from gatekeeper.accounts.passwords.rules import LONGEST, Flaw, flaw_of, normal_password

ABOUT = ("ada.lovelace@example.org", "Test School", "\u4e66\u9662\u6587\u5e93\u4e66\u9662\u6587\u5e93")


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery staple",
        "blue-sofa-lamp",
        "twelve signs",
        "        a       b",
        "7hq$mK2!vvQp",
        "\u5929\u5730\u7384\u9ec4\u5b87\u5b99\u6d2a\u8352\u65e5\u6708\u76c8\u6603",
        "\u00e9t\u00e9 \u00e0 la plage \U0001f3d6",
        "x7" + "palindrome tower " * 60,
        "monkey83651904772",
    ],
)
def test_a05_what_a_person_can_type_and_remember_is_taken_without_rules_of_composition(password: str) -> None:
    assert flaw_of(normal_password(password), about=ABOUT) is None


@pytest.mark.parametrize(
    ("password", "flaw"),
    [
        ("", Flaw.SHORT),
        ("elevensigns", Flaw.SHORT),
        ("\U0001f3d6" * 11, Flaw.SHORT),
        ("x" * (LONGEST + 1), Flaw.LONG),
        ("a tab\there it is", Flaw.SIGNS),
        ("broken \ufffd bytes here", Flaw.SIGNS),
        ("a nul\0in the middle", Flaw.SIGNS),
        ("polniypizdec0211", Flaw.COMMON),
        ("PASSWORD1234", Flaw.COMMON),
        ("Password2024!!", Flaw.COMMON),
        ("!!iloveyou2024", Flaw.COMMON),
        ("qwertyqwerty", Flaw.COMMON),
        ("monkeydragon", Flaw.COMMON),
        ("aaaaaaaaaaaaaaaa", Flaw.COMMON),
        ("abcabcabcabcabc", Flaw.COMMON),
        ("abcdefghijklmnop", Flaw.COMMON),
        ("890123456789012", Flaw.COMMON),
        ("\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18\uff19\uff10\uff11\uff12", Flaw.COMMON),
        ("ada.lovelace@example.org", Flaw.PERSONAL),
        ("Ada.Lovelace1815", Flaw.PERSONAL),
        ("testschool2026", Flaw.PERSONAL),
        (
            "\u4e66\u9662\u6587\u5e93\u4e66\u9662\u6587\u5e93\u4e66\u9662\u6587\u5e93\u4e66\u9662\u6587\u5e93",
            Flaw.PERSONAL,
        ),
    ],
)
def test_a05_what_is_guessed_first_or_cannot_be_typed_is_refused(password: str, flaw: Flaw) -> None:
    assert flaw_of(normal_password(password), about=ABOUT) is flaw


def test_a05_nothing_is_cut_off_before_the_limit() -> None:
    longest = "".join(chr(0x4E00 + n * 37 % 20000) for n in range(LONGEST))
    assert flaw_of(longest) is None
    assert len(normal_password(longest)) == LONGEST


def test_the_same_password_typed_on_two_keyboards_is_the_same() -> None:
    typed = "caf\u00e9 au lait \uff11\uff12\uff13"
    assert (
        normal_password(unicodedata.normalize("NFD", typed))
        == normal_password(typed)
        == "caf\u00e9 au lait 123"
    )


def test_a05_every_entry_of_the_list_that_is_long_enough_is_refused_in_any_case() -> None:
    listed = common_passwords()
    assert len(listed) == 30_000
    long_enough = [password for password in listed if len(password) >= 12]
    assert len(long_enough) > 200
    for password in long_enough:
        assert flaw_of(normal_password(password.upper())) is Flaw.COMMON, password


def test_the_list_comes_with_its_licence() -> None:
    folder = Path(common.__file__).parent / "common"
    assert "MIT License" in (folder / "LICENSE.txt").read_text("utf-8")
    assert gzip.decompress((folder / "passwords.txt.gz").read_bytes()).startswith(b"123456\npassword\n")

"""What managers paste."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.commerce.seats.people import MOST, People, read_people


@pytest.mark.parametrize(
    ("text", "addresses", "wrong"),
    [
        ("", (), ()),
        ("ada@example.org", ("ada@example.org",), ()),
        ("Ada@Example.org\nben@example.org\n", ("ada@example.org", "ben@example.org"), ()),
        (
            "a@example.org, b@example.org; c@example.org",
            ("a@example.org", "b@example.org", "c@example.org"),
            (),
        ),
        ("Ada Lovelace\tada@example.org\t1815", ("ada@example.org",), ()),
        ('"Lovelace, Ada" <ada@example.org>', ("ada@example.org",), ()),
        ("name,email\nAda,ada@example.org", ("ada@example.org",), ("name,email",)),
        ("ada@example.org\nADA@example.org", ("ada@example.org",), ()),
        ("ada@\nBen", (), ("ada@", "Ben")),
        (" ,;\n\n'", (), ()),
    ],
)
def test_addresses_are_found_and_what_is_none_is_given_back(
    text: str, addresses: tuple[str, ...], wrong: tuple[str, ...]
) -> None:
    assert read_people(text) == People(addresses=addresses, wrong=wrong)


def test_what_is_too_much_is_said_and_not_dropped() -> None:
    people = read_people("\n".join(f"r{n}@example.org" for n in range(MOST + 2)))
    assert len(people.addresses) == MOST
    assert people.wrong == (f"r{MOST}@example.org", f"r{MOST + 1}@example.org")


@given(st.text(max_size=300))
def test_no_text_breaks_it(text: str) -> None:
    people = read_people(text)
    assert all(len(one) <= 80 for one in people.wrong)
    assert len(set(people.addresses)) == len(people.addresses)

"""What can be printed of an order, and who stands on it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from gatekeeper.commerce.documents import documents_of
from gatekeeper.commerce.ledger import Entry, Kind
from gatekeeper.commerce.money import Money
from gatekeeper.commerce.seller import Tax
from gatekeeper.errors import SettingsError
from tests.support.shop import START, open_shop, settings_for, visible

NUMBER = "L-20261122-7K3F9Q"
SELLER = {
    "LYCEUM_SELLER_NAME": "Acorn & Sons",
    "LYCEUM_SELLER_ADDRESS": "12 Hill Road | 10115 Berlin|Germany",
    "LYCEUM_SELLER_TAX_ID": "VAT ID DE123456789",
    "LYCEUM_SELLER_TAX": "VAT 19%",
}


def line(id_: int, kind: Kind, amount: int = 1500, payment: str = "p1") -> Entry:
    return Entry(
        id=id_,
        kind=kind,
        reader="r",
        product="rust",
        order=NUMBER,
        amount_minor=amount,
        currency="USD",
        interval=None,
        until=None,
        source="stripe",
        event=f"e{id_}",
        at=START + timedelta(days=id_),
        payment=payment,
    )


def numbers(*entries: Entry) -> list[tuple[str, int, str]]:
    return [(one.number, one.money.amount_minor, one.about) for one in documents_of(NUMBER, entries)]


def test_each_payment_has_a_receipt_and_each_refund_a_credit_note() -> None:
    assert numbers(
        line(1, Kind.CREATED),
        line(2, Kind.PAID),
        line(3, Kind.RENEWED, payment="p2"),
        line(4, Kind.REFUNDED, 500, "p2"),
        line(5, Kind.REFUNDED, 1500, "p1"),
    ) == [
        (NUMBER, 1500, ""),
        (f"{NUMBER}-2", 1500, ""),
        (f"{NUMBER}-C1", 500, f"{NUMBER}-2"),
        (f"{NUMBER}-C2", 1500, NUMBER),
    ]


def test_a_refund_that_came_back_has_no_credit_note_and_its_number_is_not_used_again() -> None:
    assert numbers(
        line(1, Kind.PAID),
        line(2, Kind.REFUNDED, 500),
        line(3, Kind.REFUND_FAILED, 500),
        line(4, Kind.REFUNDED, 700),
    ) == [(NUMBER, 1500, ""), (f"{NUMBER}-C2", 700, NUMBER)]


def test_what_was_not_paid_or_does_not_match_has_no_receipt() -> None:
    assert numbers(line(1, Kind.CREATED), line(2, Kind.PENDING), line(3, Kind.MISMATCHED)) == []


@pytest.mark.parametrize(
    ("rate", "price", "part"),
    [(1900, 11900, 1900), (1900, 100, 16), (700, 1, 0), (600, 9900, 560), (1, 5000, 0)],
)
def test_the_tax_within_a_price_is_rounded_half_up(rate: int, price: int, part: int) -> None:
    tax = Tax(label="VAT", rate_basis_points=rate)
    assert tax.within(Money(amount_minor=price, currency="EUR")) == Money(amount_minor=part, currency="EUR")


def test_receipt_mail_and_page_name_the_seller_and_the_tax_and_the_refund_has_its_note(
    tmp_path: Path, any_database: dict[str, str]
) -> None:
    with open_shop(tmp_path, **SELLER, **any_database) as shop:
        reader = shop.browser()
        reader.sign_in("ada@example.org")
        order = reader.buy("rust")
        mail = next(mail for mail in shop.mails() if mail.key[:8] == "receipt:")
        for words in (
            "Acorn & Sons",
            "12 Hill Road, 10115 Berlin, Germany",
            "DE123456789",
            "VAT 19%",
            "$2.39",
        ):
            assert words in mail.letter.text
        assert "Acorn &amp; Sons" in mail.letter.html
        page = visible(reader.get(f"{order}/receipt"))
        for words in ("Acorn & Sons 12 Hill Road 10115 Berlin Germany", "$15", "including VAT 19% $2.39"):
            assert words in page
        assert reader.get(f"{order}/receipt/C1").status_code == 404
        number = order.rpartition("/")[2]
        assert reader.post(f"/sandbox/refund/{number}", {}, form=order).status_code == 303
        assert f"{order}/receipt/C1" in reader.get(order).text
        note = visible(reader.get(f"{order}/receipt/C1"))
        for words in (f"Credit note {number}-C1", f"For receipt {number}", "\u2212$15 USD", "\u2212$2.39"):
            assert words in note
        assert "Paid" in visible(reader.get(f"{order}/receipt"))  # what was paid stays written


def test_another_reader_sees_no_receipt_of_it(tmp_path: Path, any_database: dict[str, str]) -> None:
    with open_shop(tmp_path, **any_database) as shop:
        reader, other = shop.browser(), shop.browser()
        reader.sign_in("ada@example.org")
        order = reader.buy("rust")
        other.sign_in("eve@example.org")
        assert other.get(f"{order}/receipt").status_code == 404


def test_a_school_that_names_no_seller_stands_there_by_its_own_name(
    tmp_path: Path, any_database: dict[str, str]
) -> None:
    with open_shop(tmp_path, **any_database) as shop:
        reader = shop.browser()
        reader.sign_in("ada@example.org")
        page = visible(reader.get(f"{reader.buy('rust')}/receipt"))
        assert "Test School" in page
        assert "including" not in page


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("LYCEUM_SELLER_TAX", "19%"),
        ("LYCEUM_SELLER_TAX", "VAT"),
        ("LYCEUM_SELLER_TAX", "VAT 190%"),
        ("LYCEUM_SELLER_NAME", "x" * 201),
        ("LYCEUM_SELLER_ADDRESS", "1|2|3|4|5|6|7"),
    ],
)
def test_a_seller_that_does_not_fit_is_a_mistake_in_the_settings(
    tmp_path: Path, variable: str, value: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        settings_for(tmp_path, **{variable: value})
    assert variable in caught.value.hint

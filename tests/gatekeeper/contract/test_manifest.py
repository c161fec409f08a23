"""The manifest: its bytes, which both sides and older releases depend on, and what is not one."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.contract import canonical, manifest
from gatekeeper.contract.access import NOBODY, PUBLIC
from gatekeeper.contract.manifest import CouponEntry, Manifest, ManifestError, ProductEntry
from gatekeeper.contract.products import Seats
from tests.gatekeeper.contract.values import EVERYTHING, manifests

GOLDEN = Path(__file__).parent / "golden" / "manifest.json"


def raw() -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(GOLDEN.read_bytes())
    return parsed


def test_the_manifest_keeps_its_bytes() -> None:
    """A change here is a change of the contract: bump `manifest.FORMAT`, and keep reading the old one where readers still meet it."""
    assert manifest.dumps(EVERYTHING) == GOLDEN.read_bytes()


def test_the_golden_bytes_are_read_as_what_was_written() -> None:
    assert manifest.loads(GOLDEN.read_bytes()) == EVERYTHING


@given(manifests)
def test_any_manifest_comes_back_as_it_was_and_its_bytes_are_canonical(whole: Manifest) -> None:
    data = manifest.dumps(whole)
    assert manifest.loads(data) == whole
    assert manifest.dumps(manifest.loads(data)) == data
    assert canonical.dumps(json.loads(data)) == data


WITH_COUPONS = replace(
    EVERYTHING,
    products={
        **EVERYTHING.products,
        "team": ProductEntry(
            kind="team", title={}, grants=("rust",), prices={"JPY": 980}, seats=Seats(least=3, most=50)
        ),
        "year": ProductEntry(
            kind="subscription", title={}, grants=("*",), prices={"USD": 1}, interval="year", grace_days=0
        ),
        "life": ProductEntry(kind="membership", title={}, grants=("*",), prices={"USD": 1}, giftable=True),
        "taste": ProductEntry(kind="trial", title={}, grants=("rust/traits",), prices={}, days=14),
    },
    coupons={
        "SPRING": CouponEntry(percent=20, expires=datetime(2027, 6, 1, tzinfo=UTC)),
        "FIRST": CouponEntry(amounts={"USD": 500}, uses=50, per_reader=1, products=("rust",)),
    },
)


def test_coupons_and_the_newer_kinds_of_products_come_back_as_they_were() -> None:
    assert manifest.loads(manifest.dumps(WITH_COUPONS)) == WITH_COUPONS


def test_a_manifest_without_the_newer_facts_names_none_of_them() -> None:
    """So the bytes and digests of releases stay what they were, and an older gatekeeper meets nothing that it does not know."""
    names = {name for entry in raw()["products"].values() for name in entry}
    assert names == {"kind", "title", "grants", "prices", "interval", "refund_days", "active"}
    assert "coupons" not in raw()


@pytest.mark.parametrize(
    "changed",
    [
        {"percent": 0},
        {"percent": 101},
        {"percent": True},
        {"percent": 5, "amounts": {"USD": 1}},
        {},
        {"percent": 5, "uses": -1},
        {"percent": 5, "expires": "2027-01-01T00:00:00"},
        {"percent": 5, "expires": "soon"},
        {"percent": 5, "products": "rust"},
        None,
    ],
)
def test_a_coupon_that_makes_no_sense_is_refused_w11(changed: object) -> None:
    described = json.loads(manifest.dumps(WITH_COUPONS)) | {"coupons": {"SPRING": changed}}
    with pytest.raises(ManifestError, match="shape"):
        manifest.loads(json.dumps(described).encode())


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("grace_days", -1),
        ("seats", {"min": 0, "max": 3}),
        ("seats", {"min": 4, "max": 3}),
        ("seats", {"min": 1}),
        ("days", "14"),
    ],
)
def test_a_product_that_makes_no_sense_is_refused(field: str, value: object) -> None:
    changed = raw()
    changed["products"]["rust"][field] = value
    with pytest.raises(ManifestError, match="shape"):
        manifest.loads(json.dumps(changed).encode())


@pytest.mark.parametrize("newer", [2, 99, 0, "1", None, True, 1.5, [1]])
def test_another_format_is_refused_whole(newer: object) -> None:
    with pytest.raises(ManifestError, match="format"):
        manifest.loads(json.dumps(raw() | {"format": newer}).encode())


def test_an_unknown_rule_closes_its_object_and_no_other_l18() -> None:
    changed = raw()
    changed["parts"]["rust/traits"]["access"] = {"groups": ["staff"]}
    changed["lessons"]["rust/free"]["access"] = "everyone"
    whole = manifest.loads(json.dumps(changed).encode())
    assert whole.parts["rust/traits"].access == NOBODY
    assert whole.lessons["rust/free"].access == NOBODY
    assert whole.files == EVERYTHING.files
    assert PUBLIC not in {entry.access for entry in whole.lessons.values()}


def test_unknown_fields_are_ignored_everywhere() -> None:
    changed = raw() | {"signature": "later"}
    for table in ("courses", "lessons", "parts", "files", "products"):
        for entry in changed[table].values():
            entry["novelty"] = {"deep": [1]}
    assert manifest.loads(json.dumps(changed).encode()) == EVERYTHING


REQUIRED = [
    "release",
    "created",
    "commit",
    "site",
    "name",
    "languages",
    "courses",
    "lessons",
    "parts",
    "files",
    "products",
]


@pytest.mark.parametrize("field", REQUIRED)
@pytest.mark.parametrize("value", [None, 7, ["x", 1], {"x": None}, {"x": [1]}])
def test_a_field_of_another_shape_is_refused(field: str, value: object) -> None:
    with pytest.raises(ManifestError, match="shape"):
        manifest.loads(json.dumps(raw() | {field: value}).encode())


@pytest.mark.parametrize("field", REQUIRED)
def test_a_missing_field_is_refused(field: str) -> None:
    changed = raw()
    del changed[field]
    with pytest.raises(ManifestError, match="shape"):
        manifest.loads(json.dumps(changed).encode())


@pytest.mark.parametrize("table", ["parts", "files"])
@pytest.mark.parametrize("field", ["key", "sha256", "bytes", "media_type", "access"])
def test_an_object_without_one_of_its_facts_is_refused(table: str, field: str) -> None:
    changed = raw()
    del next(iter(changed[table].values()))[field]
    with pytest.raises(ManifestError, match="shape"):
        manifest.loads(json.dumps(changed).encode())


@pytest.mark.parametrize(
    "key",
    [
        "",
        "/etc/passwd",
        "../current.json",
        "private/../releases/x",
        "private//x",
        "private/.hidden",
        "private/a\\b",
        "private/a\nb",
        "private/%2e%2e/x",
        "private/课",
        "http://evil/x",
        "x" * 600,
    ],
)
def test_an_object_key_outside_the_grammar_is_refused_p02_p08_p15(key: str) -> None:
    changed = raw()
    changed["parts"]["rust/traits"]["key"] = key
    with pytest.raises(ManifestError, match="shape"):
        manifest.loads(json.dumps(changed).encode())


@pytest.mark.parametrize(
    "release", ["", "latest", "../x", "20261122T160501Z-1a2b3c4d/..", "20261122T160501Z-1A2B3C4D"]
)
def test_a_release_id_that_could_hide_a_path_is_refused(release: str) -> None:
    with pytest.raises(ManifestError, match="shape"):
        manifest.loads(json.dumps(raw() | {"release": release}).encode())


@pytest.mark.parametrize("amount", [-1, True, "100", 1.5])
def test_an_amount_is_a_whole_number_from_zero(amount: object) -> None:
    changed = raw()
    changed["products"]["rust"]["prices"]["USD"] = amount
    with pytest.raises(ManifestError, match="shape"):
        manifest.loads(json.dumps(changed).encode())


@given(st.binary(max_size=200))
def test_bytes_that_are_no_manifest_raise_manifest_error_and_nothing_else(data: bytes) -> None:
    with pytest.raises(ManifestError):
        manifest.loads(data)


@pytest.mark.parametrize("data", [b"", b"null", b"[]", b'"x"', b"1", b"[" * 100_000, b"\xff\xfe", b"{}"])
def test_odd_json_raises_manifest_error_x13(data: bytes) -> None:
    with pytest.raises(ManifestError):
        manifest.loads(data)


def test_every_cut_of_the_golden_bytes_is_refused() -> None:
    data = GOLDEN.read_bytes()
    for length in range(0, len(data) - 2, 7):
        with pytest.raises(ManifestError):
            manifest.loads(data[:length])

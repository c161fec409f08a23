"""Whether a release differs from the running one in what is sold alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gatekeeper.contract.access import PUBLIC, products_rule
from gatekeeper.contract.manifest import CouponEntry, Manifest, ProductEntry
from generator.products.fit import release_obstacles
from generator.release.release import PublicFile
from tests.gatekeeper.contract.values import EVERYTHING

PATHS = ("index.html", "en/index.html", "rust/index.html", "rust/traits/index.html", "rust/free/index.html")


def shown(**changed: str) -> dict[str, PublicFile]:
    files = dict.fromkeys(PATHS, "00" * 32) | {
        path.replace("__", "/"): text for path, text in changed.items()
    }
    return {path: PublicFile(sha256=sha, size_bytes=1, media_type="text/html") for path, sha in files.items()}


def obstacles(after: Manifest, files: dict[str, PublicFile] | None = None) -> tuple[str, ...]:
    return release_obstacles(EVERYTHING, shown(), after, shown() if files is None else files)


def test_products_coupons_rules_and_the_pages_that_print_them_may_differ() -> None:
    team = ProductEntry(kind="team", title={}, grants=("rust",), prices={"USD": 1})
    rule = products_rule(["rust", "everything", "team"])
    after = replace(
        EVERYTHING,
        release="20270101T000000Z-0123abcd",
        created="2027-01-01T00:00:00Z",
        commit="f" * 40,
        attestation={},
        products={"team": team},
        coupons={"SPRING": CouponEntry(percent=5)},
        lessons={
            **EVERYTHING.lessons,
            "rust/traits": replace(EVERYTHING.lessons["rust/traits"], access=rule),
        },
        parts={"rust/traits": replace(EVERYTHING.parts["rust/traits"], access=rule)},
        files={path: replace(entry, access=rule) for path, entry in EVERYTHING.files.items()},
    )
    files = dict.fromkeys((*PATHS[:4], "lyceum-release.json", "assets/recommend/school.json"), "ff" * 32)
    assert obstacles(after, shown(**files)) == ()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"site": "https://other.example/"}, "address, name or languages"),
        ({"name": {"en": "Other"}}, "address, name or languages"),
        ({"courses": {}}, "courses would change: rust"),
        ({"parts": {}}, "private texts would change: rust/traits"),
        ({"files": {}}, "private files would change: rust/files/图 1.png"),
        (
            {
                "lessons": {
                    **EVERYTHING.lessons,
                    "rust/free": replace(EVERYTHING.lessons["rust/free"], title="Other"),
                }
            },
            "lessons would change: rust/free",
        ),
        (
            {
                "lessons": {
                    **EVERYTHING.lessons,
                    "rust/new": replace(EVERYTHING.lessons["rust/free"], access=PUBLIC),
                }
            },
            "lessons would change: rust/new",
        ),
    ],
)
def test_anything_else_of_the_manifest_is_named(changed: dict[str, Any], said: str) -> None:
    found = obstacles(replace(EVERYTHING, **changed))
    assert any(said in one for one in found), found


@pytest.mark.parametrize("path", ["rust/free/index.html", "assets/app.js", "sitemap.xml"])
def test_a_page_that_prints_nothing_that_is_sold_is_named(path: str) -> None:
    (said,) = obstacles(EVERYTHING, shown(**{path: "ff" * 32}))
    assert said == f"pages that print nothing that is sold would change: {path}"


def test_a_page_that_is_gone_is_named() -> None:
    files = shown()
    del files["rust/free/index.html"]
    assert obstacles(EVERYTHING, files) == (
        "pages that print nothing that is sold would change: rust/free/index.html",
    )

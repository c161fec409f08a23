"""`lyceum products`: on a school with a store in a folder, as its author uses it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.command_line import lyceum

SCHOOL = "content/school.yml"
MORE = """\
  - {id: for-life, kind: membership, title: Everything for good, prices: {USD: 29900}}
  - {id: taste, kind: trial, title: Try it, grants: [first-course/first-lesson], days: 14}
coupons:
  - {code: SECRET-SPRING, percent: 20, uses: 50, products: [first-course]}
"""


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A school that is published, once for all tests here; each leaves it as it was."""
    folder = tmp_path_factory.mktemp("products") / "school"
    lyceum("init", str(folder), "--ci", "none", folder=folder.parent)
    lyceum("publish", folder=folder)
    return folder


def current(school: Path) -> str:
    pointers = sorted((school / ".lyceum").rglob("manifest.json"))
    return pointers[-1].parent.name


def test_a_price_and_a_coupon_are_planned_applied_and_taken_back(school: Path) -> None:
    text = (school / SCHOOL).read_text(encoding="utf-8")
    assert "nothing changes" in lyceum("products", "plan", folder=school).stdout
    assert "nothing to apply" in lyceum("products", "apply", folder=school).stderr
    cheap = text.replace("USD: 1900", "USD: 2500")
    assert cheap != text
    (school / SCHOOL).write_text(cheap.rstrip() + "\n" + MORE, encoding="utf-8")

    said = lyceum("products", "plan", folder=school).stdout
    assert "~ first-course: USD $19 → $25" in said
    assert "+ for-life: new; kind membership; grants *; USD $299; giftable yes" in said
    assert "+ coupon SECRET-SPRING: new; percent 20; uses 50; products first-course" in said
    assert "+ first-course/first-lesson: paid: first-course → paid: first-course, for-life, taste" in said
    assert "apply     possible" in said
    planned = json.loads(lyceum("products", "plan", "--json", folder=school).stdout)
    assert planned["products"][0]["fields"] == [{"field": "prices.USD", "before": 1900, "after": 2500}]
    assert (planned["obstacles"], planned["access"]["losses"]) == ([], [])

    before = current(school)
    dry = lyceum("products", "apply", "--dry-run", folder=school).stdout
    assert "~ first-course/first-lesson/index.html" in dry
    assert current(school) == before
    applied = json.loads(lyceum("products", "apply", "--json", folder=school).stdout)
    changed = applied["release"]["changed"]
    assert {"index.html", "first-course/index.html", "first-course/first-lesson/index.html"} <= set(changed)
    page = (school / "build" / "site" / "first-course" / "first-lesson" / "index.html").read_text("utf-8")
    assert "$25" in page
    assert "Free trial" in page
    public = [path for path in (school / "build" / "site").rglob("*") if path.is_file()]
    assert not [path for path in public if b"SECRET-SPRING" in path.read_bytes()]
    assert "nothing changes" in lyceum("products", "plan", folder=school).stdout
    lyceum("rollback", folder=school)
    assert "~ first-course: USD $19 → $25" in lyceum("products", "plan", folder=school).stdout
    (school / SCHOOL).write_text(text, encoding="utf-8")


def test_what_differs_beside_is_named_and_nothing_is_applied(school: Path) -> None:
    text = (school / SCHOOL).read_text(encoding="utf-8")
    lesson = school / "content" / "first-course" / "01-first-lesson.md"
    written = lesson.read_text(encoding="utf-8")
    (school / SCHOOL).write_text(text.replace("USD: 1900", "USD: 2600"), encoding="utf-8")
    lesson.write_text(written + "\nOne more line.\n", encoding="utf-8")
    assert "content/first-course differs" in lyceum("products", "plan", folder=school).stdout
    refused = lyceum("products", "apply", folder=school, expect=1)
    assert "more than products and coupons would change: content/first-course differs" in refused.stderr
    assert "lyceum publish" in refused.stderr
    lesson.write_text(written, encoding="utf-8")
    (school / SCHOOL).write_text(text, encoding="utf-8")


def test_a_product_that_opens_less_is_applied_only_when_the_loss_is_allowed(school: Path) -> None:
    text = (school / SCHOOL).read_text(encoding="utf-8")
    other = text.replace("id: first-course", "id: another-name")
    assert other != text
    (school / SCHOOL).write_text(other, encoding="utf-8")
    planned = lyceum("products", "plan", folder=school, expect=5)
    assert "- first-course: gone" in planned.stdout
    assert "readers would lose access: first-course/first-lesson" in planned.stderr
    before = current(school)
    lyceum("products", "apply", folder=school, expect=5)
    assert current(school) == before
    lyceum("products", "apply", "--allow-loss", folder=school)
    assert current(school) != before
    lyceum("rollback", folder=school)
    (school / SCHOOL).write_text(text, encoding="utf-8")


def test_a_new_coupon_that_is_over_already_is_a_mistake(school: Path) -> None:
    text = (school / SCHOOL).read_text(encoding="utf-8")
    old = text.rstrip() + "\ncoupons:\n  - {code: LAST-YEAR, percent: 20, expires: 2020-01-01T00:00:00Z}\n"
    (school / SCHOOL).write_text(old, encoding="utf-8")
    refused = lyceum("products", "plan", folder=school, expect=3)
    line = len(text.rstrip().splitlines()) + 2
    assert f"school.yml:{line}: the coupon 'LAST-YEAR' expired at 2020-01-01 00:00 UTC" in refused.stderr
    checked = lyceum("check", folder=school)
    assert f"school.yml:{line}: warning: the coupon 'LAST-YEAR' expired" in checked.stderr
    (school / SCHOOL).write_text(text, encoding="utf-8")

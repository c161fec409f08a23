"""The account page's list: what owners of the same are shown, locks and products as they are for this reader, and no lesson that is not listed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gatekeeper.errors import StoreError
from gatekeeper.recommend.assemble import EXTENSION
from gatekeeper.recommend.choose import choose
from gatekeeper.recommend.school import AGAIN_SECONDS, PATH, Shelf, Suggestions, read
from tests.support.shop import Shop, open_shop, school

LESSONS = ["rust/free", "rust/traits", "rust/生命", "sql/joins", "sql/hello", "gone/draft"]


def told(
    *, popular: tuple[str, ...] = (), starts: tuple[str, ...] = (), **owners: list[tuple[str, str, str]]
) -> bytes:
    """The site's file. owners: product → (lesson, reason, subject)."""
    place = {id_: number for number, id_ in enumerate(LESSONS)}
    return json.dumps(
        {
            "format": 1,
            "lessons": [[number, id_, "a title of the site's"] for number, id_ in enumerate(LESSONS)],
            "popular": {"all": [place[id_] for id_ in popular]},
            "starts": [place[id_] for id_ in starts],
            "owners": {
                product: [[place[id_], why, of] for id_, why, of in entries]
                for product, entries in owners.items()
            },
        }
    ).encode()


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with open_shop(tmp_path) as shop:
        yield shop


def shown(shop: Shop, data: bytes, *, buys: str = "", language: str = "en") -> str:
    shop.app.extensions[EXTENSION].found = read(data)
    reader = shop.browser()
    reader.sign_in("ada@example.org")
    if buys:
        reader.buy(buys)
    text = reader.get(f"/account?lang={language}").text
    start = text.find('aria-labelledby="next"')
    return text[start : text.index("</section>", start)] if start >= 0 else ""


def test_owners_of_a_course_see_where_its_readers_went_on(shop: Shop) -> None:
    text = shown(shop, told(rust=[("sql/joins", "readers", "Traits")]), buys="rust")
    assert "Readers who finished “Traits” went on to this" in text
    assert "sql/joins/" in text
    assert "· Paid" in text


def test_reasons_are_said_in_chinese_too(shop: Shop) -> None:
    text = shown(shop, told(rust=[("sql/joins", "topic", "索引")]), buys="rust", language="zh")
    assert "接着读什么" in text
    assert "相同主题：索引" in text


def test_a_lesson_that_the_reader_owns_is_theirs_and_its_product_is_not_offered(shop: Shop) -> None:
    text = shown(shop, told(popular=("rust/traits", "rust/生命")), buys="rust")
    assert text.count("Yours to read") == 2
    assert "/buy/" not in text


def test_the_product_that_opens_most_of_the_list_is_named_with_its_price(shop: Shop) -> None:
    text = shown(shop, told(popular=("rust/traits", "rust/生命", "sql/hello")))
    assert "“Rust course” opens 2 of these" in text
    assert 'href="/buy/rust"' in text
    assert "$15" in text


def test_a_lesson_that_the_release_does_not_list_is_never_named(shop: Shop) -> None:
    text = shown(shop, told(popular=("gone/draft", "rust/free")))
    assert "gone" not in text
    assert "a title of the site" not in text
    assert "rust/free" in text


def test_markup_in_a_subject_is_text(shop: Shop) -> None:
    text = shown(shop, told(rust=[("sql/joins", "topic", "<script>x</script>")]), buys="rust")
    assert "<script>x" not in text
    assert "&lt;script&gt;x" in text


def test_without_suggestions_there_is_no_section(shop: Shop) -> None:
    assert shown(shop, told()) == ""


def test_half_of_a_list_is_of_one_course_while_another_has_something() -> None:
    found = read(told(popular=("rust/free", "rust/traits", "rust/生命", "sql/joins", "sql/hello")))
    chosen = [one.lesson for one in choose(found, school(), ("sql",), "en").suggestions]
    assert sorted(id_.partition("/")[0] for id_ in chosen) == ["rust", "rust", "sql", "sql"]


def named(found: Suggestions, owned: tuple[str, ...], language: str) -> list[str]:
    return [one.lesson for one in choose(found, school(), owned, language).suggestions]


def test_the_readers_own_language_comes_before_what_is_popular_in_another() -> None:
    """Rust is in English, SQL in Chinese."""
    found = read(told(popular=("rust/free", "rust/traits", "rust/生命", "sql/hello", "sql/joins")))
    assert named(found, (), "zh") == ["sql/hello", "sql/joins", "rust/free", "rust/traits"]
    assert named(found, (), "en") == ["rust/free", "rust/traits", "rust/生命", "sql/hello"]


def test_what_is_bought_in_a_language_is_read_in_it_but_the_whole_school_says_nothing() -> None:
    found = read(told(popular=("rust/free", "rust/traits", "rust/生命", "sql/hello", "sql/joins")))
    assert named(found, ("rust",), "zh")[:2] == ["rust/free", "rust/traits"]
    assert named(found, ("all",), "zh")[:2] == ["sql/hello", "sql/joins"]


def test_nobody_is_shown_another_language_alone_while_the_school_has_theirs() -> None:
    popular = ("rust/free", "rust/traits", "rust/生命")
    found = read(told(popular=popular, starts=("rust/free", "sql/hello", "gone/draft")))
    assert named(found, (), "zh") == ["sql/hello", "rust/free", "rust/traits", "rust/生命"]
    assert choose(found, school(), (), "zh").suggestions[0].reason == "start"
    assert named(read(told(popular=popular)), (), "zh") == list(popular), "nothing of theirs is known"


@pytest.mark.parametrize(
    ("language", "why"), [("en", "A course begins here"), ("zh", "一门课从这里开始")], ids=["en", "zh"]
)
def test_a_course_that_begins_says_so(shop: Shop, language: str, why: str) -> None:
    data = told(starts=("rust/free", "sql/hello"))
    text = shown(shop, data, language=language)
    assert text.count(why) == 1
    assert ("sql/hello/" if language == "zh" else "rust/free/") in text


@pytest.mark.parametrize("kind", ["trial", "team"])
def test_a_trial_or_a_team_is_not_what_fits_a_reader(kind: str) -> None:
    found = read(told(popular=("rust/traits", "rust/生命")))
    before = school()
    assert choose(found, before, (), "en").fits == ("rust", 2)
    products = {**before.products, "rust": replace(before.products["rust"], kind=kind)}
    assert choose(found, replace(before, products=products), (), "en").fits == ("all", 2)


def test_what_several_products_say_is_taken_in_turn() -> None:
    found = read(
        told(
            rust=[("sql/joins", "readers", "a"), ("sql/hello", "readers", "a")],
            sql=[("rust/traits", "readers", "b"), ("sql/joins", "readers", "b")],
        )
    )
    chosen = [one.lesson for one in choose(found, school(), ("sql", "rust"), "en").suggestions]
    assert chosen == ["sql/joins", "rust/traits", "sql/hello"]


@pytest.mark.parametrize(
    "data",
    [b"", b"[]", b'{"format": 1}', b'{"format": 1, "lessons": [[1]], "popular": {"all": [0]}}', b"\xff"],
)
def test_a_file_that_is_no_such_file_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        read(data)


def test_a_file_of_another_format_is_as_none() -> None:
    assert read(b'{"format": 2}') == Suggestions()


class _Site:
    """A public store: what lies there, and what was asked for."""

    def __init__(self, **files: bytes) -> None:
        self.files = files
        self.asked: list[str] = []
        self.is_away = False

    def get(self, path: str) -> bytes | None:
        self.asked.append(path)
        if self.is_away:
            raise StoreError("away")
        return self.files.get(path)


def test_the_file_is_read_once_a_release_and_a_failure_is_not_repeated_at_once() -> None:
    now = [1_000_000.0]
    site = _Site(**{PATH: told(popular=("rust/free",))})
    site.is_away = True
    shelf = Shelf(site, is_folder=False, manifest=school, clock=lambda: datetime.fromtimestamp(now[0], UTC))
    shelf.turn()
    shelf.turn()
    assert len(site.asked) == 1
    site.is_away = False
    now[0] += AGAIN_SECONDS
    shelf.turn()
    shelf.turn()
    assert len(site.asked) == 2
    assert [one.lesson for one in shelf.found.popular] == ["rust/free"]


def test_each_release_in_a_folder_store_has_its_own_file() -> None:
    site = _Site()
    shelf = Shelf(site, is_folder=True, manifest=school, clock=lambda: datetime.now(UTC))
    shelf.turn()
    assert site.asked[0].endswith(PATH)
    assert school().release in site.asked[0]

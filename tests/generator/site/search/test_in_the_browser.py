"""A school built by the generator, searched by a reader with a browser."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from generator.cli.site_host import SiteHost
from generator.site.build import Site
from tests.generator.site.conftest import Builder
from tests.generator.site.editions import course, edition, lesson
from tests.support.searching import index_site

pytestmark = pytest.mark.browser

MANY = 27  # more than the box shows at once


@pytest.fixture(scope="module")
def site(builder: Builder, tmp_path_factory: pytest.TempPathFactory) -> Site:
    site = builder(
        edition(
            course(
                "shu",
                lesson(
                    "01-xunhuan.md",
                    "# 事件循环\n\n协程在等待时让出控制权,由事件循环调度其他任务。\n\n## 取消任务\n\n超时之后**任务**会被取消。\n",
                    title="事件循环",
                ),
                lesson("02-suoyin.md", "# 哈希索引\n\n从零写一个数据库的索引。\n", title="哈希索引"),
                lesson(
                    "03-fufei.md",
                    "# 预写日志\n\n断电以后还能恢复。\n",
                    "崩溃恢复的完整证明。PRIVATEWORD\n",
                    title="预写日志",
                ),
                lesson("04-yincang.md", "# 隐藏\n\n不应该出现的课时。\n", title="隐藏", search_exclude=True),
                language="zh",
                title="数据库与异步",
            ),
            course(
                "loop", lesson("01-loops.md", "# Event loops\n\nA coroutine yields control in C++ and C#.\n")
            ),
            course(
                "many",
                *(
                    lesson(f"{n:02}-n{n}.md", f"# Number {n}\n\nA frequent word.\n", title=f"Number {n}")
                    for n in range(1, MANY + 1)
                ),
            ),
            languages=("zh", "en"),
        )
    )[0]
    index_site(site.public, tmp_path_factory.mktemp("cache"))
    return site


@pytest.fixture
def box(site: Site, browser_page: Page) -> Iterator[Page]:
    host = SiteHost(site.public, "127.0.0.1", 0)
    host.start()
    browser_page.goto(host.url)
    browser_page.locator(".lyceum-search__open").click()
    yield browser_page
    browser_page.goto("about:blank")
    host.stop()


def found(page: Page, query: str) -> list[str]:
    """The addresses of the results, in their order."""
    page.locator(".lyceum-search__query").fill("")
    expect(page.locator(".lyceum-search__status")).to_have_text("在全部公开内容中查找。")
    page.locator(".lyceum-search__query").fill(query)
    expect(page.locator(".lyceum-search__status")).to_contain_text("条")
    links: list[str] = page.locator(".lyceum-search__link").evaluate_all("all => all.map(a => a.pathname)")
    return links


def nothing(page: Page, query: str) -> bool:
    page.locator(".lyceum-search__query").fill(query)
    expect(page.locator(".lyceum-search__status")).to_contain_text(f"没有找到“{query}”")
    return page.locator(".lyceum-search__link").count() == 0


def test_chinese_words_are_found_however_a_dictionary_would_cut_them(box: Page) -> None:
    expected = {
        "事件循环": "/shu/xunhuan/",
        "件循": "/shu/xunhuan/",
        "协程": "/shu/xunhuan/",
        "取消任务": "/shu/xunhuan/",
        "之后任务会": "/shu/xunhuan/",
        "数据库的索引": "/shu/suoyin/",
        "断电": "/shu/fufei/",
        "恢复断电": "/shu/fufei/",
        "日": "/shu/fufei/",
    }
    for query, address in expected.items():
        assert address in found(box, query), query


def test_english_words_and_names_of_languages_are_found(box: Page) -> None:
    for query in ("coroutines", "Yielding", "c++", "C#", "event loops control"):
        assert found(box, query) == ["/loop/loops/"], query
    assert nothing(box, "协程 control")


def test_nothing_private_hidden_or_of_the_frame_is_found_l02(box: Page) -> None:
    for query in ("崩溃恢复的完整证明", "完整证明", "PRIVATEWORD", "隐藏", "不应该出现", "面包屑", "¥99"):
        assert nothing(box, query), query


def test_many_results_come_in_portions(box: Page) -> None:
    assert len(found(box, "frequent")) == 20
    expect(box.locator(".lyceum-search__status")).to_have_text("最相关的 20 条")
    box.get_by_role("button", name="更多结果").click()
    expect(box.locator(".lyceum-search__link")).to_have_count(MANY)
    expect(box.locator(".lyceum-search__status")).to_have_text(f"找到 {MANY} 条")
    expect(box.get_by_role("button", name="更多结果")).not_to_be_visible()
    expect(box.locator(".lyceum-search__group")).to_have_count(1)


def test_a_title_comes_before_a_mention(box: Page) -> None:
    assert found(box, "索引")[0] == "/shu/suoyin/"
    assert found(box, "Number 7")[0] == "/many/n7/"


def test_every_file_of_the_bundle_is_asked_for_by_some_query(site: Site) -> None:
    """Pagefind's own boxes and helpers are not published."""
    folder = site.public / "pagefind" / "0"
    assert {path.name for path in folder.parent.iterdir()} == {"0", "parts.json"}
    top = {
        path.name.split(".")[-1] if "pf_meta" in path.name else path.name
        for path in folder.iterdir()
        if path.is_file()
    }
    assert top == {"pf_meta", "pagefind-entry.json", "pagefind.js", "wasm.en.pagefind"}
    assert {path.name for path in folder.iterdir() if path.is_dir()} == {"fragment", "index"}


def test_a_school_of_several_parts_is_searched_as_one(
    site: Site, browser_page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("generator.site.search.index._PART_PAGES", 12)
    public = tmp_path / "site"
    shutil.copytree(site.public, public, ignore=shutil.ignore_patterns("pagefind"))
    index_site(public, tmp_path / "cache")
    assert len(list((public / "pagefind").glob("*/pagefind.js"))) > 2
    host = SiteHost(public, "127.0.0.1", 0)
    host.start()
    browser_page.goto(host.url)
    browser_page.locator(".lyceum-search__open").click()
    for query, address in (
        ("事件循环", "/shu/xunhuan/"),
        ("断电", "/shu/fufei/"),
        ("coroutines", "/loop/loops/"),
    ):
        assert address in found(browser_page, query), query
    assert len(found(browser_page, "frequent")) == 20
    browser_page.get_by_role("button", name="更多结果").click()
    expect(browser_page.locator(".lyceum-search__link")).to_have_count(MANY)
    browser_page.goto("about:blank")
    host.stop()

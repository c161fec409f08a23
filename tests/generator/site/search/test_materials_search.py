"""A school whose own mkdocs.yml has Material's search keeps it, Chinese words included: in the index's bytes, and in a browser."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from generator.site.build import Site
from tests.generator.site.conftest import Builder
from tests.generator.site.editions import course, edition, lesson
from tests.support.searching import index_site, settings_with_materials_search

ZERO_WIDTH_SPACE = "\u200b"


@pytest.fixture(scope="module")
def site(builder: Builder) -> Site:
    return builder(
        edition(
            course(
                "shu",
                lesson(
                    "01-xunhuan.md",
                    "# 事件循环\n\n协程在等待时让出控制权,由事件循环调度其他任务。\n\n## 取消任务\n\n超时之后任务会被取消。\n",
                    title="事件循环",
                    tags=("异步",),
                ),
                lesson("02-suoyin.md", "# 哈希索引\n\n从零写一个数据库的索引。\n", title="哈希索引"),
                lesson(
                    "03-fufei.md",
                    "# 预写日志\n\n断电以后还能恢复。\n",
                    "崩溃恢复的完整证明。\n",
                    title="预写日志",
                ),
                lesson("04-yincang.md", "# 隐藏\n\n不应该出现的课时。\n", title="隐藏", search_exclude=True),
                language="zh",
                title="数据库与异步",
            ),
            course(
                "loop", lesson("01-loops.md", "# Event loops\n\nA coroutine yields control while it waits.\n")
            ),
            languages=("zh", "en"),
        ),
        settings=settings_with_materials_search(),
    )[0]


@pytest.fixture(scope="module")
def index(site: Site) -> dict[str, Any]:
    value = json.loads((site.public / "search" / "search_index.json").read_text("utf-8"))
    assert isinstance(value, dict)
    return value


def words(index: dict[str, Any]) -> set[str]:
    """What the separator cuts the index into; the pattern is also a valid one in Python."""

    separator = re.compile(index["config"]["separator"])
    found: set[str] = set()
    for entry in index["docs"]:
        text = re.sub(r"<[^>]+>", " ", f"{entry['title']} {entry['text']}")
        found.update(word for word in separator.split(text) if word)
    return found


def test_chinese_text_is_cut_into_words(index: dict[str, Any]) -> None:
    assert {"事件", "循环", "数据库", "索引", "任务", "超时"} <= words(index)
    assert ZERO_WIDTH_SPACE in index["docs"][-2]["title"] or any(
        ZERO_WIDTH_SPACE in d["text"] for d in index["docs"]
    )


def test_pagefind_has_nothing_to_index_there(site: Site, tmp_path: Path) -> None:
    assert index_site(site.public, tmp_path).pages == 0
    assert not (site.public / "pagefind").exists()


def test_both_languages_are_configured(index: dict[str, Any]) -> None:
    assert index["config"]["lang"] == ["en", "zh"]
    assert ZERO_WIDTH_SPACE in index["config"]["separator"] or r"\u200b" in index["config"]["separator"]


def test_the_index_holds_public_text_only_l02(index: dict[str, Any]) -> None:
    text = json.dumps(index, ensure_ascii=False).replace(ZERO_WIDTH_SPACE, "")
    assert "断电以后还能恢复" in text
    assert "崩溃恢复的完整证明" not in text
    assert "不应该出现" not in text


@pytest.fixture(scope="module")
def address(site: Site) -> Iterator[str]:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site.public))) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


SEARCH = """async ({worker, queries}) => {
  const index = await (await fetch("/search/search_index.json")).json()
  const search = new Worker(worker)
  const ask = (type, data) => new Promise((resolve, reject) => {
    search.onmessage = event => resolve(event.data.data)
    search.onerror = event => reject(new Error(event.message))
    search.postMessage({type, data})
  })
  await ask(0, {...index, options: {suggest: false}})
  const found = {}
  for (const query of queries) {
    const {items} = await ask(2, query)
    found[query] = items.map(group => group[0].location.split("#")[0])
  }
  return found
}"""


@pytest.mark.browser
def test_materials_search_finds_chinese_and_english_words(
    site: Site, address: str, browser_page: Page
) -> None:
    worker = next((site.public / "assets/javascripts/workers").glob("search.*.min.js"))
    expected = {
        "事件循环": "shu/xunhuan/",
        "协程": "shu/xunhuan/",
        "取消任务": "shu/xunhuan/",
        "数据库": "shu/suoyin/",
        "索引": "shu/suoyin/",
        "断电": "shu/fufei/",
        "异步": "shu/xunhuan/",
        "coroutine": "loop/loops/",
        "loop": "loop/loops/",
    }
    browser_page.goto(f"{address}/robots.txt")
    found = browser_page.evaluate(
        SEARCH,
        {
            "worker": f"/assets/javascripts/workers/{worker.name}",
            "queries": [*expected, "崩溃恢复的完整证明", "隐藏"],
        },
    )
    for query, location in expected.items():
        assert location in found[query], query
    assert found["隐藏"] == []
    assert "shu/yincang/" not in {location for locations in found.values() for location in locations}

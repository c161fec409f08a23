"""A small school as the staging writes it: front matter by hand, so that the theme is tested by its contract and not by the
generator's. Two courses (Chinese and English), every kind of page, every state of a lesson, every kind of content.

`stage` writes the staged edition and its mkdocs.yml (which inherits the project's own), `build` lets MkDocs make the site, and
`part` renders a private half with the same Markdown configuration, as the generator does.
"""

from __future__ import annotations

import textwrap
from html import escape
from pathlib import Path
from typing import Any

import markdown
import yaml
from mkdocs.commands.build import build as mkdocs_build
from mkdocs.config import load_config

ROOT = Path(__file__).resolve().parents[2]
NAMES = {"zh": "纸舟学堂", "en": "Paper Boat School"}
Meta = dict[str, Any]

COVER = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1200 630"><rect width="1200" height="630" fill="#17323a"/>
<g fill="none" stroke="#e9d8a6" stroke-width="10"><circle cx="600" cy="300" r="170"/><path d="M600 130v340M430 300h340"/></g>
<text x="600" y="570" font-family="sans-serif" font-size="54" fill="#fff" text-anchor="middle">event loop</text></svg>"""

PICTURE = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 160"><rect width="640" height="160" rx="12" fill="#f4f2ec"/>
<text x="320" y="90" font-family="sans-serif" font-size="28" text-anchor="middle" fill="#1c2126">{text}</text></svg>"""

LEAD_IN = """
    # TITLE

    Suppose a thousand readers knock at once. Who waits, and for whom? The answer is a short program, and it is
    worth reading twice before you trust it with anything that matters.[^one]

    ## A queue of promises { #queue }

    The mean waiting time is \\(W = L / \\lambda\\), and over a whole day

    $$
    L = \\lambda W, \\qquad \\sum_{k=0}^{n} k = \\frac{n(n+1)}{2}
    $$

    ```python title="loop.py" linenums="1" hl_lines="2 3"
    def run(ready):
        while ready:
            ready.pop(0)()  # one turn
    ```

    ```mermaid
    flowchart LR
      A[ready] --> B{due?}
      B -- yes --> C[run]
      B -- no --> A
    ```

    === "Threads"

        A thread costs 8 MiB of address space.

    === "Tasks"

        A task costs about 2 KiB.

    | what | cost | note |
    |---|---:|---|
    | thread | 8 MiB | reserved, not used |
    | task | 2 KiB | on the heap |

    !!! tip "Measure first"
        A guess is not a figure.

    ??? note "Why a list"
        Because it is the simplest thing that works; a deque is better.

    - [x] read the loop
    - [ ] break it

    Press ++ctrl+c++ to leave. Some ==marked words== and `inline code`.

    ![What stands where](files/open.svg)

    [^one]: Twice is a lower bound.
"""

SHORT_LEAD_IN = """
    # TITLE

    Suppose a thousand readers knock at once. Who waits, and for whom?
"""

#: lessons whose lead-in holds every kind of content
RICH = {"why-blocking", "event-loop", "log"}

PART = """
    ## What the loop may not do { #forbidden }

    The private half begins here, with the canary PAID-CANARY-7319 in its text and a formula \\(e^{i\\pi} = -1\\).[^two]

    ```python title="paid.py"
    print("unlocked code")
    ```

    ```python
    second = "block"
    ```

    ```mermaid
    sequenceDiagram
      Reader->>Gate: may I?
      Gate-->>Reader: a signed address
    ```

    $$
    \\int_0^1 x\\,dx = \\tfrac12
    $$

    === "First"

        The first paid tab.

    === "Second"

        The second paid tab.

    | paid | table |
    |---|---|
    | 1 | 2 |

    ### A deeper heading { #deeper }

    ![A paid picture](GATEKEEPER/files/async-python/files/paid.svg)

    [Download the code](GATEKEEPER/files/async-python/files/code.zip){ .md-button }

    ## Exercises { #exercises }

    1. Unlock this lesson again.

    [^two]: A paid footnote.
"""


def offer(product: str, **more: Any) -> Meta:
    prices = {
        "async-python": [("CNY", 12900, "¥129"), ("USD", 1900, "$19")],
        "both-courses": [("CNY", 17900, "¥179"), ("USD", 2700, "$27")],
        "all-access": [("CNY", 2900, "¥29"), ("USD", 500, "$5")],
    }[product]
    return {
        "product": product,
        "kind": {"async-python": "course", "both-courses": "bundle", "all-access": "subscription"}[product],
        "title": {
            "async-python": "Async Python, from the Event Loop Up",
            "both-courses": "Both courses",
            "all-access": "All-access subscription",
        }[product],
        "summary": {
            "async-python": "The whole course, yours to keep",
            "both-courses": "A fifth less than one by one",
            "all-access": "Read everything while you subscribe, new courses included",
        }[product],
        "includes": [
            "Every paid lesson with worked answers",
            "The complete source code",
            "All future updates",
        ],
        "prices": [{"currency": c, "amount_minor": a, "text": t} for c, a, t in prices],
        **({"interval": "month"} if product == "all-access" else {}),
        "lessons": 12,
        "refund_days": 14,
        **more,
    }


def offers(gatekeeper: str, lesson: str | None) -> list[Meta]:
    query = f"?lesson={lesson.replace('/', '%2F')}" if lesson else ""
    return [
        offer(product, buy=f"{gatekeeper}/buy/{product}{query}")
        for product in ("async-python", "both-courses", "all-access")
    ]


ENGLISH = {"id": "async-python", "title": "Async Python, from the Event Loop Up", "url": "async-python/"}
CHINESE = {"id": "mini-db", "title": "用 Python 写一个小型数据库", "url": "mini-db/"}

#: slug, title, access, state, section, has a private half
LESSONS: dict[str, list[tuple[str, str, str, str, str | None, bool]]] = {
    "async-python": [
        ("why-blocking", "What blocking costs the others", "free", "published", "Foundations", False),
        ("coroutines", "Coroutines are generators with manners", "member", "published", "Foundations", True),
        ("event-loop", "The event loop in sixty lines", "paid", "published", "Foundations", True),
        ("queues", "Queues & <backpressure>", "paid", "published", "Programs that last", True),
        ("testing", "Testing without sleeping", "paid", "upcoming", "Programs that last", False),
    ],
    "mini-db": [
        ("why", "为什么还要写一个数据库", "free", "published", None, False),
        ("log", "只追加日志:最简单的持久化", "paid", "published", None, True),
        ("hash-index", "哈希索引与内存的代价", "paid", "published", None, True),
    ],
}


def stage(folder: Path, *, site_url: str, gatekeeper: str, signals: str = "none") -> Path:
    """Writes the staged edition below `folder` and returns the path of its mkdocs.yml."""
    docs = folder / "public"

    def page(path: str, meta: Meta, body: str = "") -> None:
        target = docs / path
        target.parent.mkdir(parents=True, exist_ok=True)
        front = yaml.safe_dump(meta, allow_unicode=True, sort_keys=False)
        target.write_text(f"---\n{front}---\n{textwrap.dedent(body)}", encoding="utf-8")

    courses = [
        (ENGLISH, "en", "files/cover.svg", "Build an event loop in sixty lines, then use what you saw."),
        (CHINESE, "zh", None, "从一个只追加的文件开始,写到索引、事务与崩溃恢复。"),
    ]
    cards = []
    for course, language, cover, summary in courses:
        lessons = LESSONS[course["id"]]
        full = {
            **course,
            "summary": summary,
            "level": "intermediate",
            **({"cover": f"{course['id']}/{cover}"} if cover else {}),
            "minutes": 340,
            "lessons": sum(lesson[3] == "published" for lesson in lessons),
            "free": 1,
            "authors": [
                {"name": "林乔", "bio": "写了十五年存储引擎。"}
                if language == "zh"
                else {"name": "Mara Ellison", "bio": "Debugged event loops at three in the morning."}
            ],
            "outcomes": [
                "Explain what happens between two awaits",
                "Find & remove blocking calls",
                "Size queues",
            ],
            "prerequisites": [{"title": CHINESE["title"], "url": CHINESE["url"]}] if language == "en" else [],
            "updated": "2026-11-10",
        }
        cards.append({**full, "language": language, "from_price": "¥129", "tags": ["asyncio"]})
        rows = [
            {
                "id": f"{course['id']}/{slug}",
                "title": title,
                "url": f"{course['url']}{slug}/",
                "access": access,
                "minutes": 20,
                "summary": "One sentence about what it holds.",
                "state": state,
                **({"publish_at": "2027-03-01T09:00:00+08:00"} if state == "upcoming" else {}),
                "section": section,
                "locked": locked,
            }
            for slug, title, access, state, section, locked in lessons
        ]
        page(
            f"{course['id']}/index.md",
            {
                "title": course["title"],
                "description": summary,
                "template": "course.html",
                "hide": ["toc"],
                "lyceum": {
                    "kind": "course",
                    "language": language,
                    "course": full,
                    "lessons": rows,
                    "offers": offers(gatekeeper, None),
                    "jsonld": {
                        "@context": "https://schema.org",
                        "@type": "Course",
                        "name": "</script>" + course["title"],
                    },
                },
            },
            f"# {course['title']}\n\nMost bugs are not exotic. A handler blocks and a *thousand* strangers wait.\n",
        )
        for number, (slug, title, access, state, section, locked) in enumerate(lessons, start=1):
            page(
                f"{course['id']}/{slug}.md",
                lesson_meta(
                    course,
                    language,
                    slug,
                    number,
                    len(lessons),
                    gatekeeper,
                    title,
                    access,
                    state,
                    section,
                    locked,
                ),
                "Not out yet.\n"
                if state == "upcoming"
                else (LEAD_IN if slug in RICH else SHORT_LEAD_IN).replace("TITLE", escape(title)),
            )
        files = docs / course["id"] / "files"
        files.mkdir(parents=True)
        (files / "open.svg").write_text(PICTURE.format(text="free picture"), encoding="utf-8")
        (files / "cover.svg").write_text(COVER, encoding="utf-8")

    page(
        "async-python/old-loop.md",
        lesson_meta(
            ENGLISH, "en", "old-loop", None, None, gatekeeper, "The old loop", "paid", "retired", None, True
        ),
        "# The old loop\n\nThis lesson has been replaced.\n",
    )
    for language in ("zh", "en"):
        page(
            "index.md" if language == "zh" else "en/index.md",
            {
                "title": NAMES[language],
                "description": "两门写给程序员的课。" if language == "zh" else "Two courses for programmers.",
                "template": "catalogue.html",
                "hide": ["navigation", "toc"],
                "lyceum": {
                    "kind": "catalogue",
                    "language": language,
                    "school": {
                        "name": NAMES[language],
                        "summary": "两门写给程序员的课:从零写一个数据库,从事件循环学会异步。"
                        if language == "zh"
                        else "Two courses for programmers: write a database, and learn async from the loop up.",
                    },
                    "courses": cards,
                    "bundles": offers(gatekeeper, None)[1:],
                },
            },
        )
    page(
        "tags/index.md",
        {
            "title": "标签",
            "template": "tags.html",
            "lyceum": {
                "kind": "tags",
                "language": "zh",
                "tags": [
                    {
                        "name": name,
                        "id": f"tag:{name}",
                        "lessons": [
                            {
                                "title": "The event loop in sixty lines",
                                "url": "async-python/event-loop/",
                                "course": ENGLISH["title"],
                            }
                        ],
                    }
                    for name in ("asyncio", "event-loop")
                ],
            },
        },
        "",
    )
    page(
        "async-python/loop.md",
        {
            "title": "Moved",
            "template": "redirect.html",
            "search": {"exclude": True},
            "lyceum": {"kind": "redirect", "language": "en", "target": "async-python/event-loop/"},
        },
    )

    (docs / "sitemap.xml").write_text(
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"/>', encoding="utf-8"
    )
    nav: list[Any] = ["index.md", "en/index.md"]
    for course, _language, _cover, _summary in courses:
        inner: list[Any] = [f"{course['id']}/index.md"]
        for slug, _title, _access, _state, section, _locked in LESSONS[course["id"]]:
            path = f"{course['id']}/{slug}.md"
            if section is None:
                inner.append(path)
            elif isinstance(inner[-1], dict) and section in inner[-1]:
                inner[-1][section].append(path)
            else:
                inner.append({section: [path]})
        nav.append({course["title"]: inner})
    nav.append("tags/index.md")
    config = folder / "mkdocs.yml"
    config.write_text(
        yaml.safe_dump(
            {
                "INHERIT": str(ROOT / "mkdocs.yml"),
                "site_name": NAMES["zh"],
                "site_url": site_url,
                "docs_dir": str(docs),
                "site_dir": str(folder / "site"),
                "theme": {"custom_dir": str(ROOT / "theme")},
                "nav": nav,
                "extra": {
                    "lyceum": {
                        "names": NAMES,
                        "languages": ["zh", "en"],
                        "gatekeeper": gatekeeper,
                        "signals": signals,
                        "catalogues": {"zh": "", "en": "en/"},
                        "tags": {"zh": "tags/", "en": "tags/"},
                        "feeds": [
                            {
                                "language": "en",
                                "type": "application/rss+xml",
                                "title": NAMES["en"],
                                "url": "en/feed.xml",
                            },
                            {
                                "language": "zh",
                                "type": "application/rss+xml",
                                "title": NAMES["zh"],
                                "url": "feed.xml",
                            },
                        ],
                    }
                },
            },
            allow_unicode=True,
            sort_keys=False,
        ),
        encoding="utf-8",
    )
    return config


def lesson_meta(
    course: Meta,
    language: str,
    slug: str,
    number: int | None,
    count: int | None,
    gatekeeper: str,
    title: str,
    access: str,
    state: str,
    section: str | None,
    locked: bool,
) -> Meta:
    id_ = f"{course['id']}/{slug}"
    return {
        "title": title,
        "description": f"What {title} holds.",
        "tags": ["asyncio", "event-loop"],
        "template": "lesson.html",
        "lyceum": {
            "kind": "lesson",
            "tags": [{"name": name, "url": f"tags/#tag:{name}"} for name in ("asyncio", "event-loop")],
            "language": language,
            "id": id_,
            "access": access,
            "locked": locked,
            "state": state,
            **({"publish_at": "2027-03-01T09:00:00+08:00"} if state == "upcoming" else {}),
            "course": course,
            "number": number,
            "count": count,
            "minutes": 20,
            "level": "intermediate",
            "updated": "2026-11-10",
            "authors": ["林乔" if language == "zh" else "Mara Ellison"],
            "section": section,
            "outline": [
                {"level": 2, "title": "What the loop may not do"},
                {"level": 3, "title": "A deeper heading"},
                {"level": 2, "title": "Exercises"},
            ]
            if locked
            else [],
            "products": ["async-python", "both-courses", "all-access"] if access == "paid" else [],
            "offers": offers(gatekeeper, id_) if access == "paid" and locked else [],
            "next_free": {
                "title": LESSONS[course["id"]][0][1],
                "url": f"{course['url']}{LESSONS[course['id']][0][0]}/",
            },
            "jsonld": {
                "@context": "https://schema.org",
                "@type": "Article",
                "isAccessibleForFree": access == "free",
            },
        },
    }


def build(config: Path) -> Path:
    """Lets MkDocs build, strictly, and returns the site's folder."""
    loaded = load_config(str(config), strict=True)
    loaded.plugins.on_startup(command="build", dirty=False)
    mkdocs_build(loaded)
    return Path(loaded.site_dir)


def part(config: Path, gatekeeper: str) -> str:
    """The HTML of a private half."""
    loaded = load_config(str(config))
    renderer = markdown.Markdown(extensions=loaded.markdown_extensions, extension_configs=loaded.mdx_configs)
    return renderer.convert(textwrap.dedent(PART).replace("GATEKEEPER", gatekeeper))

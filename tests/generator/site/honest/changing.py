"""A small school that changes: every edit an author makes to lessons, courses, prices, theme and settings, as a value.

The folder is written as an editor or git would: only files that differ are touched, and files that are gone are deleted.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.generator.site.honest.schools import HOUSE

HOUSE_SETTINGS = (HOUSE / "mkdocs.yml").read_text("utf-8")
PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {0} {0}"/>\n'


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """A lesson of a course. public, private: numbers of paragraphs, which are never alike."""

    name: str
    title: str
    access: str = "paid"
    public: tuple[int, ...] = (1,)
    private: tuple[int, ...] = ()
    tags: tuple[str, ...] = ()
    link: str = ""
    picture: str = ""  # "", "public" or "private": the half that shows it
    includes: bool = False
    status: str = ""
    is_marked: bool = True

    def text(self) -> str:
        head = [f"access: {self.access}", f"summary: About {self.title}."]
        if self.tags:
            head.append(f"tags: [{', '.join(self.tags)}]")
        if self.status:
            head.append(f"status: {self.status}")
        if self.status == "scheduled":
            head.append("publish_at: 2026-12-01T09:00:00+00:00")
        body = [f"# {self.title}", *map(paragraph, self.public)]
        if self.link:
            body.append(f"See [it]({self.link}).")
        if self.includes:
            body.append('--8<-- "includes/setup.md"')
        if self.picture == "public":
            body.append("![shown](../pictures/picture.svg)")
        if self.access != "free" and self.is_marked:
            body.append("<!-- paywall -->")
            body += [f"## Behind {self.title}", *(paragraph(number) for number in self.private)]
            if self.picture == "private":
                body.append("![hidden](../pictures/picture.svg)")
        return "---\n" + "\n".join(head) + "\n---\n" + "\n\n".join(body) + "\n"


@dataclass(frozen=True, kw_only=True)
class School:
    """courses: folder → its lessons, in order. Everything else is a number or text that some edit changes."""

    courses: Mapping[str, tuple[Lesson, ...]]
    titles: Mapping[str, str] = field(default_factory=dict)
    price: int = 900
    name: str = "Changing"
    setup: int = 1
    picture: int = 1
    template: int = 0
    style: int = 0
    setting: str = ""

    def with_lesson(self, course: str, index: int, lesson: Lesson | None) -> School:
        """With the lesson at `index` replaced or, by None, deleted; with one more where `index` is past the last."""
        lessons = list(self.courses[course])
        lessons[index : index + 1] = [] if lesson is None else [lesson]
        return replace(self, courses={**self.courses, course: tuple(lessons)})

    def files(self) -> dict[str, str]:
        products = "".join(
            f"  - {{id: buy-{course}, kind: course, title: {{en: All of {course}}}, grants: [{course}], prices: {{USD: {self.price}}}}}\n"
            for course in self.courses
        )
        files = {
            "content/school.yml": (
                f"format: 1\nname: {{en: {self.name}}}\nsummary: {{en: It changes}}\nlanguages: [en]\n"
                f"base_url: https://changing.example/\naccess: free\nauthors: {{}}\nproducts:\n{products}"
            ),
            "content/pictures/picture.svg": PICTURE.format(self.picture),
            "content/includes/setup.md": f"Set up step {self.setup}.\n",
            "mkdocs.yml": HOUSE_SETTINGS + self.setting,
        }
        for number, (course, lessons) in enumerate(self.courses.items(), start=1):
            title = self.titles.get(course, course.title())
            files[f"content/{course}/course.yml"] = (
                f"title: {title}\nlanguage: en\naccess: paid\norder: {number}\noutline: public\nupcoming: public\n"
            )
            for place, lesson in enumerate(lessons, start=1):
                files[f"content/{course}/{place:02d}-{lesson.name}.md"] = lesson.text()
        if self.template:
            house = (HOUSE / "theme" / "course.html").read_text("utf-8")
            files["theme/course.html"] = house.replace(
                "{% block content %}", f"{{% block content %}}<i>{self.template}</i>"
            )
        if self.style:
            files["theme/assets/stylesheets/lyceum/print.css"] = f"/* {self.style} */\n"
        return files

    def write(self, root: Path) -> None:
        """Make the school in `root`, which may be new, this one."""
        if not (root / "theme").is_dir():
            shutil.copytree(HOUSE / "theme", root / "theme")
        wanted = {root / path: text for path, text in self.files().items()}
        for top in ("content", "theme"):
            for place in sorted((root / top).rglob("*"), reverse=True):
                if (
                    place.is_file()
                    and place not in wanted
                    and (top == "content" or not _is_house(root, place))
                ):
                    place.unlink()
                elif place.is_dir() and not any(place.iterdir()):
                    place.rmdir()
        for place, text in wanted.items():
            if not place.is_file() or place.read_text("utf-8") != text:
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_text(text, "utf-8")
        for path in ("theme/course.html", "theme/assets/stylesheets/lyceum/print.css"):
            if path not in self.files():
                _put_back(root, path)


def paragraph(number: int) -> str:
    """A text that no other number gives, longer than what the leak check takes for a phrase."""
    words = " ".join(
        f"{word}{number}"
        for word in ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
    )
    return f"Paragraph {number} says {words}, and `code{number}` ends it."


FIRST = School(
    courses={
        "alpha": (
            Lesson(name="intro", title="Intro", access="free", link="02-locked.md", tags=("a",)),
            Lesson(name="locked", title="Locked", public=(2,), private=(3, 4), picture="private"),
        ),
        "beta": (
            Lesson(name="start", title="Start", public=(5,), private=(6,), tags=("a", "b"), includes=True),
            Lesson(name="member", title="Member", access="member", public=(7,), private=(8,)),
        ),
    }
)


def _is_house(root: Path, place: Path) -> bool:
    return (HOUSE / place.relative_to(root)).is_file()


def _put_back(root: Path, path: str) -> None:
    house = (HOUSE / path).read_text("utf-8")
    if (root / path).read_text("utf-8") != house:
        (root / path).write_text(house, "utf-8")

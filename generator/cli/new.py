"""`lyceum new`: start a school, a course or a lesson, with every field a beginner needs and a word on each."""

from __future__ import annotations

import re
from pathlib import Path

import click

from generator.cli import EXIT_CODES
from generator.cli.output import say
from generator.cli.project import school_option
from generator.errors import SettingsError

_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_NUMBER = re.compile(r"([0-9]+)[-_]")

SCHOOL = """\
# The school. Prices are in the currency's minor unit: 1900 is $19.00.
format: 1
name: {{ {language}: "{title}" }}
summary: {{ {language}: "{summary}" }}
languages: [{language}]
base_url: http://127.0.0.1:8000/ # the address of the public site, with a final slash
gatekeeper_url: http://127.0.0.1:8001 # where the gatekeeper answers; leave it out when both share one origin
access: free # of courses that do not say: free, member or paid

authors:
  me:
    name: {{ {language}: "{author}" }}
    bio: {{ {language}: "{bio}" }}

products:
  - id: {course}
    kind: course
    title: {{ {language}: "{course_title}" }}
    summary: {{ {language}: "{offer}" }}
    grants: [{course}]
    prices: {{ USD: 1900, CNY: 12900 }}
    refund_days: 14
"""

COURSE = """\
title: {title}
language: {language}
summary: {summary}
description: |
  {description}
authors: [{author}]
level: beginner # beginner, intermediate or advanced
access: paid # of lessons that do not say
outline: public # may the headings of the paid halves show?
outcomes:
  - {outcome}
"""

LESSON = """\
---
title: {title}
summary: {summary}
{access}minutes: 15
---
# {title}

{lead_in}
"""

TEXTS = {
    "en": {
        "title": "My school",
        "summary": "What I know, one lesson at a time",
        "author": "Your name",
        "bio": "One sentence about you.",
        "course_title": "First course",
        "offer": "The whole course, yours to keep",
        "course_summary": "One sentence that everybody may read.",
        "description": "What the course is about, for whom, and what it asks of them. Markdown, public.",
        "outcome": "What a reader can do afterwards",
        "lesson": "First lesson",
        "lesson_summary": "One sentence that everybody may read.",
        "lead_in": "The lead-in: everybody may read it.",
        "paid": "From here on the text is for those who bought it.",
    },
    "zh": {
        "title": "我的书院",
        "summary": "把我会的，一课一课讲给你",
        "author": "你的名字",
        "bio": "用一句话介绍自己。",
        "course_title": "第一门课",
        "offer": "整门课，永久阅读",
        "course_summary": "一句人人可见的简介。",
        "description": "这门课讲什么、写给谁、需要什么基础。Markdown，公开可见。",
        "outcome": "学完之后能做到的事",
        "lesson": "第一课",
        "lesson_summary": "一句人人可见的简介。",
        "lead_in": "导读：人人可读。",
        "paid": "从这里开始，只有购买者可读。",
    },
}


@click.group(epilog=EXIT_CODES)
def command() -> None:
    """Start a school, a course or a lesson.

    \b
    Examples:
      lyceum new school my-school --language zh
      lyceum new lesson rust-by-example "Traits and bounds" --access free
    """


@command.command("school", epilog=EXIT_CODES)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--language",
    type=click.Choice(sorted(TEXTS)),
    default="en",
    show_default=True,
    help="The first language.",
)
def school(folder: Path, language: str) -> None:
    """Write a new school with one course and one lesson into FOLDER.

    \b
    Examples:
      lyceum new school my-school
      lyceum new school 书院 --language zh
    """
    write_school(folder, language)
    say(f"\nNext: cd {folder}, then 'lyceum demo' shows it, shop included.")


def write_school(folder: Path, language: str) -> None:
    """A school with one course and one lesson. Raises SettingsError when there is one already."""
    if (folder / "content").exists():
        raise SettingsError(
            "there is a school already",
            where=str(folder),
            hint="choose an empty folder, or add to it: lyceum new course ID",
        )
    text = TEXTS[language]
    course = "first-course"
    write_file(
        folder / "content" / "school.yml",
        SCHOOL.format(
            language=language,
            title=text["title"],
            summary=text["summary"],
            author=text["author"],
            bio=text["bio"],
            course=course,
            course_title=text["course_title"],
            offer=text["offer"],
        ),
    )
    _write_course(folder / "content", course, text["course_title"], language, author="me")
    ignored = folder / ".gitignore"
    if not ignored.exists():
        write_file(ignored, "/build/\n/.cache/\n/.lyceum/\n*.key\n")


@command.command("course", epilog=EXIT_CODES)
@school_option
@click.argument("course_id", metavar="ID")
@click.option("--title", default="", help="Its title. Default: made from the id.")
@click.option(
    "--language",
    type=click.Choice(sorted(TEXTS)),
    default="en",
    show_default=True,
    help="The language it is written in.",
)
@click.option("--author", default="me", show_default=True, help="An author's id from school.yml.")
def course(root: Path, course_id: str, title: str, language: str, author: str) -> None:
    """Write a new course with one lesson into content/ID.

    \b
    Examples:
      lyceum new course rust-by-example --title "Rust by example"
      lyceum new course go-jichu --language zh --title "Go 语言基础"
    """
    _checked_slug(course_id, "course id")
    if (root / "content" / course_id).exists():
        raise SettingsError(
            "there is such a course already", where=f"content/{course_id}", hint="choose another id"
        )
    _write_course(
        root / "content",
        course_id,
        title or course_id.replace("-", " ").capitalize(),
        language,
        author=author,
    )
    say("\nNext: name a product that grants it in content/school.yml, then 'lyceum check'.")


@command.command("lesson", epilog=EXIT_CODES)
@school_option
@click.argument("course_id", metavar="COURSE")
@click.argument("title")
@click.option("--slug", default="", help="Its place in the address. Default: made from the title.")
@click.option(
    "--access",
    type=click.Choice(["free", "member", "paid"]),
    default=None,
    help="Who may read it. Default: as the course says.",
)
def lesson(root: Path, course_id: str, title: str, slug: str, access: str | None) -> None:
    """Write a new lesson at the end of COURSE.

    \b
    Examples:
      lyceum new lesson rust-by-example "Traits and bounds"
      lyceum new lesson go-jichu "接口与组合" --slug interfaces --access free
    """
    folder = root / "content" / course_id
    if not (folder / "course.yml").is_file():
        raise SettingsError(
            f"no course {course_id!r}",
            where=f"content/{course_id}",
            hint="start it first: lyceum new course ID",
        )
    made = slug or "-".join(re.findall(r"[a-z0-9]+", title.lower()))
    if not made:
        raise SettingsError(
            "the title gives no address", hint="name one in letters a-z, digits and dashes: --slug interfaces"
        )
    _checked_slug(made, "slug")
    numbers = [int(found[1]) for path in folder.glob("*.md") if (found := _NUMBER.match(path.name))]
    path = folder / f"{max(numbers, default=0) + 1:02d}-{made}.md"
    language = "zh" if re.search("[\u3400-\u9fff]", title) else "en"
    write_file(path, lesson_text(title, language, access))
    say("\nNext: write it, with 'lyceum serve' beside you.")


def lesson_text(title: str, language: str, access: str | None) -> str:
    text = TEXTS[language]
    lead_in = (
        text["lead_in"] if access == "free" else f"{text['lead_in']}\n\n<!-- paywall -->\n\n{text['paid']}"
    )
    return LESSON.format(
        title=_quoted(title),
        summary=text["lesson_summary"],
        access=f"access: {access}\n" if access else "",
        lead_in=lead_in,
    ).replace(f"# {_quoted(title)}\n", f"# {title}\n")


def _write_course(content: Path, course_id: str, title: str, language: str, *, author: str) -> None:
    text = TEXTS[language]
    write_file(
        content / course_id / "course.yml",
        COURSE.format(
            title=_quoted(title),
            language=language,
            summary=text["course_summary"],
            description=text["description"],
            author=author,
            outcome=text["outcome"],
        ),
    )
    write_file(content / course_id / "01-first-lesson.md", lesson_text(text["lesson"], language, None))


def write_file(path: Path, text: str) -> None:
    """Write a new file and say so; an existing one is never overwritten."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except OSError as error:
        raise SettingsError(
            f"cannot write: {error.strerror or error}", where=str(path), hint="check the folder's permissions"
        ) from error
    say(f"wrote {path}")


def _checked_slug(text: str, what: str) -> None:
    if not _SLUG.fullmatch(text):
        raise SettingsError(
            f"{text!r} is no {what}",
            hint="use lower-case letters a-z, digits and single dashes, such as rust-by-example",
        )


def _quoted(text: str) -> str:
    """`text` as a YAML value: in double quotes when it could be read as anything but itself."""
    if (
        re.fullmatch(r"[^\W\d_][^:#\"'\\{}\[\],&*!|>%@`]*", text)
        and text.strip() == text
        and text.lower() not in ("true", "false", "yes", "no", "null", "on", "off")
    ):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

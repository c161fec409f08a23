"""What is asked: many readers, many lessons, each request another pair, so that no single answer can be kept for all."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import replace
from pathlib import Path

from gatekeeper.contract import keys, manifest, pointer
from gatekeeper.contract.access import products_rule
from gatekeeper.contract.manifest import CourseEntry, LessonEntry, Manifest, ObjectEntry, ProductEntry
from gatekeeper.gate.token import mint
from gatekeeper.settings import Settings

CONTENT_KEY = b"the content key of the benchmark"
READERS = 100
LESSONS_ASKED = 200
REQUESTS = 1000
SITE = "https://school.example.org/"


def school(lessons: int, *, release: str = "20261101T080000Z-0123abcd", a_course: int = 100) -> Manifest:
    """Every lesson is sold and has a part; every fifth has a picture."""
    lesson_entries: dict[str, LessonEntry] = {}
    parts: dict[str, ObjectEntry] = {}
    files: dict[str, ObjectEntry] = {}
    courses = [f"course-{number:04d}" for number in range(-(-lessons // a_course))]
    for number in range(lessons):
        course = courses[number // a_course]
        lesson = f"{course}/lesson-{number % a_course:03d}-about-things"
        rule = products_rule([course, "all-access"])

        def stored(name: str, media_type: str, size: int) -> ObjectEntry:
            digest = hashlib.sha256(name.encode()).digest()
            return ObjectEntry(
                key=keys.private_key(CONTENT_KEY, digest),
                sha256=digest.hex(),
                size_bytes=size,
                media_type=media_type,
                access=rule,  # noqa: B023  (used at once)
            )

        picture = f"{lesson}/files/picture.png"
        if number % 5 == 0:
            files[picture] = stored(picture, "image/png", 20_000)
        parts[lesson] = stored(lesson, "text/html; charset=utf-8", 9_000)
        lesson_entries[lesson] = LessonEntry(
            course=course,
            title=f"Lesson {number}: 关于事物 and how to keep them",
            url=f"{lesson}/",
            access=rule,
            parts=(lesson,),
            files=(picture,) if number % 5 == 0 else (),
        )
    products = {
        course: ProductEntry(kind="course", title={"en": course}, grants=(course,), prices={"USD": 1500})
        for course in courses
    }
    everything = ProductEntry(kind="all", title={"en": "Everything"}, grants=("*",), prices={"USD": 9900})
    return Manifest(
        release=release,
        created="2026-11-01T08:00:00Z",
        commit="",
        site=SITE,
        name={"en": "A school"},
        languages=("en",),
        courses={name: CourseEntry(title=name, language="en", url=f"{name}/") for name in courses},
        lessons=lesson_entries,
        parts=parts,
        files=files,
        products={**products, "all-access": everything},
    )


def publish(folder: Path, data: bytes, *, release: str, number: int) -> None:
    """Puts a manifest and its pointer into a folder store, pointer last."""
    place = folder / keys.manifest_key(release)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(data)
    moved = folder / keys.pointer_key(number)
    moved.parent.mkdir(parents=True, exist_ok=True)
    moved.write_bytes(pointer.dumps(pointer.Pointer(number=number, release=release, created="")))
    (folder / keys.CURRENT).write_bytes(pointer.dumps_hint(number))


def again(whole: Manifest, release: str) -> bytes:
    return manifest.dumps(replace(whole, release=release))


def tokens(settings: Settings, whole: Manifest, count: int = READERS, *, ahead_seconds: int = 0) -> list[str]:
    """Each reader owns everything asked for, and some more. ahead_seconds: by how much the issuer's clock goes before ours."""
    owned: dict[str, int | None] = {"all-access": None, **dict.fromkeys(list(whole.courses)[:3])}
    now = int(time.time()) + ahead_seconds
    return [
        mint(
            settings.token_keys,
            reader=f"{number:032x}",
            session=f"{number + 10**6:032x}",
            products=owned,
            now=now,
            issuer=settings.token_issuer,
            audience=settings.token_audience,
        )
        for number in range(count)
    ]


def script(path: Path, *, cookie: str, known: list[str], whole: Manifest, delay_ms: int = 0) -> Path:
    """A program for wrk that walks through the pairs. delay_ms: that each connection waits between two requests."""
    lessons = list(whole.parts)
    step = max(1, len(lessons) // LESSONS_ASKED)
    asked = lessons[::step][:LESSONS_ASKED]
    lines = [
        f'r[{n + 1}] = wrk.format("GET", "/gate/parts/{asked[n * 7 % len(asked)]}", '
        f'{{["Cookie"] = {json.dumps(f"{cookie}={known[n * 3 % len(known)]}")}}})'
        for n in range(REQUESTS)
    ]
    waiting = f"function delay() return {delay_ms} end" if delay_ms else ""
    path.write_text(
        "local r = {}\nlocal n = 0\n"
        "function init(args)\n" + _chunks(lines) + "end\n"
        f"function request() n = n % {REQUESTS} + 1; return r[n] end\n{waiting}\n"
        "function done(summary, latency, requests)\n"
        '  io.write(string.format("JSON {\\"requests\\": %d, \\"seconds\\": %f, \\"errors\\": %d, \\"p50\\": %f, \\"p99\\": %f, \\"max\\": %f}\\n",\n'
        "    summary.requests, summary.duration / 1e6, summary.errors.connect + summary.errors.read + summary.errors.write\n"
        "    + summary.errors.status + summary.errors.timeout, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, latency.max / 1e3))\n"
        "end\n"
    )
    return path


def _chunks(lines: list[str]) -> str:
    """Lua limits the constants of one function."""
    pieces = [lines[start : start + 500] for start in range(0, len(lines), 500)]
    return "".join("  (function()\n    " + "\n    ".join(piece) + "\n  end)();\n" for piece in pieces)

"""Schools made by numbers: as many small pages and private parts as wanted, in a folder, and the release of such a folder."""

from __future__ import annotations

import hashlib
import random
from datetime import datetime
from pathlib import Path

from gatekeeper.contract import keys
from gatekeeper.contract.access import PUBLIC, products_rule
from gatekeeper.contract.manifest import CourseEntry, LessonEntry, Manifest, ObjectEntry, ProductEntry
from generator.release import Release, media
from generator.release.release import PrivateObject, PublicFile, assembled

CONTENT_KEY = bytes(range(32))


def write_school(root: Path, *, lessons: int, size_bytes: int, seed: int = 1) -> None:
    """`public/…/index.html` and `parts/<n>.html` for each lesson, and a home page; the bytes do not compress to nothing."""
    chance = random.Random(seed)
    words = [f"{chance.getrandbits(40):x}" for _ in range(4000)]
    (root / "parts").mkdir(parents=True)
    for number in range(lessons):
        place = root / "public" / f"course-{number % 100:02}" / f"lesson-{number}"
        place.mkdir(parents=True)
        text = " ".join(chance.choices(words, k=size_bytes // 11))
        (place / "index.html").write_text(f"<title>{number}</title><p>{text}</p>", "ascii")
        (root / "parts" / f"{number}.html").write_text(f"<p>{number} {text[::-1]}</p>", "ascii")
    (root / "public" / "index.html").write_text("<title>home</title>", "ascii")


def change_lesson(root: Path, number: int, text: str) -> None:
    """The lesson's page and its private part become others."""
    (root / "public" / f"course-{number % 100:02}" / f"lesson-{number}" / "index.html").write_text(
        text, "ascii"
    )
    (root / "parts" / f"{number}.html").write_text(f"<p>{text}</p>", "ascii")


def release_of(root: Path, moment: datetime) -> Release:
    """The release of the school in `root`, as a build would hand it on."""
    public: dict[str, PublicFile] = {}
    for place in sorted((root / "public").rglob("*.html")):
        path = place.relative_to(root / "public").as_posix()
        public[path] = _listed(place, path)
    private: dict[str, PrivateObject] = {}
    parts: dict[str, ObjectEntry] = {}
    lessons: dict[str, LessonEntry] = {}
    for place in sorted((root / "parts").iterdir()):
        data = place.read_bytes()
        digest = hashlib.sha256(data)
        key = keys.private_key(CONTENT_KEY, digest.digest())
        private[key] = PrivateObject(
            body=data, sha256=digest.hexdigest(), size_bytes=len(data), media_type=media.PART
        )
        number = int(place.stem)
        id_, rule = f"course-{number % 100:02}/lesson-{number}", products_rule([f"course-{number % 100:02}"])
        parts[id_] = ObjectEntry(
            key=key, sha256=digest.hexdigest(), size_bytes=len(data), media_type=media.PART, access=rule
        )
        lessons[id_] = LessonEntry(
            course=id_.split("/")[0], title=f"Lesson {number}", url=f"{id_}/", access=rule, parts=(id_,)
        )
    lessons["free"] = LessonEntry(course="course-00", title="Free", url="", access=PUBLIC)
    whole = Manifest(
        release=f"{moment:%Y%m%dT%H%M%SZ}-00000000",
        created=f"{moment:%Y-%m-%dT%H:%M:%SZ}",
        commit="0" * 40,
        site="https://school.example/",
        name={"en": "School"},
        languages=("en",),
        courses={"course-00": CourseEntry(title="Course", language="en", url="course-00/")},
        lessons=lessons,
        parts=parts,
        files={},
        products={
            "course-00": ProductEntry(
                kind="course", title={"en": "Course"}, grants=("course-00",), prices={"USD": 100}
            )
        },
    )
    return assembled(whole, private=private, public=public, folder=root / "public", now=moment)


def _listed(place: Path, path: str) -> PublicFile:
    data = place.read_bytes()
    return PublicFile(
        sha256=hashlib.sha256(data).hexdigest(), size_bytes=len(data), media_type=media.media_type(path)
    )

"""The leak check of a build, at the cost of what changed; and the search index, which is public text, too.

What the check knows of texts and files lies in the cache (`leaks.ledger`) and is told what changed. Suspects are settled by the exact
check; the verdict is the same as that of a check of everything.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

from generator.access.edition import Edition
from generator.site import schedule, search
from generator.site.alone import Alone
from generator.site.build import Made
from generator.site.cache import Cache, Stamp
from generator.site.leaks import (
    SCHOOL,
    THEME,
    FileReading,
    Hit,
    Ledger,
    Reading,
    Secrets,
    Unit,
    awaited_key,
    course_key,
    lesson_key,
    names_of,
    public_digest,
    refuse,
)
from generator.site.leaks.attestation import TOOL
from generator.site.leaks.private import PrivateName, private_files
from generator.site.leaks.settling import settle
from generator.site.leaks.sources import default_theme
from generator.site.outputs import INDEX, SITE
from generator.site.project import Project
from generator.site.whole import OWN_SEARCH

_CHANGED = "changed_index"  # files of the search index that the leak check has not read yet


def index(project: Project, cache: Cache) -> str:
    """Have Pagefind index the pages, unless the school has a search of its own."""
    if OWN_SEARCH.intersection(json.loads(cache.get("plugins") or b"[]")):
        return "by the school's own plugin"
    pages = {address: sha256.hex() for address, sha256 in cache.page_outputs().values()}
    report = search.build_index(project.site, pages, cache=project.cache)
    before = {path: stamp for path, stamp in cache.stamps("outputs").items() if path.startswith(INDEX)}
    now = {SITE + path: _stamp(project.site / path, digest) for path, digest in report.files.items()}
    changed = {path for path, stamp in now.items() if _differs(before.get(path), stamp)}
    cache.put_stamps(
        "outputs",
        {path: now[path] for path in now if before.get(path) != now[path]},
        before.keys() - now.keys(),
    )
    unread = set(json.loads(cache.get(_CHANGED) or b"[]")) | changed | (before.keys() - now.keys())
    cache.put(_CHANGED, json.dumps(sorted(unread)).encode())
    return f"{report.pages} pages to be found" + (", as they were" if report.reused else "")


def _stamp(path: Path, sha256: str) -> Stamp:
    status = path.stat()
    return Stamp(status.st_size, status.st_mtime_ns, bytes.fromhex(sha256))


def _differs(before: Stamp | None, now: Stamp) -> bool:
    return before is None or before.sha256 != now.sha256


def is_known(cache: Cache) -> bool:
    """Whether the check can be told of changes only."""
    return _ledger(cache).is_complete


def prove(
    project: Project,
    cache: Cache,
    edition: Edition,
    made: Made,
    reading: Reading,
    whole: Callable[[], Edition],
) -> None:
    """The check after the whole school was read. Raises LeakError with every hit.

    edition: the texts of its lessons are needed no more. whole: the edition with them, for the rare case that suspects must be settled.
    """
    ledger = _ledger(cache)
    is_complete = not ledger.is_complete
    units, files = made.units, made.readings
    for key, unit in _units(edition, project, reading):
        units.put(key, unit)
    lessons = list(map(lesson_key, edition.lessons))
    for key in set(cache.unit_keys()) - units.keys() - set(lessons):
        units.put(key, None)
    cache.put_unit_keys([*units.present(), *lessons])
    _read_files(project, cache, made, reading, everything=is_complete)
    names = names_of(edition)
    prints = _fingerprints(cache, edition, reading)
    ledger.judge(
        units=units,
        files=files,
        names=names,
        fingerprints=prints,
        complete=is_complete,
    )
    hits = _hits(project, cache, ledger, whole) if ledger.verdict().suspects else ()
    units.close()
    files.close()
    refuse(hits)
    cache.put(
        "names",
        json.dumps([[n.lesson, n.path, n.text, n.is_file] for n in names], ensure_ascii=False).encode(),
    )
    cache.put("fingerprints", json.dumps({digest.hex(): name for digest, name in prints.items()}).encode())
    cache.put(_CHANGED, b"[]")
    _state(cache, ledger)


def _hits(project: Project, cache: Cache, ledger: Ledger, whole: Callable[[], Edition]) -> tuple[Hit, ...]:
    edition = whole()
    return settle(ledger, project.site, edition, lambda: Secrets.of(edition, cache.own_parts()))


def prove_alone(project: Project, cache: Cache, made: Alone, reading: Reading) -> bool:
    """The check after some lessons were made by themselves; False when more must be known to judge it."""
    ledger = _ledger(cache)
    if not ledger.is_complete:
        return False
    files = dict(_index_files(project, cache, reading))
    units: dict[str, Unit | None] = {}
    for result in made.results:
        record = result.record
        if record is None or record.lesson is None or result.unit is None:
            return False
        units[lesson_key(record.lesson)] = result.unit
        files[record.address] = result.reading
    names = [
        PrivateName(lesson=lesson, path=path, text=text, is_file=is_file)
        for lesson, path, text, is_file in json.loads(cache.get("names") or b"[]")
    ]
    prints = {
        bytes.fromhex(digest): name for digest, name in json.loads(cache.get("fingerprints") or b"{}").items()
    }
    verdict = ledger.judge(units=units, files=files, names=names, fingerprints=prints, complete=False)
    if verdict.suspects:
        return False
    cache.put(_CHANGED, b"[]")
    _state(cache, ledger)
    return True


def _ledger(cache: Cache) -> Ledger:
    if cache.folder is None:
        raise ValueError("a leak check needs a cache on disk")
    return Ledger(cache.database, cache.folder / "leaks", environment=cache.get("making") or b"")


def _state(cache: Cache, ledger: Ledger) -> None:
    digests: dict[str, str] = {}
    size_bytes = 0
    for path, stamp in cache.stamps("outputs").items():
        if path.startswith(SITE):
            digests[path.removeprefix(SITE)] = stamp.sha256.hex()
            size_bytes += stamp.size
    stated = {
        "tool": TOOL,
        "files": len(digests),
        "size_bytes": size_bytes,
        "phrases": ledger.verdict().phrases,
        "hits": 0,
        "digest": public_digest(digests),
    }
    cache.put("attestation", json.dumps(stated).encode())


def _units(edition: Edition, project: Project, reading: Reading) -> Iterator[tuple[str, Unit]]:
    """Everything but the lessons' own."""
    yield SCHOOL, reading.school(edition.school, sorted(edition.public_files))
    yield THEME, reading.theme(default_theme(project.content))
    for course in edition.courses:
        yield course_key(course.id), reading.course(course)
    for lesson in edition.upcoming:
        yield awaited_key(lesson.id), reading.awaited(lesson, is_hidden=False)
    for lesson in edition.hidden:
        yield awaited_key(lesson.id), reading.awaited(lesson, is_hidden=True)


def _read_files(project: Project, cache: Cache, made: Made, reading: Reading, *, everything: bool) -> None:
    """Add readings of the files that are no pages and changed, None for those that are gone."""
    here, files = made.outputs, made.readings
    names = [
        path.removeprefix(SITE)
        for path in here.now
        if path.startswith(SITE) and (everything or here.is_changed(path))
    ]
    names = [name for name in names if name not in files]
    for path in here.gone:
        if path.startswith(SITE):
            files.put(path.removeprefix(SITE), None)
    if everything:
        names += [path.removeprefix(SITE) for path in cache.stamps("outputs") if path.startswith(INDEX)]
    else:
        for name, one in _index_files(project, cache, reading):
            files.put(name, one)
    read = schedule.across(lambda name: reading.file(name, (project.site / name).read_bytes()), names)
    for name, one in zip(names, read, strict=True):
        files.put(name, one)


def _index_files(
    project: Project, cache: Cache, reading: Reading
) -> Iterator[tuple[str, FileReading | None]]:
    for path in json.loads(cache.get(_CHANGED) or b"[]"):
        name = path.removeprefix(SITE)
        place = project.build / path
        yield name, reading.file(name, place.read_bytes()) if place.is_file() else None


def _fingerprints(cache: Cache, edition: Edition, reading: Reading) -> dict[bytes, str]:
    """The bytes of private files and of what is packed in them, but for those that a public file has, too."""
    stamps = cache.stamps("sources")
    known = json.loads(cache.get("packed") or b"{}")
    seen: dict[str, list[list[str]]] = {}

    def prints(path: str) -> list[list[str]]:
        stamp = stamps[path]
        mark = f"{path} {stamp.sha256.hex()}"
        if mark not in known:
            data = (edition.school.root / path).read_bytes()
            known[mark] = [[name, digest.hex()] for name, digest in reading.fingerprints(path, data)]
        seen[mark] = known[mark]
        return seen[mark]

    public = {digest for path in sorted(edition.public_files) for _, digest in prints(path.as_posix())}
    found: dict[bytes, str] = {}
    for path in private_files(edition):
        for name, digest in prints(path.as_posix()):
            if digest not in public:
                found.setdefault(bytes.fromhex(digest), name)
    cache.put("packed", json.dumps(seen).encode())
    return found

"""The search index of a built site: when it is made, with what, and where it lies.

    <cache>/search/pages/<part>/…    what Pagefind reads of each page (see `pages`)
    <cache>/search/index/<part>/…    what Pagefind made of it
    <cache>/search/state.json        which pages and which text the two were made of
    <site>/pagefind/parts.json       the parts, the first of which holds the program
    <site>/pagefind/<part>/…         the index, as the reader's browser asks for it, piece by piece

Pagefind runs when the text of a public page has changed, and not when only a price, a link or the navigation has. What is kept of its
output is the same bytes for the same text. It knows no increments, and its memory grows with what it is given; so a large school has
several parts, each of at most some thousand pages that their addresses choose, and one changed page costs one part. All languages are
in one index (`en`, so that English words are found by their stems), because a reader of a Chinese page looks for an English lesson, too.

The cache may be deleted at any time, and a build that is killed at any point leaves nothing that a later one would believe: the
state is taken away before anything changes, and written last. Two builds take turns.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from generator.errors import LyceumError, SettingsError
from generator.site import schedule
from generator.site.search import pages as extracts
from generator.site.search.reading import ENTRY, PARTS, without_filters

FOLDER = "pagefind"  # in the site; a reserved name in the catalogue

_FORMAT = 3  # of the extracts and the state; raise it when either changes
_SYMBOLS = "+#"  # C++ and C# are words of a programming school
_LIMIT_SECONDS = 3600
_PART_PAGES = (
    2500  # Pagefind takes about 70 MB for a thousand lessons, and every part costs a query some requests more
)
# What the search box needs; Pagefind's own boxes, and its worker (ours is its own), are left out.
_NEEDED = (ENTRY, "pagefind.js", "wasm.en.pagefind")
_HASHED = frozenset({".pf_index", ".pf_fragment", ".pf_meta"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchReport:
    """pages: how many are to be found. reused: Pagefind did not run. files: site path → SHA-256 of each file of the index."""

    pages: int
    seconds: float
    reused: bool
    files: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _State:
    """sources: page → digest of its HTML. texts: page → digest of its extract. files: name in the index → digest."""

    sources: Mapping[str, str]
    texts: Mapping[str, str]
    files: Mapping[str, str]


def build_index(site: Path, pages: Mapping[str, str], *, cache: Path) -> SearchReport:
    """Make `site/pagefind` say what the pages of `site` say.

    pages: path of each HTML page, relative to `site` → SHA-256 of its bytes. Writes nothing when nothing has changed.
    Raises SettingsError without Pagefind, LyceumError when it fails.
    """
    started = time.perf_counter()
    folder = cache / "search"
    parts = max(1, -(-len(pages) // _PART_PAGES))
    with _alone(folder):
        before = _read_state(folder, parts)
        after, changed = before, set[int]()
        if before.sources != pages or not _is_whole(folder, before.files):
            (folder / "state.json").unlink(missing_ok=True)
            if not before.sources:
                _clear(folder)
            texts = _update_extracts(site, pages, folder, before, parts)
            changed = {part for part in range(parts) if _is_changed(folder, before, texts, part, parts)}
            files = {name: sha256 for name, sha256 in before.files.items() if _part(name) not in changed}
            for part in changed:
                files |= _run(folder, part, {path for path in texts if part_of(path, parts) == part})
            files = _with_list(folder, files)
            after = _State(sources=pages, texts=texts, files=files)
            _write_state(folder, after, parts)
        _put(folder / "index", after.files, site / FOLDER)
    return SearchReport(
        pages=len(after.texts),
        seconds=time.perf_counter() - started,
        reused=not changed,
        files={f"{FOLDER}/{name}": digest for name, digest in after.files.items()},
    )


def part_of(path: str, parts: int) -> int:
    """The part that a page belongs to: as evenly as a hash, and the same in every build with as many parts."""
    return int.from_bytes(hashlib.sha256(path.encode()).digest()[:8], "big") % parts


def _part(name: str) -> int | None:
    """The part that a file of the index belongs to; None for the list of parts."""
    part, slash, _ = name.partition("/")
    return int(part) if slash else None


def _is_whole(folder: Path, files: Mapping[str, str]) -> bool:
    """Whether the cache holds the index that the state speaks of."""
    return all((folder / "index" / name).is_file() for name in files if not _is_many(name))


def _is_many(name: str) -> bool:
    """Whether the name is one of thousands."""
    return PurePosixPath(name).suffix in {".pf_fragment", ".pf_index"}


def _is_changed(folder: Path, before: _State, texts: Mapping[str, str], part: int, parts: int) -> bool:
    then = {path: text for path, text in before.texts.items() if part_of(path, parts) == part}
    now = {path: text for path, text in texts.items() if part_of(path, parts) == part}
    return then != now or (bool(now) and not (folder / "index" / str(part) / ENTRY).is_file())


def _clear(folder: Path) -> None:
    for name in ("pages", "index"):
        if (folder / name).is_dir():
            shutil.rmtree(folder / name)


def _update_extracts(
    site: Path, pages: Mapping[str, str], folder: Path, before: _State, parts: int
) -> dict[str, str]:
    """Bring the extracts up to date; returns page → digest for the pages that have one."""
    texts: dict[str, str] = {}
    wanted: list[str] = []
    for path in sorted(pages):
        known = before.texts.get(path)
        place = folder / "pages" / str(part_of(path, parts)) / path
        if before.sources.get(path) == pages[path] and (known is None or place.is_file()):
            if known is not None:
                texts[path] = known
            continue
        wanted.append(path)

    def extracted(path: str) -> str | None:
        place = folder / "pages" / str(part_of(path, parts)) / path
        return _extract(site / path, place, before.texts.get(path))

    for path, digest in zip(wanted, schedule.across(extracted, wanted), strict=True):
        if digest is not None:
            texts[path] = digest
    return dict(sorted(texts.items()))


def _extract(page: Path, place: Path, known: str | None) -> str | None:
    """Write what is to be found of `page` to `place`; returns its digest, None for a page that is not to be found.

    known: the digest of what lies there.
    """
    text = extracts.extract(page.read_text("utf-8"))
    if text is None:
        return None
    content = text.encode()
    digest = hashlib.sha256(content).hexdigest()
    if digest != known or not place.is_file():
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    return digest


def _run(folder: Path, part: int, texts: AbstractSet[str]) -> dict[str, str]:
    """Let Pagefind index a part's extracts; returns the digests of the files it made."""
    source, made, kept = folder / "pages" / str(part), folder / "new", folder / "index" / str(part)
    for path in set(_files(source)) - texts:
        (source / path).unlink()
    for old in (made, kept):
        if old.is_dir():
            shutil.rmtree(old)
    if not texts:
        return {}
    _pagefind(folder, source, made)
    without_filters(made)
    files = {}
    for name in sorted(_files(made)):
        output = made / name
        if output.suffix in _HASHED or name in _NEEDED:
            files[f"{part}/{name}"] = hashlib.sha256(output.read_bytes()).hexdigest()
        else:
            output.unlink()
    kept.parent.mkdir(exist_ok=True)
    made.rename(kept)
    return files


def _with_list(folder: Path, files: Mapping[str, str]) -> dict[str, str]:
    """The files with the list of their parts, which is what the search box reads first."""
    parts = sorted({part for name in files if (part := _part(name)) is not None})
    if not parts:
        return {}
    content = json.dumps(parts).encode()
    sha256 = hashlib.sha256(content).hexdigest()
    if files.get(PARTS) != sha256 or not (folder / "index" / PARTS).is_file():
        draft = folder / "index" / f"{PARTS}.new"  # the site may have the old one under a second name
        draft.write_bytes(content)
        draft.replace(folder / "index" / PARTS)
    return {**files, PARTS: sha256}


def _pagefind(folder: Path, source: Path, made: Path) -> None:
    from pagefind.service import get_executable  # its asyncio is slow to import

    binary = get_executable()
    if binary is None:
        raise SettingsError(
            "Pagefind is not installed, so the site can have no search",
            hint="install lyceum[generator] again; where no wheel exists, PAGEFIND_BINARY_PATH names a binary",
        )
    command = [str(binary), "--site", f"pages/{source.name}", "--output-path", made.name, "--quiet"]
    command += ["--force-language", "en", "--include-characters", _SYMBOLS]
    settings = {name: value for name, value in os.environ.items() if not name.startswith("PAGEFIND_")}
    try:
        done = subprocess.run(
            command,
            cwd=folder,  # where nobody keeps a pagefind.yml
            env=settings,
            capture_output=True,
            text=True,
            timeout=_LIMIT_SECONDS,
            check=False,
        )
    except OSError as error:
        raise SettingsError(f"Pagefind cannot be started: {error.strerror}", where=str(binary)) from error
    except subprocess.TimeoutExpired as error:
        raise LyceumError(f"Pagefind did not finish within {_LIMIT_SECONDS} s", where=str(binary)) from error
    if done.returncode != 0 or not (made / ENTRY).is_file():
        said = (done.stderr or done.stdout).strip().splitlines()
        raise LyceumError(f"Pagefind failed: {said[-1] if said else done.returncode}", where=str(binary))


def _put(index: Path, files: Mapping[str, str], target: Path) -> None:
    """Make `target` hold the files of the index and nothing else; what is there already is not written again."""
    there = _files(target)
    for name in there.keys() - files.keys():
        (target / name).unlink()
    for folder in {name.rpartition("/")[0] for name in files}:
        (target / folder).mkdir(parents=True, exist_ok=True)
    for name in files:
        source, goal = index / name, target / name
        if name in there:
            if there[name] == source.stat().st_size and (
                goal.suffix in _HASHED or goal.read_bytes() == source.read_bytes()
            ):
                continue
            goal.unlink()  # it may be a second name of the file in the cache
        try:
            os.link(source, goal)
        except OSError:  # on another disk, or on one that knows no second names
            shutil.copyfile(source, goal)
    if not files and target.is_dir():
        shutil.rmtree(target)


def _files(folder: Path) -> dict[str, int]:
    """Every file below `folder`: relative path → size in bytes."""
    found: dict[str, int] = {}
    waiting = [(folder, "")] if folder.is_dir() else []
    while waiting:
        here, prefix = waiting.pop()
        with os.scandir(here) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append((Path(entry.path), f"{prefix}{entry.name}/"))
                else:
                    found[prefix + entry.name] = entry.stat(follow_symlinks=False).st_size
    return found


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # let go of with the file
        yield


def _read_state(folder: Path, parts: int) -> _State:
    """The last build's state; none after a change of Pagefind, of this module, or of the number of parts."""
    nothing = _State(sources={}, texts={}, files={})
    try:
        value = json.loads((folder / "state.json").read_bytes())
    except (OSError, ValueError):
        return nothing
    if not isinstance(value, dict) or value.get("made_by") != _maker(parts):
        return nothing
    return _State(sources=value["sources"], texts=value["texts"], files=value["files"])


def _write_state(folder: Path, state: _State, parts: int) -> None:
    value = {"made_by": _maker(parts), "sources": state.sources, "texts": state.texts, "files": state.files}
    draft = folder / "state.json.new"
    draft.write_text(json.dumps(value), "utf-8")
    draft.replace(folder / "state.json")


def _maker(parts: int) -> list[object]:
    from importlib.metadata import version  # slow to import

    return [_FORMAT, version("pagefind"), _SYMBOLS, parts]

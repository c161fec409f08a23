"""The search index of a built site: when it is made, with what, and where it lies.

    <cache>/search/pages/…       what Pagefind reads of each page (see `pages`)
    <cache>/search/index/…       what Pagefind made of it
    <cache>/search/state.json    which pages and which text the two were made of
    <site>/pagefind/…            the index, as the reader's browser asks for it, piece by piece

Pagefind runs when the text of a public page has changed, and not when only a price, a link or the navigation has. It
indexes everything at once; what is kept of its output is the same bytes for the same text. All languages are in one index (`en`, so that English
words are found by their stems), because a reader of a Chinese page looks for an English lesson, too.

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
from dataclasses import dataclass
from pathlib import Path

from generator.errors import LyceumError, SettingsError
from generator.site.search import pages as extracts
from generator.site.search.reading import ENTRY, without_filters

FOLDER = "pagefind"  # in the site; a reserved name in the catalogue

_FORMAT = 2  # of the extracts and the state; raise it when either changes
_SYMBOLS = "+#"  # C++ and C# are words of a programming school
_LIMIT_SECONDS = 3600
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
    with _alone(folder):
        before = _read_state(folder)
        texts, files, reused = before.texts, before.files, True
        if before.sources != pages or not _is_whole(folder, files):
            (folder / "state.json").unlink(missing_ok=True)
            texts = _update_extracts(site, pages, folder, before)
            reused = texts == before.texts and _is_whole(folder, files)
            files = files if reused else _run(folder, texts)
            _write_state(folder, _State(sources=pages, texts=texts, files=files))
        _put(folder / "index", files, site / FOLDER)
    return SearchReport(
        pages=len(texts),
        seconds=time.perf_counter() - started,
        reused=reused,
        files={f"{FOLDER}/{name}": digest for name, digest in files.items()},
    )


def _is_whole(folder: Path, files: Mapping[str, str]) -> bool:
    """Whether the cache holds the index that the state speaks of."""
    return not files or (folder / "index" / ENTRY).is_file()


def _update_extracts(site: Path, pages: Mapping[str, str], folder: Path, before: _State) -> dict[str, str]:
    """Bring the extracts up to date; returns page → digest for the pages that have one."""
    texts: dict[str, str] = {}
    for path in sorted(pages):
        known = before.texts.get(path)
        if before.sources.get(path) == pages[path] and (known is None or (folder / "pages" / path).is_file()):
            if known is not None:
                texts[path] = known
            continue
        text = extracts.extract((site / path).read_text("utf-8"))
        if text is None:
            continue
        content = text.encode()
        texts[path] = hashlib.sha256(content).hexdigest()
        if texts[path] != known or not (folder / "pages" / path).is_file():
            (folder / "pages" / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / "pages" / path).write_bytes(content)
    return texts


def _run(folder: Path, texts: Mapping[str, str]) -> dict[str, str]:
    """Let Pagefind index the extracts; returns the digests of the files it made."""
    for path in set(_files(folder / "pages")) - texts.keys():
        (folder / "pages" / path).unlink()
    made, kept = folder / "new", folder / "index"
    for old in (made, kept):
        if old.is_dir():
            shutil.rmtree(old)
    if not texts:
        return {}
    _pagefind(folder, made)
    without_filters(made)
    files = {}
    for name in sorted(_files(made)):
        output = made / name
        if output.suffix in _HASHED or name in _NEEDED:
            files[name] = hashlib.sha256(output.read_bytes()).hexdigest()
        else:
            output.unlink()
    made.rename(kept)
    return files


def _pagefind(folder: Path, made: Path) -> None:
    from pagefind.service import get_executable  # its asyncio is slow to import

    binary = get_executable()
    if binary is None:
        raise SettingsError(
            "Pagefind is not installed, so the site can have no search",
            hint="install lyceum[generator] again; where no wheel exists, PAGEFIND_BINARY_PATH names a binary",
        )
    command = [str(binary), "--site", "pages", "--output-path", made.name, "--quiet"]
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


def _read_state(folder: Path) -> _State:
    """The last build's state; none after a change of Pagefind or of this module."""
    nothing = _State(sources={}, texts={}, files={})
    try:
        value = json.loads((folder / "state.json").read_bytes())
    except (OSError, ValueError):
        return nothing
    if not isinstance(value, dict) or value.get("made_by") != _maker():
        return nothing
    return _State(sources=value["sources"], texts=value["texts"], files=value["files"])


def _write_state(folder: Path, state: _State) -> None:
    value = {"made_by": _maker(), "sources": state.sources, "texts": state.texts, "files": state.files}
    draft = folder / "state.json.new"
    draft.write_text(json.dumps(value), "utf-8")
    draft.replace(folder / "state.json")


def _maker() -> list[object]:
    from importlib.metadata import version  # slow to import

    return [_FORMAT, version("pagefind"), _SYMBOLS]

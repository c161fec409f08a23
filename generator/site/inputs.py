"""What an output depends on.

    a page          its staged text and front matter (which print prices, offers, tags and what else it shows), its lesson's source,
                    the slice of the navigation that it shows, whether the targets of its links exist, and the `making`
    a private half  the same, and its own text
    the making      everything that all pages depend on: mkdocs.yml and what it inherits, the theme's files, names and languages of
                    the school, the versions of the libraries that render, and Lyceum's own code
    the school      the files in content/, settings and theme: when all are as they were, so is every output

Files are known by size and time, and read when these differ. Of inputs it is the time at which the file system last saw a change
(ctime), which no copying tool can set back; a file that was changed in the very moment it was last read is read again, since its
time would not tell a second change. Of outputs, which nobody else writes, it is the time of modification.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import stat
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from generator.site.cache import Stamp
from generator.site.project import Project

Found = Mapping[str, os.stat_result]

_LIBRARIES = (
    "jinja2",
    "markdown",
    "mkdocs",
    "mkdocs-material",
    "mkdocs-material-extensions",
    "pygments",
    "pymdown-extensions",
    "pyyaml",
    "babel",
)
_OWN_CODE = Path(__file__).parents[1]
_ROOMS = ("access", "catalogue", "site")
# What a page prints of recommendations; what they are made of counts where they are worked out (`recommended`).
_LISTS = ("fitting", "lists", "plain", "publish", "recommendations")
_MOMENT = 2_000_000_000  # nanoseconds within which a second change might not show in a file's time


def key(*parts: bytes | str | int | None) -> bytes:
    """A digest of parts, each with its length, so that no two lists of parts are confused."""
    digest = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else repr(part).encode()
        digest.update(len(data).to_bytes(8, "little") + data)
    return digest.digest()


def making(settings: bytes, around: Mapping[str, Stamp]) -> bytes:
    """Everything that all pages depend on. settings: staged `mkdocs.yml` without navigation. around: settings and theme."""
    files = [f"{path}\0{stamp.sha256.hex()}" for path, stamp in sorted(around.items())]
    return key(settings, "\n".join(files), tools())


def tools() -> str:
    """The libraries and the code that make a page. Its own code counts by content: what a changed checkout makes is made anew."""
    versions = [f"{name} {_version(name)}" for name in _LIBRARIES]
    code = hashlib.sha256()
    lists = [_OWN_CODE / "recommend" / f"{name}.py" for name in _LISTS]
    for path in sorted([*lists, *(place for room in _ROOMS for place in (_OWN_CODE / room).rglob("*.py"))]):
        data = path.read_bytes()
        code.update(f"{path.relative_to(_OWN_CODE).as_posix()} {len(data)}\n".encode() + data)
    return "\n".join([sys.version, *versions, code.hexdigest()])


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""


# Files


def below(folder: Path) -> dict[str, os.stat_result]:
    """Every file below `folder`, links not followed, with its path relative to it. Names that start with a dot are left out."""
    found: dict[str, os.stat_result] = {}
    waiting = [("", os.fspath(folder))]
    while waiting:
        prefix, place = waiting.pop()
        try:
            with os.scandir(place) as entries:
                for entry in entries:
                    if entry.name[0] == ".":
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append((f"{prefix}{entry.name}/", entry.path))
                    else:
                        found[prefix + entry.name] = entry.stat(follow_symlinks=False)
        except FileNotFoundError:
            continue
    return found


def surroundings(project: Project) -> dict[str, os.stat_result]:
    """Settings, with what they inherit, and theme. Paths as they are on this machine, relative to the school where they lie in it."""
    found: dict[str, os.stat_result] = {}
    for path in _settings(project.settings):
        found[_named(path, project)] = path.stat()
    theme = project.theme
    for name, status in below(theme).items():
        found[_named(theme / name, project)] = status
    return found


def _settings(path: Path) -> Iterator[Path]:
    """A `mkdocs.yml` and those it inherits."""
    seen: set[Path] = set()
    while path not in seen and path.is_file():
        seen.add(path)
        yield path
        parent = _inherited(path)
        if parent is None:
            return
        path = path.parent / parent


def _inherited(path: Path) -> str | None:
    for line in path.read_text("utf-8", errors="replace").splitlines():
        if line[:8] == "INHERIT:":  # a key of the top level, as MkDocs wants it
            import yaml

            value = yaml.safe_load(line)["INHERIT"]
            return value if isinstance(value, str) else None
    return None


def _named(path: Path, project: Project) -> str:
    return os.path.relpath(path, project.root)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """now: every file as it is. changed: paths of other contents, added and gone ones not among them. strange: neither file nor folder.

    is_restamped: whether a file's time changed and its contents did not.
    """

    now: Mapping[str, Stamp]
    changed: frozenset[str]
    added: frozenset[str]
    gone: frozenset[str]
    is_strange: bool
    is_restamped: bool

    @property
    def nothing(self) -> bool:
        return not (self.changed or self.added or self.gone or self.is_strange)


def compare(root: Path, found: Found, before: Mapping[str, Stamp], *, looked_at: int) -> Difference:
    """Files as they are against files as they were. looked_at: when these were looked at, in nanoseconds."""
    now: dict[str, Stamp] = {}
    changed: set[str] = set()
    is_strange = is_restamped = False
    for path, status in found.items():
        old = before.get(path)
        if (
            old is not None
            and old.mtime == status.st_ctime_ns
            and old.size == status.st_size
            and old.mtime < looked_at - _MOMENT
        ):
            now[path] = old
            continue
        if not stat.S_ISREG(status.st_mode):
            is_strange = True
            continue
        stamp = now[path] = replace(stamp_of(root / path, status), mtime=status.st_ctime_ns)
        if old is not None and old.sha256 != stamp.sha256:
            changed.add(path)
        elif old is not None and old != stamp:
            is_restamped = True
    return Difference(
        now=now,
        changed=frozenset(changed),
        added=frozenset(found.keys() - before.keys()),
        gone=frozenset(before.keys() - found.keys()),
        is_strange=is_strange,
        is_restamped=is_restamped,
    )


def stamp_of(path: Path, status: os.stat_result | None = None) -> Stamp:
    with path.open("rb") as file:
        status = status or os.fstat(file.fileno())
        return Stamp(status.st_size, status.st_mtime_ns, hashlib.file_digest(file, "sha256").digest())


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def differing(found: Found, before: Mapping[str, Stamp]) -> set[str]:
    """Outputs that are not, or not all, as they were written: missing, strange or touched since."""
    wrong = found.keys() ^ before.keys()
    for path, stamp in before.items():
        status = found.get(path)
        if status is not None and not (
            status.st_size == stamp.size
            and status.st_mtime_ns == stamp.mtime
            and stat.S_ISREG(status.st_mode)
        ):
            wrong.add(path)
    return wrong


def options(project: Project) -> bytes:
    """What a command was told."""
    return json.dumps(
        {
            "base_url": project.base_url,
            "gatekeeper_url": project.gatekeeper_url,
            "settings": _named(project.settings, project),
            "theme": _named(project.theme, project),
        },
        sort_keys=True,
    ).encode()

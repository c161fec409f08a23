"""What a release was made of: a digest for each course's folder, for school.yml without what it sells, for settings and theme.

They stand in the manifest, so that `lyceum products apply` can tell whether anything but products and coupons differs from the running
release, and name it. They are no part of a release's content: a comment that was changed makes no new release.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping
from pathlib import PurePosixPath

import yaml

SCHOOL = "school.yml"
SOLD = frozenset({"products", "coupons"})
_HEX_DIGITS = 32


def digests(content: Mapping[str, bytes], around: Mapping[str, bytes], school: bytes) -> dict[str, str]:
    """Name of a part → digest as hex.

    content: every file below content/ → SHA-256. around: settings and theme likewise, as they lie in the school's folder; what lies outside
    comes with Lyceum and is left out. school: the bytes of school.yml.
    """
    parts: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for path, sha256 in content.items():
        if path != SCHOOL:
            parts[f"content/{PurePosixPath(path).parts[0]}"].append((path, sha256.hex()))
    for path, sha256 in around.items():
        top = PurePosixPath(path).parts[0]
        if top not in {"..", "/"}:
            parts[top].append((path, sha256.hex()))
    return {
        f"content/{SCHOOL}": _digest(_without_sold(school)),
        **{name: _digest(sorted(files)) for name, files in sorted(parts.items())},
    }


def differing(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[str, ...]:
    """The parts that are not the same, or not on both sides."""
    return tuple(sorted(name for name in {*before, *after} if before.get(name) != after.get(name)))


def _without_sold(school: bytes) -> object:
    read = yaml.load(school, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506  (a safe loader)
    return (
        {name: value for name, value in read.items() if name not in SOLD} if isinstance(read, dict) else read
    )


def _digest(value: object) -> str:
    written = json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(written.encode()).hexdigest()[:_HEX_DIGITS]

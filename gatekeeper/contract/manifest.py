"""The manifest: everything the gatekeeper knows of a release, and nothing it has to guess.

    format      1
    release     id; created: RFC 3339 UTC; commit: source commit or ""; site: base URL of the public site, with a final slash
    name        language → the school's name; languages: the first is the default
    courses     id → title, language, url
    lessons     id → course, title, url, access, parts, files
    parts       id → key, sha256, bytes, media type, access      (a part's id is its lesson's id)
    files       public path of a private file → the same
    products    id → kind, title, grants, prices, interval, refund days, active, … (see `products`)
    coupons     code → what it takes off, and for whom (see `products`); left out where there are none
    signals     what pages tell of their readers: none, consent or anonymous (`contract.signals`)
    attestation what the leak check states about the public half
    sources     what it was made of: part of the source → digest, for its publisher; left out where nobody said

URLs are relative to `site`, without a leading slash. Unknown fields are ignored. A newer format, or a manifest that does
not have this shape, raises `ManifestError`; an access rule that is not understood is kept as `NOBODY` (rule R3).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from gatekeeper.contract import canonical, keys
from gatekeeper.contract.access import Rule, RuleKind, rule_from_json
from gatekeeper.contract.canonical import quoted
from gatekeeper.contract.products import (
    CouponEntry,
    ProductEntry,
    coupon_from_json,
    coupon_to_json,
    product_from_json,
    product_to_json,
)
from gatekeeper.contract.shapes import count as _count
from gatekeeper.contract.shapes import mapping as _map
from gatekeeper.contract.shapes import text as _text
from gatekeeper.contract.shapes import texts as _texts
from gatekeeper.contract.shapes import texts_list as _list
from gatekeeper.contract.signals import Privacy

__all__ = [
    "FORMAT",
    "CouponEntry",
    "CourseEntry",
    "LessonEntry",
    "Manifest",
    "ManifestError",
    "ObjectEntry",
    "ProductEntry",
    "dumps",
    "joined",
    "loads",
    "sections",
    "texts",
]

FORMAT = 1


class ManifestError(ValueError):
    """The bytes are not a manifest that this version understands; nothing of it may be served."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseEntry:
    title: str
    language: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LessonEntry:
    course: str
    title: str
    url: str
    access: Rule
    parts: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectEntry:
    """A private object. sha256: 64 hex digits of its bytes; size_bytes: their number."""

    key: str
    sha256: str
    size_bytes: int
    media_type: str
    access: Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    release: str
    created: str
    commit: str
    site: str
    name: Mapping[str, str]
    languages: tuple[str, ...]
    courses: Mapping[str, CourseEntry]
    lessons: Mapping[str, LessonEntry]
    parts: Mapping[str, ObjectEntry]
    files: Mapping[str, ObjectEntry]
    products: Mapping[str, ProductEntry]
    attestation: Mapping[str, object] = field(default_factory=dict)
    coupons: Mapping[str, CouponEntry] = field(default_factory=dict)
    signals: Privacy = Privacy.NONE
    sources: Mapping[str, str] = field(default_factory=dict)


def dumps(manifest: Manifest) -> bytes:
    """The manifest as canonical JSON."""
    return joined(texts(manifest, sections(manifest)))


def joined(written: Mapping[str, str]) -> bytes:
    """The document whose fields have these texts."""
    return canonical.document(written)


def texts(manifest: Manifest, long: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Field → its text in the document. long: see `sections`. Who changes one field need not write the others again."""
    fields: dict[str, object] = {
        "format": FORMAT,
        "release": manifest.release,
        "created": manifest.created,
        "commit": manifest.commit,
        "site": manifest.site,
        "name": dict(manifest.name),
        "languages": list(manifest.languages),
        "courses": {
            id_: {"title": c.title, "language": c.language, "url": c.url}
            for id_, c in manifest.courses.items()
        },
        "products": {id_: product_to_json(entry) for id_, entry in manifest.products.items()},
        **_coupons_to_json(manifest),
        **({} if manifest.signals is Privacy.NONE else {"signals": manifest.signals.value}),
        "attestation": dict(manifest.attestation),
        **({"sources": dict(manifest.sources)} if manifest.sources else {}),
    }
    return {name: canonical.text(value) for name, value in fields.items()} | {
        name: canonical.braced(members.values()) for name, members in long.items()
    }


def sections(manifest: Manifest) -> dict[str, dict[str, str]]:
    """The fields that are as long as the school: their members by name, in the document's order."""
    return {
        "lessons": {
            id_: canonical.member(id_, _lesson_text(lesson))
            for id_, lesson in ((id_, manifest.lessons[id_]) for id_ in sorted(manifest.lessons))
        },
        "parts": _object_texts(manifest.parts),
        "files": _object_texts(manifest.files),
    }


def loads(data: bytes) -> Manifest:
    """The manifest in `data`. Raises ManifestError, and nothing else, for bytes that are not one."""
    try:
        raw = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ManifestError("the manifest is not JSON") from error
    if not isinstance(raw, dict) or raw.get("format") != FORMAT or isinstance(raw.get("format"), bool):
        raise ManifestError(f"the manifest's format is not {FORMAT}")
    try:
        return Manifest(
            release=keys.checked_release(_text(raw["release"])),
            created=_text(raw["created"]),
            commit=_text(raw["commit"]),
            site=_text(raw["site"]),
            name=_texts(raw["name"]),
            languages=_list(raw["languages"]),
            courses={
                _text(id_): CourseEntry(
                    title=_text(c["title"]), language=_text(c["language"]), url=_text(c["url"])
                )
                for id_, c in _map(raw["courses"]).items()
            },
            lessons={
                _text(id_): LessonEntry(
                    course=_text(entry["course"]),
                    title=_text(entry["title"]),
                    url=_text(entry["url"]),
                    access=rule_from_json(entry["access"]),
                    parts=_list(entry["parts"]),
                    files=_list(entry["files"]),
                )
                for id_, entry in _map(raw["lessons"]).items()
            },
            parts={_text(id_): _object_from_json(entry) for id_, entry in _map(raw["parts"]).items()},
            files={_text(path): _object_from_json(entry) for path, entry in _map(raw["files"]).items()},
            products={_text(id_): product_from_json(p) for id_, p in _map(raw["products"]).items()},
            attestation=dict(_map(raw.get("attestation", {}))),
            coupons={_text(code): coupon_from_json(c) for code, c in _map(raw.get("coupons", {})).items()},
            signals=Privacy.of(raw.get("signals")),
            sources=_texts(raw.get("sources", {})),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ManifestError(f"the manifest does not have the shape of format {FORMAT}: {error}") from error


def _coupons_to_json(manifest: Manifest) -> dict[str, object]:
    coupons = {code: coupon_to_json(entry) for code, entry in manifest.coupons.items()}
    return {"coupons": coupons} if coupons else {}


def _lesson_text(lesson: LessonEntry) -> str:
    return (
        f'{{"access":{_rule_text(lesson.access)},"course":{quoted(lesson.course)},"files":{_list_text(lesson.files)},'
        f'"parts":{_list_text(lesson.parts)},"title":{quoted(lesson.title)},"url":{quoted(lesson.url)}}}'
    )


def _object_texts(entries: Mapping[str, ObjectEntry]) -> dict[str, str]:
    return {
        name: canonical.member(
            name,
            f'{{"access":{_rule_text(entry.access)},"bytes":{entry.size_bytes:d},"key":{quoted(entry.key)},'
            f'"media_type":{quoted(entry.media_type)},"sha256":{quoted(entry.sha256)}}}',
        )
        for name, entry in ((name, entries[name]) for name in sorted(entries))
    }


def _rule_text(rule: Rule) -> str:
    """See `access.rule_to_json`."""
    if rule.kind is RuleKind.PRODUCTS:
        return f'{{"products":{_list_text(sorted(rule.products))}}}'
    return quoted(rule.kind.value)


def _list_text(words: Iterable[str]) -> str:
    return f"[{','.join(map(quoted, words))}]"


def _object_from_json(raw: Mapping[str, object]) -> ObjectEntry:
    key = _text(raw["key"])
    if not keys.is_key(key):
        raise ValueError(f"not an object key: {key!r}")
    return ObjectEntry(
        key=key,
        sha256=_text(raw["sha256"]),
        size_bytes=_count(raw["bytes"]),
        media_type=_text(raw["media_type"]),
        access=rule_from_json(raw["access"]),
    )

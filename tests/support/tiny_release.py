"""A tiny release in a folder store: every kind of access, every kind of file, and a canary in each private byte string."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gatekeeper.contract import keys, manifest, pointer, signature, trust
from gatekeeper.contract.access import MEMBER, NOBODY, PUBLIC, Rule, products_rule
from gatekeeper.contract.manifest import (
    CourseEntry,
    LessonEntry,
    Manifest,
    ObjectEntry,
    ProductEntry,
)

CONTENT_KEY = b"the content key of the tiny release"
RELEASE_KEY = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"the tiny release's publisher").digest())
RELEASE_KEYS = {signature.key_id(RELEASE_KEY.public_key()): RELEASE_KEY.public_key()}
RELEASE_PUBLIC_KEY = signature.public_text(RELEASE_KEY.public_key())  # for LYCEUM_RELEASE_PUBLIC_KEYS
CANARY = b"CANARY-OF-THE-PAID-HALF"
RELEASE = "20261101T080000Z-0123abcd"
DEMO = products_rule(["demo", "everything"])
OTHER = products_rule(["other"])
PNG = b"\x89PNG\r\n\x1a\n" + CANARY
BIG = (CANARY + b"0123456789" * 50) * 800

PARTS: Mapping[str, tuple[Rule, bytes]] = {
    "demo/paid": (
        DEMO,
        b'<h2 id="rest">Rest</h2><p>' + CANARY + b' <a href="#rest">up</a> '
        b'<a href="../free/">free</a></p><script>alert(1)</script>',
    ),
    "demo/member": (MEMBER, b"<p>" + CANARY + b" for members</p>"),
    "demo/nobody": (NOBODY, b"<p>" + CANARY + b" for nobody</p>"),
    "other/paid": (OTHER, b"<p>" + CANARY + b" of the other course</p>"),
}
FILES: Mapping[str, tuple[Rule, bytes, str]] = {
    "demo/files/picture.png": (DEMO, PNG, "image/png"),
    "demo/files/drawing.svg": (
        DEMO,
        b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script>' + CANARY + b"</svg>",
        "image/svg+xml",
    ),
    "demo/files/notes.html": (DEMO, b"<script>alert(1)</script>" + CANARY, "text/html"),
    "demo/files/code.zip": (DEMO, b"PK\x03\x04" + CANARY, "application/zip"),
    "demo/files/big.bin": (DEMO, BIG, "application/octet-stream"),
    "demo/files/课程 100%.pdf": (DEMO, b"%PDF-" + CANARY, "application/pdf"),
    "other/files/code.zip": (OTHER, b"PK\x03\x05" + CANARY, "application/zip"),
}
PAGE = """<!doctype html>
<html lang="en" class="no-js"><head><meta charset="utf-8"><title>{title}</title>
<link rel="stylesheet" href="../../assets/main.css"><link rel="modulepreload" href="../../assets/x.js">
<script src="../../assets/x.js"></script><script>alert("public")</script></head>
<body><a href="#start">skip</a><h1 id="start">{title}</h1><p>Lead-in &amp; more of {id}.</p>
<section class="lyceum-part" data-lesson="{id}" data-state="anonymous"><p>Offer card of {id}</p>
<section><p>nested</p></section><noscript><a href="/gate/read/{id}">read</a></noscript></section>
<footer>After {id}</footer></body></html>
"""


def object_entry(rule: Rule, data: bytes, media_type: str) -> ObjectEntry:
    digest = hashlib.sha256(data).digest()
    return ObjectEntry(
        key=keys.private_key(CONTENT_KEY, digest),
        sha256=digest.hex(),
        size_bytes=len(data),
        media_type=media_type,
        access=rule,
    )


def tiny_manifest(site: str, *, release: str = RELEASE) -> Manifest:
    def lesson(id_: str, rule: Rule, files: tuple[str, ...] = ()) -> LessonEntry:
        course = id_.partition("/")[0]
        return LessonEntry(
            course=course,
            title=f"Lesson {id_}",
            url=f"{id_}/",
            access=rule,
            parts=(id_,) if id_ in PARTS else (),
            files=files,
        )

    def product(*grants: str) -> ProductEntry:
        return ProductEntry(
            kind="course", title={"en": f"All of {grants[0]}"}, grants=grants, prices={"USD": 1500}
        )

    return Manifest(
        release=release,
        created="2026-11-01T08:00:00Z",
        commit="",
        site=site,
        name={"en": "Tiny School"},
        languages=("en",),
        courses={
            "demo": CourseEntry(title="Demo", language="en", url="demo/"),
            "other": CourseEntry(title="Andere", language="zh", url="other/"),
        },
        lessons={
            "demo/free": lesson("demo/free", PUBLIC),
            "demo/paid": lesson("demo/paid", DEMO, tuple(FILES)[:6]),
            "demo/member": lesson("demo/member", MEMBER),
            "demo/nobody": lesson("demo/nobody", NOBODY),
            "other/paid": lesson("other/paid", OTHER, ("other/files/code.zip",)),
        },
        parts={
            id_: object_entry(rule, data, "text/html; charset=utf-8") for id_, (rule, data) in PARTS.items()
        },
        files={path: object_entry(*stated) for path, stated in FILES.items()},
        products={"demo": product("demo"), "other": product("other"), "everything": product("*")},
    )


def write_release(
    private: Path,
    public: Path,
    whole: Manifest,
    *,
    number: int = 1,
    kind: pointer.Kind = pointer.Kind.PUBLISH,
    key: Ed25519PrivateKey | None = RELEASE_KEY,
) -> None:
    """Writes the objects, the manifest and the pointer `number`, as a publisher would, pointer last. key: None signs nothing."""
    for _, data in PARTS.values():
        _write(private / keys.private_key(CONTENT_KEY, hashlib.sha256(data).digest()), data)
    for _, data, _ in FILES.values():
        _write(private / keys.private_key(CONTENT_KEY, hashlib.sha256(data).digest()), data)
    for id_, entry in whole.lessons.items():
        page = PAGE.format(id=id_, title=entry.title).encode()
        _write(public / keys.site_folder(whole.release) / entry.url / "index.html", page)
    described = manifest.dumps(whole)
    moved = pointer.Pointer(number=number, release=whole.release, created=whole.created, kind=kind)
    if key is not None:
        moved = trust.signed(moved, key)
        detached = signature.sign(described, key, purpose=signature.MANIFEST)
        _write(private / keys.manifest_signature_key(whole.release), detached)
    _write(private / keys.manifest_key(whole.release), described)
    _write(private / keys.pointer_key(number), pointer.dumps(moved))
    _write(private / keys.CURRENT, pointer.dumps_hint(number))


def renamed(whole: Manifest, release: str) -> Manifest:
    return replace(whole, release=release)


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)

"""`build/manifest.json`: what a release of this build will list, before it is one.

The release manifest of `gatekeeper.contract.manifest` without what only a release has: id, moment, commit, attestation,
media types and the keys of private objects. Who may have what is written down here as the edition decided it (rule R2), so a release is bundled
from this and the built files alone.

    format, site, name, languages, courses, lessons, products, coupons, signals    as in the manifest
    parts, files                                                                   id or path → sha256, bytes, access
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gatekeeper.contract.access import Rule, RuleKind, rule_to_json
from gatekeeper.contract.manifest import FORMAT
from gatekeeper.contract.products import CouponEntry, ProductEntry, coupon_to_json, product_to_json
from gatekeeper.contract.signals import Privacy
from generator.access.edition import Edition
from generator.catalogue.model import School
from generator.errors import LyceumError

Contents = dict[str, Any]
Digests = Mapping[str, tuple[bytes, int]]  # id or path → SHA-256 and size in bytes


def contents_of(edition: Edition, *, base_url: str, parts: Digests, files: Digests) -> Contents:
    """base_url: the public site's. parts: by lesson id. files: private files by manifest path.

    Raises LyceumError for a part or file that was not built, or that is not private.
    """
    school = edition.school
    for id_ in parts:
        rendered = edition.lessons.get(id_)
        if rendered is None or rendered.private_markdown is None:
            raise LyceumError(
                "a private half was rendered that the edition does not have", where=id_, hint="build it again"
            )
    for id_, cut in edition.lessons.items():
        if cut.private_markdown is not None and id_ not in parts:
            raise LyceumError("a lesson's private half was not rendered", where=id_, hint="build it again")
        for path in cut.private_files:
            if path.as_posix() not in files and path not in edition.public_files:
                raise LyceumError(
                    "a lesson's private file was not built", where=str(path), hint="build it again"
                )
    rules = {path.as_posix(): rule for path, rule in edition.private_files.items()}
    return {
        "format": FORMAT,
        "site": base_url.rstrip("/") + "/",
        "name": dict(school.name),
        "languages": list(school.languages),
        "courses": _courses(edition),
        "lessons": _lessons(edition, parts),
        "parts": {
            id_: entry(digest, edition.lessons[id_].rule, f"part of {id_}")
            for id_, digest in sorted(parts.items())
        },
        "files": {path: entry(digest, _rule(rules, path), path) for path, digest in sorted(files.items())},
        **for_sale(school),
        **({} if school.signals is Privacy.NONE else {"signals": school.signals.value}),
    }


def for_sale(school: School) -> Contents:
    """`products`, and `coupons` where there are some, as the manifest states them."""
    stated: Contents = {
        "products": {
            id_: product_to_json(
                ProductEntry(
                    kind=product.kind,
                    title=product.title,
                    grants=product.grants,
                    prices=product.prices,
                    interval=product.interval,
                    refund_days=product.refund_days,
                    active=product.active,
                    grace_days=product.grace_days,
                    seats=product.seats,
                    giftable=product.giftable,
                    days=product.days,
                )
            )
            for id_, product in school.products.items()
        }
    }
    if school.coupons:
        stated["coupons"] = {
            code: coupon_to_json(
                CouponEntry(
                    percent=coupon.percent,
                    amounts=coupon.amounts,
                    uses=coupon.uses,
                    per_reader=coupon.per_reader,
                    expires=coupon.expires,
                    products=coupon.products,
                )
            )
            for code, coupon in school.coupons.items()
        }
    return stated


def entry(digest: tuple[bytes, int], rule: Rule, what: str) -> Contents:
    """A private object's entry. Raises LyceumError when everybody may have it."""
    if rule.kind is RuleKind.PUBLIC:
        raise LyceumError(
            "something private is marked public", where=what, hint="this is a fault of Lyceum; report it"
        )
    sha256, size_bytes = digest
    return {"sha256": sha256.hex(), "bytes": size_bytes, "access": rule_to_json(rule)}


def _rule(rules: Mapping[str, Rule], path: str) -> Rule:
    if path not in rules:
        raise LyceumError("a private file has no access rule", where=path, hint="build it again")
    return rules[path]


def _courses(edition: Edition) -> Contents:
    named = {course.id for course in edition.courses}
    named |= {entry.lesson.course for entry in edition.lessons.values()}  # a retired lesson's may be hidden
    return {
        course.id: {"title": course.title, "language": course.language, "url": course.url}
        for course in edition.school.courses
        if course.id in named
    }


def _lessons(edition: Edition, parts: Digests) -> Contents:
    return {
        id_: {
            "course": entry.lesson.course,
            "title": entry.lesson.title,
            "url": entry.lesson.url,
            "access": rule_to_json(entry.rule),
            "parts": [id_] if id_ in parts else [],
            "files": sorted(path.as_posix() for path in entry.private_files - edition.public_files),
        }
        for id_, entry in edition.lessons.items()
    }

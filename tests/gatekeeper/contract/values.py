"""A manifest with one of everything, and strategies for values of the contract."""

from __future__ import annotations

from datetime import UTC

from hypothesis import strategies as st

from gatekeeper.contract import keys
from gatekeeper.contract.access import MEMBER, NOBODY, PUBLIC, Rule, products_rule
from gatekeeper.contract.manifest import (
    CouponEntry,
    CourseEntry,
    LessonEntry,
    Manifest,
    ObjectEntry,
    ProductEntry,
)
from gatekeeper.contract.products import Seats

KEY = bytes(range(16))
PICTURE = ObjectEntry(
    key=keys.private_key(KEY, b"\1" * 32),
    sha256="01" * 32,
    size_bytes=2048,
    media_type="image/png",
    access=products_rule(["rust", "everything"]),
)
PART = ObjectEntry(
    key=keys.private_key(KEY, b"\2" * 32),
    sha256="02" * 32,
    size_bytes=512,
    media_type="text/html; charset=utf-8",
    access=products_rule(["rust", "everything"]),
)
EVERYTHING = Manifest(
    release="20261122T160501Z-1a2b3c4d",
    created="2026-11-22T16:05:01Z",
    commit="0123456789abcdef0123456789abcdef01234567",
    site="https://school.example/",
    name={"zh": "书院", "en": "The School"},
    languages=("zh", "en"),
    courses={"rust": CourseEntry(title="Rust 入门", language="zh", url="rust/")},
    lessons={
        "rust/free": LessonEntry(course="rust", title="开始", url="rust/free/", access=PUBLIC),
        "rust/traits": LessonEntry(
            course="rust",
            title="特征 & <traits>",
            url="rust/traits/",
            access=PART.access,
            parts=("rust/traits",),
            files=("rust/files/图 1.png",),
        ),
        "rust/members": LessonEntry(course="rust", title="Members", url="rust/members/", access=MEMBER),
        "rust/closed": LessonEntry(course="rust", title="Closed", url="rust/closed/", access=NOBODY),
    },
    parts={"rust/traits": PART},
    files={"rust/files/图 1.png": PICTURE},
    products={
        "rust": ProductEntry(
            kind="course",
            title={"zh": "整门课"},
            grants=("rust",),
            prices={"CNY": 9900, "USD": 1500},
            refund_days=14,
        ),
        "everything": ProductEntry(
            kind="subscription",
            title={"en": "All of it"},
            grants=("*",),
            prices={"USD": 500},
            interval="month",
            active=False,
        ),
    },
    attestation={"tool": "leaks 1", "files": 12, "hits": 0, "digest": "ab" * 32},
)

texts = st.text(max_size=20).filter(lambda text: not any(0xD800 <= ord(sign) <= 0xDFFF for sign in text))
rules: st.SearchStrategy[Rule] = st.one_of(
    st.sampled_from([PUBLIC, MEMBER, NOBODY]),
    st.frozensets(texts.filter(bool), min_size=1, max_size=4).map(products_rule),
)
digests = st.binary(min_size=32, max_size=32)
objects = st.builds(
    ObjectEntry,
    key=digests.map(lambda digest: keys.private_key(KEY, digest)),
    sha256=digests.map(bytes.hex),
    size_bytes=st.integers(0, 2**53),
    media_type=texts,
    access=rules,
)
manifests = st.builds(
    Manifest,
    release=st.just("20261122T160501Z-1a2b3c4d"),
    created=texts,
    commit=texts,
    site=texts,
    name=st.dictionaries(texts, texts, max_size=3),
    languages=st.lists(texts, max_size=3).map(tuple),
    courses=st.dictionaries(
        texts, st.builds(CourseEntry, title=texts, language=texts, url=texts), max_size=3
    ),
    lessons=st.dictionaries(
        texts,
        st.builds(
            LessonEntry,
            course=texts,
            title=texts,
            url=texts,
            access=rules,
            parts=st.lists(texts, max_size=2).map(tuple),
            files=st.lists(texts, max_size=2).map(tuple),
        ),
        max_size=3,
    ),
    parts=st.dictionaries(texts, objects, max_size=3),
    files=st.dictionaries(texts, objects, max_size=3),
    products=st.dictionaries(
        texts,
        st.builds(
            ProductEntry,
            kind=texts,
            title=st.dictionaries(texts, texts, max_size=2),
            grants=st.lists(texts, max_size=2).map(tuple),
            prices=st.dictionaries(texts, st.integers(0, 2**53), max_size=2),
            interval=st.none() | texts,
            refund_days=st.integers(0, 400),
            active=st.booleans(),
            grace_days=st.integers(0, 90),
            seats=st.none()
            | st.integers(1, 9).flatmap(
                lambda least: st.builds(Seats, least=st.just(least), most=st.integers(least, 99))
            ),
            giftable=st.booleans(),
            days=st.none() | st.integers(0, 400),
        ),
        max_size=3,
    ),
    coupons=st.dictionaries(
        texts,
        st.builds(
            CouponEntry,
            percent=st.integers(1, 100),
            uses=st.none() | st.integers(0, 99),
            per_reader=st.none() | st.integers(0, 9),
            expires=st.none() | st.datetimes(timezones=st.just(UTC)),
            products=st.lists(texts, max_size=2).map(tuple),
        )
        | st.builds(
            CouponEntry, amounts=st.dictionaries(texts, st.integers(0, 2**53), min_size=1, max_size=2)
        ),
        max_size=2,
    ),
    sources=st.dictionaries(texts, texts, max_size=2),
    attestation=st.dictionaries(texts, st.integers() | texts | st.booleans() | st.none(), max_size=3),
)

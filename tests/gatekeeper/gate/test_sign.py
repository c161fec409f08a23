"""Signed URLs: S3's equal botocore's byte for byte, the folder's cannot be bent."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import parse_qsl, urlencode, urlsplit

import botocore.auth
import botocore.session
import pytest
from botocore.client import BaseClient
from botocore.config import Config
from hypothesis import given, settings
from hypothesis import strategies as st

from gatekeeper.gate.sign import (
    FolderSigner,
    S3Signer,
    SignedUrl,
    UrlSigner,
    signature_v4,
    signing_key_v4,
)
from gatekeeper.secrets import Secret
from gatekeeper.stores.address import S3Account

NOW = 1_800_000_000
VECTORS = Path(__file__).resolve().parents[4] / "shared" / "security" / "vectors"
ORIGIN = "https://gate.school.example"
KEY = "private/0123456789abcdef0123456789abcdef01234567"
LABELS = {"media_type": "text/html; charset=utf-8", "disposition": 'attachment; filename="paid.html"'}


def account(endpoint: str, *, virtual: bool = False, token: str = "", region: str = "eu-west-1") -> S3Account:
    return S3Account(
        endpoint=endpoint,
        region=region,
        is_virtual_hosted=virtual,
        access_key="AKIDEXAMPLE",
        secret_key=Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
        session_token=Secret(token) if token else None,
    )


@functools.cache
def client(s3: S3Account) -> BaseClient:
    session = botocore.session.Session()
    token = s3.session_token.reveal_text() if s3.session_token else None
    session.set_credentials(s3.access_key, s3.secret_key.reveal_text(), token)
    style = {"addressing_style": "virtual" if s3.is_virtual_hosted else "path"}
    config = Config(signature_version="s3v4", s3=style)  # type: ignore[arg-type]
    made: BaseClient = session.create_client(
        "s3", region_name=s3.region, endpoint_url=s3.endpoint, config=config
    )
    return made


def botocores(s3: S3Account, bucket: str, key: str, seconds: int, now: int, labels: dict[str, str]) -> str:
    """The URL that botocore presigns for the same request at the same time."""
    names = {"disposition": "ResponseContentDisposition", "media_type": "ResponseContentType"}
    asked = {"Bucket": bucket, "Key": key}
    asked.update({parameter: labels[name] for name, parameter in names.items() if labels[name]})
    moment = datetime.fromtimestamp(now, UTC)

    def fixed(remove_tzinfo: bool = True) -> datetime:
        return moment.replace(tzinfo=None) if remove_tzinfo else moment

    with mock.patch.object(botocore.auth, "get_current_datetime", fixed):
        url: str = client(s3).generate_presigned_url(  # type: ignore[attr-defined]
            "get_object", Params=asked, ExpiresIn=seconds
        )
    assert "X-Amz-Algorithm=AWS4-HMAC-SHA256" in url
    return url


@pytest.mark.parametrize(
    "s3",
    [
        account("http://127.0.0.1:7480"),
        account("https://s3.eu-west-1.amazonaws.com", virtual=True),
        account("https://s3.eu-west-1.amazonaws.com", token="FwoGZXIvYXdzE/+=="),
        account("https://s3.cn-north-1.amazonaws.com.cn", virtual=True, region="cn-north-1", token="t"),
        account("http://store.example:80", virtual=True),
        account("https://store.example:443"),
        account("https://store.example:8443", virtual=True),
    ],
    ids=lambda s3: f"{s3.endpoint} {'virtual' if s3.is_virtual_hosted else 'path'}",
)
@pytest.mark.parametrize(
    "key", [KEY, "a/b.c", "with space/课程 100%.pdf", "plus+&=?#;,:@$!*'()~", "private//double", "x/../y"]
)
def test_an_s3_url_is_what_botocore_writes(s3: S3Account, key: str) -> None:
    """U01"""
    signer = S3Signer(s3, bucket="school", lifetime_seconds=120)
    for labels in (
        LABELS,
        {"media_type": "", "disposition": ""},
        {"media_type": "image/png", "disposition": ""},
    ):
        ours = signer.sign(key, **labels, now=NOW)
        assert ours == SignedUrl(botocores(s3, "school", key, 120, NOW, labels), NOW + 120)


@settings(deadline=None)
@given(
    key=st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=30).filter(
        lambda key: key[0] != "/"  # boto takes leading slashes for its own
    ),
    disposition=st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=30),
    now=st.integers(1_000_000_000, 4_000_000_000),
    token=st.sampled_from(["", "a/b+c=="]),
)
def test_any_key_and_disposition_are_signed_as_botocore_signs_them(
    key: str, disposition: str, now: int, token: str
) -> None:
    """U01"""
    s3 = account("https://s3.eu-west-1.amazonaws.com", token=token)
    labels = {"media_type": "image/png", "disposition": disposition}
    ours = S3Signer(s3, bucket="school", lifetime_seconds=300).sign(key, **labels, now=now)
    assert ours.url == botocores(s3, "school", key, 300, now, labels)


def test_the_prefix_of_the_store_stands_before_the_key() -> None:
    s3 = account("https://s3.eu-west-1.amazonaws.com")
    ours = S3Signer(s3, bucket="school", prefix="a/b/", lifetime_seconds=60).sign(KEY, **LABELS, now=NOW)
    assert ours.url == botocores(s3, "school", f"a/b/{KEY}", 60, NOW, LABELS)


def test_a_signer_crosses_midnight() -> None:
    midnight = NOW - NOW % 86400 + 86400
    s3 = account("http://127.0.0.1:7480")
    signer = S3Signer(s3, bucket="school", lifetime_seconds=60)
    for now in (midnight - 1, midnight, midnight - 1, midnight + 86400):
        assert signer.sign(KEY, **LABELS, now=now).url == botocores(s3, "school", KEY, 60, now, LABELS)


def vector_cases() -> Iterator[tuple[Path, str]]:
    root = VECTORS / "aws-signing-test-suite-v4" / "v4"
    for case in sorted(root.iterdir()) if root.is_dir() else ():
        yield from ((case, kind) for kind in ("query", "header"))


def test_every_signature_of_the_aws_suite_comes_out_the_same() -> None:
    """U01: 38 query and 38 header signatures"""
    cases = list(vector_cases())
    if not cases:
        pytest.skip("the AWS signing vectors are not beside this repository")
    assert len(cases) == 76
    for case, kind in cases:
        context = json.loads((case / "context.json").read_text())
        request = (case / f"{kind}-canonical-request.txt").read_text()
        stamp = datetime.fromisoformat(context["timestamp"]).strftime("%Y%m%dT%H%M%SZ")
        secret = Secret(context["credentials"]["secret_access_key"])
        key = signing_key_v4(secret, stamp[:8], context["region"], context["service"])
        scope = f"{stamp[:8]}/{context['region']}/{context['service']}/aws4_request"
        wanted = (case / f"{kind}-signature.txt").read_text().strip()
        assert signature_v4(key, stamp, scope, request) == wanted, f"{case.name} {kind}"


def test_the_known_answers_of_aws_and_botocore_come_out_the_same() -> None:
    """U01"""
    file = VECTORS / "kats" / "signature-kats.json"
    if not file.is_file():
        pytest.skip("the known answers are not beside this repository")
    answers = [case for case in json.loads(file.read_text()) if case["scheme"].startswith("sigv4-query")]
    assert len(answers) == 3
    for case in answers:
        assert presigned(case) == case["signature"], case["name"]


def presigned(case: dict[str, Any]) -> str:
    parts = urlsplit(case["url"])
    scope = f"{case['date'][:8]}/{case['region']}/{case['service']}/aws4_request"
    query = urlencode(
        {
            "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
            "X-Amz-Credential": f"{case['access_key']}/{scope}",
            "X-Amz-Date": case["date"],
            "X-Amz-Expires": case["expires"],
            "X-Amz-SignedHeaders": "host",
        }
    )
    is_s3 = case["service"] == "s3" or "UNSIGNED" in case["scheme"]
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    payload = "UNSIGNED-PAYLOAD" if is_s3 else empty
    request = f"GET\n{parts.path}\n{query}\nhost:{parts.netloc}\n\nhost\n{payload}"
    key = signing_key_v4(Secret(case["secret_key"]), case["date"][:8], case["region"], case["service"])
    return signature_v4(key, case["date"], scope, request)


@pytest.mark.parametrize("seconds", [0, -1, 301, 86400])
def test_no_url_lives_longer_than_five_minutes(seconds: int) -> None:
    """U02"""
    with pytest.raises(ValueError, match="300"):
        S3Signer(account("http://127.0.0.1:1"), bucket="school", lifetime_seconds=seconds)
    with pytest.raises(ValueError, match="300"):
        FolderSigner(b"k" * 32, origin=ORIGIN, lifetime_seconds=seconds)


def folder(secret: bytes = b"k" * 32, seconds: int = 120) -> FolderSigner:
    return FolderSigner(secret, origin=ORIGIN, lifetime_seconds=seconds)


def query_of(signer: UrlSigner, key: str = KEY, **labels: str) -> str:
    return urlsplit(signer.sign(key, **{**LABELS, **labels}, now=NOW).url).query


def test_a_folder_url_opens_its_object_until_it_expires() -> None:
    """U02"""
    query = query_of(folder())
    opened = folder().opened(KEY, query, NOW + 119)
    assert opened is not None
    assert {"media_type": opened.media_type, "disposition": opened.disposition} == LABELS
    assert folder().opened(KEY, query, NOW + 120) is None
    assert folder().sign(KEY, **LABELS, now=NOW).expires_at == NOW + 120


def test_a_folder_url_from_the_future_is_refused() -> None:
    """Made by a clock that is far ahead, it would outlive the five minutes."""
    assert folder().opened(KEY, query_of(folder()), NOW - 181) is None


def test_another_key_of_the_gatekeeper_signs_differently() -> None:
    assert folder(b"j" * 32).opened(KEY, query_of(folder()), NOW) is None
    with pytest.raises(ValueError, match="32 bytes"):
        folder(b"short")


def tampered_queries(query: str) -> Iterator[str]:
    fields = parse_qsl(query, keep_blank_values=True)
    seal = dict(fields)["signature"]
    yield from (
        "",
        "&",
        "=",
        "signature",
        f"signature={seal}",
        query[:-1],
        query + "0",
        f"{query}&",
        f"&{query}",
    )
    yield query.replace(seal, seal.upper())
    yield query.replace(seal, "")
    yield query.replace(seal, "\u00fc" * 64)
    yield query.replace(seal, "%C3%BC" * 32)
    yield query.replace(seal, "0" * 64)
    yield query.replace("%3B", "%3b")
    yield query.replace("%20", "+")
    yield query.replace("expires=", "expires=0")
    yield query.replace("expires=", "expires=%2B")
    yield query.replace("expires=1", "expires=2")
    yield query.replace("expires=1", "expires=\u0661")
    yield query.replace("attachment", "inline")
    yield query.replace("html", "plain")
    yield query.replace("&", ";")
    yield f"{query}&signature={seal}"
    yield f"{query}&response-content-type=text%2Fhtml"
    yield f"{query}&versionId=1"
    yield query + "#"
    for place in range(len(fields)):
        yield urlencode(fields[:place] + fields[place + 1 :])
        yield "&".join(query.split("&")[place:] + query.split("&")[:place]) if place else query + "&x="
    # what runs into what: the same bytes, split elsewhere between disposition and type
    named = dict(fields)
    text = named["disposition"] + named["type"]
    for cut in (0, 3, len(named["disposition"]) - 1, len(named["disposition"]) + 1):
        yield urlencode({**named, "disposition": text[:cut], "type": text[cut:]})


@pytest.mark.parametrize("query", list(tampered_queries(query_of(folder()))))
def test_a_changed_folder_query_is_refused(query: str) -> None:
    """U03, U04"""
    assert folder().opened(KEY, query, NOW) is None


@pytest.mark.parametrize(
    "key",
    [
        "",
        "a",
        KEY[:-1],
        KEY + "0",
        KEY.upper(),
        f"/{KEY}",
        f"{KEY}/",
        f"private/../{KEY}",
        KEY.replace("/", "%2F"),
        KEY.replace("/", "//"),
        "private/\u00fc",
        KEY + "\0",
    ],
)
def test_a_folder_signature_opens_no_other_key(key: str) -> None:
    """U03, U04"""
    assert folder().opened(key, query_of(folder()), NOW) is None


@settings(deadline=None)
@given(st.text(max_size=60), st.text(max_size=300))
def test_no_text_upsets_the_reader_of_signatures(key: str, query: str) -> None:
    """Fuzzing of the URL parser"""
    assert folder().opened(key, query, NOW) is None
    assert folder().opened(KEY, query, NOW) is None


@settings(deadline=None)
@given(st.data())
def test_any_small_change_of_a_signed_query_closes_it(data: st.DataObject) -> None:
    """U03"""
    query = query_of(folder())
    place = data.draw(st.integers(0, len(query)))
    until = data.draw(st.integers(place, len(query)))
    changed = query[:place] + data.draw(st.text(max_size=4)) + query[until:]
    assert (folder().opened(KEY, changed, NOW) is not None) == (changed == query)


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (("ab", "c"), ("a", "bc")),
        (("", "abc"), ("abc", "")),
        (('a","b', "c"), ("a", 'b","c')),
        (("a\n", "b"), ("a", "\nb")),
    ],
)
def test_no_label_runs_into_the_next(one: tuple[str, str], two: tuple[str, str]) -> None:
    """U04: `a` + `b1` is not `ab` + `1`"""
    seals = [query_of(folder(), disposition=d, media_type=m).rpartition("=")[2] for d, m in (one, two)]
    assert seals[0] != seals[1]


@settings(deadline=None)
@given(
    st.tuples(st.text(max_size=20), st.text(max_size=20)),
    st.tuples(st.text(max_size=20), st.text(max_size=20)),
)
def test_two_different_sets_of_labels_never_share_a_signature(
    one: tuple[str, str], two: tuple[str, str]
) -> None:
    """U04: delimiter confusion"""
    try:
        seals = [query_of(folder(), disposition=d, media_type=m).rpartition("=")[2] for d, m in (one, two)]
    except UnicodeEncodeError:
        return  # a lone surrogate cannot stand in a URL
    assert (seals[0] == seals[1]) == (one == two)

"""Signing and speaking HTTP for ourselves: the same as those who are known to do it right, and strict with what comes back."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from botocore import auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from generator.release import s3_wire
from generator.release.s3_sign import S3HeaderSigner
from generator.release.s3_wire import NoAnswerError, Wire
from generator.release.settings import S3Access

VECTORS = Path(__file__).resolve().parents[4] / "shared" / "security" / "vectors"
ACCESS = S3Access(
    endpoint="",
    region="eu-west-1",
    is_virtual_hosted=False,
    access_key="AKIDEXAMPLE",
    secret_key="wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
)
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC).timestamp()
SHA256 = "ab" * 32


def botocores(
    monkeypatch: pytest.MonkeyPatch,
    access: S3Access,
    method: str,
    url: str,
    headers: dict[str, str],
    now: float,
) -> dict[str, str]:
    monkeypatch.setattr(auth, "get_current_datetime", lambda: datetime.fromtimestamp(now, UTC))
    request = AWSRequest(method=method, url=url, headers=headers)
    signer = auth.S3SigV4Auth(
        Credentials(access.access_key, access.secret_key, access.session_token or None), "s3", access.region
    )
    monkeypatch.setattr(signer, "payload", lambda _request: SHA256)
    signer.add_auth(request)
    return {name.lower(): value for name, value in request.headers.items()}


@pytest.mark.parametrize("token", ["", "a/token+of=them"])
@pytest.mark.parametrize(
    ("method", "host", "path", "query", "headers"),
    [
        ("GET", "s3.eu-west-1.amazonaws.com", "/school/x", "", {}),
        ("HEAD", "127.0.0.1:7480", "/school/%E8%AF%BE%E7%A8%8B/a%20b/~-._", "", {}),
        ("GET", "school.example", "/", "list-type=2&prefix=a%2Fb%2F&start-after=%C3%A9%20", {}),
        (
            "PUT",
            "school.s3.example:9000",
            "/a//b/../c",
            "",
            {
                "Content-Type": "text/html; charset=utf-8",
                "Cache-Control": "public,  max-age=60 ",
                "Content-Length": "12",
                "Content-MD5": "XrY7u+Ae7tCTyyK7j1rNww==",
                "If-None-Match": "*",
                "x-amz-copy-source": "/school/private/a%20b",
            },
        ),
    ],
)
def test_a_request_is_signed_as_botocore_signs_it_u01(
    monkeypatch: pytest.MonkeyPatch,
    token: str,
    method: str,
    host: str,
    path: str,
    query: str,
    headers: dict[str, str],
) -> None:
    access = replace(ACCESS, session_token=token)
    signer = S3HeaderSigner(access, host=host)
    url = f"http://{host}{path}" + (f"?{query}" if query else "")
    midnight = NOON - NOON % 86400 + 86400
    for now in (NOON, midnight - 1, midnight, midnight - 1, NOON):
        signed = signer.signed(method, path, query, headers, SHA256, now)
        ours = {name.lower(): value for name, value in signed.items()}
        assert ours.pop("host") == host
        assert ours == botocores(monkeypatch, access, method, url, headers, now)


def test_header_signatures_of_the_aws_suite_come_out_the_same_u01() -> None:
    """Those of its cases that are requests as S3 takes them: what is signed is what was sent, and the body's digest is among it."""
    root = VECTORS / "aws-signing-test-suite-v4" / "v4"
    if not root.is_dir():
        pytest.skip("the AWS signing vectors are not beside this repository")
    tried = 0
    for case in sorted(root.iterdir()):
        context = json.loads((case / "context.json").read_text())
        method, path, query, *lines, names, sha256 = (
            (case / "header-canonical-request.txt").read_text().split("\n")
        )
        headers = dict(line.split(":", 1) for line in lines if line)
        if "x-amz-content-sha256" not in headers or names != ";".join(sorted(headers)):
            continue
        tried += 1
        given = context["credentials"]
        access = replace(
            ACCESS,
            access_key=given["access_key_id"],
            secret_key=given["secret_access_key"],
            session_token=headers.pop("x-amz-security-token", ""),
            region=context["region"],
        )
        host, now = headers.pop("host"), datetime.fromisoformat(context["timestamp"]).timestamp()
        for name in ("x-amz-date", "x-amz-content-sha256"):
            del headers[name]
        signed = S3HeaderSigner(access, host=host, service=context["service"]).signed(
            method, path, query, headers, sha256, now
        )
        wanted = (case / "header-signature.txt").read_text().strip()
        assert signed["Authorization"].rpartition("Signature=")[2] == wanted, case.name
    assert tried >= 1


@contextmanager
def answering(*answers: Sequence[bytes]) -> Iterator[tuple[Wire, list[bytes]]]:
    """A server that sends these pieces as the answer of each of its connections, then closes; what it was sent."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            for pieces in answers:
                connection, _ = server.accept()
                with connection:
                    data = b""
                    while b"\r\n\r\n" not in data:
                        data += connection.recv(65536)
                    heard.append(data)
                    for piece in pieces:
                        connection.sendall(piece)
                        time.sleep(0.005)

        thread = threading.Thread(target=serve)
        thread.start()
        port = server.getsockname()[1]
        yield Wire(replace(ACCESS, endpoint=f"http://127.0.0.1:{port}"), "school"), heard
        thread.join()


@pytest.fixture(autouse=True)
def no_boto3(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which takes half a second to find out where a bucket is."""
    monkeypatch.setattr(s3_wire, "bucket_url", lambda access, bucket: f"{access.endpoint}/{bucket}")


def asked(wire: Wire, method: str = "GET") -> tuple[int, dict[str, str], bytes]:
    answer = wire.request(method, "x", deadline=time.monotonic() + 5)
    return answer.status, dict(answer.headers), answer.body


@pytest.mark.parametrize(
    ("pieces", "body"),
    [
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"], b"hello"),
        ([b"HTTP/1.1 200 OK\r\nContent-Le", b"ngth: 5\r\n\r", b"\nhel", b"lo"], b"hello"),
        ([b"HTTP/1.1 200 OK\r\n\r\nhel", b"lo"], b"hello"),
        ([b"HTTP/1.0 200 OK\r\ncontent-length:5\r\n\r\nhello"], b"hello"),
        ([b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"], b"hello"),
        (
            [
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nhel\r",
                b"\n2\r\nlo\r\n0\r\nX: y\r\n\r\n",
            ],
            b"hello",
        ),
        ([b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"], b""),
    ],
)
def test_an_answer_is_read_to_its_end_however_it_arrives(pieces: list[bytes], body: bytes) -> None:
    with answering(pieces) as (wire, _):
        assert asked(wire)[2] == body


@pytest.mark.parametrize(
    "pieces",
    [
        [],
        [b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"],
        [b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell"],
        [b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello"],
        [b"HTTP/1.1 200 OK\r\nContent-Length: 5, 6\r\n\r\nhello!"],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n"],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\nhel\r\n"],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"],
        [b"HTTP/1.1 200 OK\r\nno header\r\n\r\n"],
        [b"HTTP/2 200 OK\r\n\r\n"],
        [b"SSH-2.0-OpenSSH\r\n\r\n"],
    ],
)
def test_what_is_no_whole_answer_is_none_z10(pieces: list[bytes]) -> None:
    with answering(pieces) as (wire, _), pytest.raises(NoAnswerError):
        asked(wire)


def test_what_comes_after_an_answer_is_not_the_next_one() -> None:
    ghost = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nghost"
    right = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nright"
    with answering([right + ghost], [right]) as (wire, heard):
        assert asked(wire)[2] == asked(wire)[2] == b"right"
    assert len(heard) == 2


def test_the_answer_to_a_head_has_no_body_and_headers_may_come_twice() -> None:
    told = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nETag: x\r\nVary: a\r\nvary: b\r\n\r\n"
    with answering([told]) as (wire, heard):
        status, headers, body = asked(wire, "HEAD")
    assert (status, headers["vary"], headers["etag"], body) == (200, "a, b", "x", b"")
    assert heard[0].split(b"\r\n")[0] == b"HEAD /school/x HTTP/1.1"


def test_no_header_can_become_two() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        wire = Wire(replace(ACCESS, endpoint=f"http://127.0.0.1:{server.getsockname()[1]}"), "school")
        for value in ("a\r\nX-Evil: 1", "a\nb", "a\rb"):
            with pytest.raises(ValueError, match="line break"):
                wire.request(
                    "PUT", "x", deadline=time.monotonic() + 5, headers={"If-Match": value}, is_signed=False
                )

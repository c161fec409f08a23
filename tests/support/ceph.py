"""A real S3 server: Ceph's RADOS Gateway, started by the first test that wants it and stopped at the end of the run.

It checks signatures, refuses strangers and honours `If-None-Match` with one winner in every race; that is what access and
publishing are proven against. Its one known fault here: `If-Match` wants an etag without quotes.

Fixtures: `ceph` (the server), `bucket` (a new private bucket in it), `bucket_hosts` (names for virtual-hosted addresses).
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import boto3
import pytest
from botocore.config import Config
from mypy_boto3_s3 import S3Client

STARTER = Path(__file__).with_name("start-ceph.sh")
PROGRAMS = ("radosgw", "radosgw-admin", "ceph", "ceph-mon", "ceph-osd", "monmaptool")
START_SECONDS = 120


@dataclass(frozen=True, kw_only=True)
class Ceph:
    port: int
    access_key: str
    secret_key: str

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def named_endpoint(self) -> str:
        """With the name below which buckets are hosts: `<bucket>.localhost`."""
        return f"http://localhost:{self.port}"

    def environment(self, private: str, public: str) -> dict[str, str]:
        """Settings of both command lines for these two buckets, each with an optional prefix."""
        return {
            "LYCEUM_STORE": f"s3://{private}",
            "LYCEUM_PUBLIC_STORE": f"s3://{public}",
            "LYCEUM_S3_ENDPOINT": self.endpoint,
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
        }

    def client(self) -> S3Client:
        """For arranging and looking; what is tested brings its own."""
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            region_name="us-east-1",
            config=Config(
                signature_version="s3v4",
                s3={"addressing_style": "path"},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )

    def new_bucket(self, *, public: bool = False) -> str:
        name = f"test-{secrets.token_hex(8)}"
        self.client().create_bucket(Bucket=name, ACL="public-read" if public else "private")
        return name


def why_not() -> str:
    """Why Ceph cannot be started here, or ""."""
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        return f"no Ceph here ({missing[0]} is missing); Debian: apt install radosgw ceph-mon ceph-osd"
    return ""


@contextmanager
def started(folder: Path, log: Path) -> Iterator[Ceph]:
    """A server of one's own in the new folder `folder`."""
    ports = _free_ports()
    keys = {"S3_ACCESS_KEY": secrets.token_hex(8), "S3_SECRET_KEY": secrets.token_hex(16)}
    with log.open("wb") as errors:
        process = subprocess.Popen(
            [str(STARTER), *map(str, ports), str(folder)],
            env=os.environ | keys,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,  # so that an interrupt of the tests does not reach the daemons before us
        )
    try:
        assert process.stdout is not None
        os.set_blocking(process.stdout.fileno(), False)
        deadline = time.monotonic() + START_SECONDS
        while not (process.stdout.read() or b"").startswith(b"READY"):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"Ceph did not start: {log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.05)
        yield Ceph(
            port=ports[0],
            access_key=keys["S3_ACCESS_KEY"],
            secret_key=keys["S3_SECRET_KEY"],
        )
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        assert process.stdout is not None
        process.stdout.close()


@pytest.fixture(scope="session")
def ceph(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ceph]:
    """One server a test run (a worker of pytest-xdist is a run of its own)."""
    if reason := why_not():
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("ceph")
    with started(folder / "server", folder / "log") as server:
        yield server


@pytest.fixture
def bucket(ceph: Ceph) -> str:
    """A new, empty, private bucket."""
    return ceph.new_bucket()


@pytest.fixture(scope="session")
def shared_bucket(ceph: Ceph) -> str:
    """A private bucket for tests that keep to a prefix of their own."""
    return ceph.new_bucket()


@pytest.fixture
def bucket_hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    """`<bucket>.localhost` leads to this machine: not every resolver knows RFC 6761, and the tests change no system."""
    resolve = socket.getaddrinfo

    def resolve_here(host: str, *rest: object, **named: object) -> object:
        return resolve("127.0.0.1" if str(host).endswith(".localhost") else host, *rest, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", resolve_here)


def _free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]

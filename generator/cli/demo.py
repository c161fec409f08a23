"""`lyceum demo`: the whole product on one machine, nothing outside it.

It builds the school, publishes it into a folder store, starts the gatekeeper beside it in demo mode (mails go to a
local outbox page, payments to a sandbox) and serves the published site. The state (accounts, orders, keys, releases)
stays in `.lyceum/`, so that a second start takes seconds: nothing is built when nothing changed.
"""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import click

from gatekeeper.contract import routes
from generator.cli import EXIT_CODES
from generator.cli.embedded import FOLDER, embedded_environment
from generator.cli.output import say
from generator.cli.project import school_option
from generator.cli.site_host import SiteHost, check_free
from generator.errors import LyceumError

REHEARSED = "rehearsed"  # below the state; not where real signals lie, so that no other command takes these for readers
START_SECONDS = 30
STOP_SECONDS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    host: str
    port: int
    gatekeeper_port: int

    @property
    def site(self) -> str:
        return f"http://{self.host}:{self.port}/"

    @property
    def gatekeeper(self) -> str:
        return f"http://{self.host}:{self.gatekeeper_port}"


@click.command(epilog=EXIT_CODES)
@school_option
@click.option(
    "--port", type=click.IntRange(1, 65535), default=8000, show_default=True, help="Port of the public site."
)
@click.option(
    "--gatekeeper-port",
    type=click.IntRange(1, 65535),
    default=None,
    help="Port of the gatekeeper. Default: the next one.",
)
@click.option(
    "--state",
    type=click.Path(file_okay=False, path_type=Path),
    default=None,
    help="Where accounts, orders, keys and releases are kept. Default: .lyceum in the school's folder.",
)
def command(root: Path, port: int, gatekeeper_port: int | None, state: Path | None) -> None:
    """Build, publish and serve this school on your own machine, shop included.

    Mails appear on a local outbox page and payments are made in a sandbox: no money, no account, no network. Ctrl-C ends it.

    \b
    Examples:
      lyceum demo
      lyceum demo --port 9000 --state /tmp/lyceum-demo
    """
    addresses = Addresses(host="127.0.0.1", port=port, gatekeeper_port=gatekeeper_port or port + 1)
    folder = (state or root / FOLDER).resolve()
    # Both ports are tried before anything is built: a minute of building should not end in "port busy".
    host = SiteHost(folder / "site" / "site", addresses.host, addresses.port)
    try:
        check_free(addresses.host, addresses.gatekeeper_port, "--gatekeeper-port")
        environment = demo_environment(folder, addresses)
        _publish_if_changed(root, folder, addresses, environment)
        _run(root, host, addresses, environment)
    finally:
        host.stop()


def demo_environment(folder: Path, addresses: Addresses) -> dict[str, str]:
    """The settings of both sides, as an operator would set them; what the caller's environment says of Lyceum is left out."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LYCEUM_")}
    return {
        **kept,
        **embedded_environment(folder),
        "LYCEUM_MODE": "demo",
        "LYCEUM_STATE": str(folder),
        "LYCEUM_HOST": addresses.host,
        "LYCEUM_PORT": str(addresses.gatekeeper_port),
        "LYCEUM_SITE_URL": addresses.site,
        "LYCEUM_GATEKEEPER_URL": addresses.gatekeeper,
        "LYCEUM_DATABASE_URL": f"sqlite:///{folder / 'gatekeeper.sqlite3'}",
    }


def _publish_if_changed(root: Path, folder: Path, addresses: Addresses, environment: dict[str, str]) -> None:
    record = folder / "published.json"
    now = time.time()
    signals = _signals(root, folder)
    prints = _fingerprint(root, addresses, signals)
    if record.is_file() and (folder / "site" / "site").exists():
        before = json.loads(record.read_text(encoding="utf-8"))
        if before["fingerprint"] == prints and (before["due"] is None or now < before["due"]):
            say(f"nothing changed since release {before['release']}; not built again")
            return
    from generator.cli.pipeline import build_school, moment
    from generator.cli.publish import publish_built
    from generator.release import ReleaseSettings
    from generator.site.project import Project

    started = moment()
    project = Project(
        root=root, base_url=addresses.site, gatekeeper_url=addresses.gatekeeper, behaviour=signals
    )
    built = build_school(project, started, settles=True)
    published = publish_built(
        built, project, ReleaseSettings.from_environment(environment), started, allow_loss=True
    )
    record.write_text(
        json.dumps({"fingerprint": prints, "release": published.release, "due": built.due}), encoding="utf-8"
    )


def _signals(root: Path, folder: Path) -> Path:
    """The folder of signals: the school's own if it has any, else of readers that never were, so that its lists show what readers make of them."""
    own, made_up = folder / "signals", folder / REHEARSED
    for found in (own, made_up):
        if any(found.glob("*.parquet")):
            return found
    if importlib.util.find_spec("pyarrow") is None or importlib.util.find_spec("scipy") is None:
        say(
            "what to read next is made of tags alone; with 'pip install lyceum[recommend]' the demo draws readers"
        )
        return made_up
    from generator.cli.pipeline import moment, read_edition
    from generator.recommend import rehearsal

    now = moment()
    today = now.replace(hour=0, minute=0, second=0)  # the same readers all day, and so the same lists
    rehearsal.write(made_up, read_edition(root, now)[0], today)
    say(f"{rehearsal.READERS} made-up readers for what to read next: delete {made_up} for other ones")
    return made_up


def _fingerprint(root: Path, addresses: Addresses, signals: Path) -> str:
    """What the build depends on, by size and time of change: content, theme, configuration, signals and the generator itself."""
    import hashlib

    digest = hashlib.sha256(f"{addresses}".encode())
    generator = Path(__file__).resolve().parent.parent
    for base in (
        root / "content",
        root / "theme",
        root / "mkdocs.yml",
        signals,
        generator,
        generator.parent / "gatekeeper" / "contract",
    ):
        for path in sorted([base] if base.is_file() else base.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                status = path.stat()
                digest.update(f"{path}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _run(root: Path, host: SiteHost, addresses: Addresses, environment: dict[str, str]) -> None:
    stop = threading.Event()

    def ask_to_stop(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    # A process group of its own: Ctrl-C reaches this process only, which then ends the gatekeeper in order.
    process = subprocess.Popen(
        [sys.executable, "-m", "gatekeeper.cli", "serve"],
        env={name: value for name, value in environment.items() if name != "LYCEUM_RELEASE_KEY_FILE"},
        cwd=root,
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    before = {number: signal.signal(number, ask_to_stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        _wait_ready(process, addresses, stop)
        host.start()
        if not stop.is_set():
            _welcome(addresses)
        while not stop.wait(0.2):
            if process.poll() is not None:
                say(
                    f"the gatekeeper ended by itself (exit code {process.returncode}); the public site stays up: free pages work, "
                    "locked ones show their lead-in. Ctrl-C ends it."
                )
                stop.wait()
                raise LyceumError("the gatekeeper ended by itself", hint="its messages are above")
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        host.stop()
        _stop(process)
    say("\nstopped; accounts, orders and releases are kept for the next start")


def _wait_ready(process: subprocess.Popen[bytes], addresses: Addresses, stop: threading.Event) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not stop.is_set():
        if process.poll() is not None:
            raise LyceumError(
                f"the gatekeeper did not start (exit code {process.returncode})",
                hint="its messages are above",
            )
        try:
            with urllib.request.urlopen(addresses.gatekeeper + routes.READY, timeout=2):  # noqa: S310 - always http on loopback
                return
        except (urllib.error.URLError, OSError):
            if time.monotonic() > deadline:
                raise LyceumError(
                    f"the gatekeeper was not ready within {START_SECONDS} s", hint="its messages are above"
                ) from None
            stop.wait(0.1)


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _welcome(addresses: Addresses) -> None:
    click.echo(
        f"""
  The school      {addresses.site}
  Your account    {addresses.gatekeeper}{routes.ACCOUNT}
  Outbox          {addresses.gatekeeper}{routes.OUTBOX}    (every mail that would have been sent)

  Try this:
    1. Open the school, choose a course and a lesson with a lock.
    2. Press "Buy". Sign in with any address, such as reader@example.com;
       the six-digit code is in the outbox.
    3. Pay in the sandbox: no money moves. The lesson in the other tab opens in place.
    4. Open the same lesson in a private window: it stays locked.

  Ctrl-C ends it."""
    )

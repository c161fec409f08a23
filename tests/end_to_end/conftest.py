"""The whole product as a new user starts it: `lyceum demo` over the sample school, on free ports, with its own state."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.support.browser import *  # noqa: F403 - fixtures

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Demo:
    """A running `lyceum demo`. output: what it printed, once it has ended or was read."""

    port: int
    state: Path
    process: subprocess.Popen[str]
    output: list[str] = field(default_factory=list)

    @property
    def site(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def gatekeeper(self) -> str:
        return f"http://127.0.0.1:{self.port + 1}"

    def code(self, address: str) -> str:
        """The newest six-digit code that was mailed to an address, from the outbox page."""
        with urllib.request.urlopen(f"{self.gatekeeper}/outbox?lang=en", timeout=10) as answer:
            page = re.sub(r"<[^>]+>", " ", answer.read().decode("utf-8"))
        after = page.split(address, 1)[1]
        found = re.search(r"\b(\d{6})\b", after)
        assert found, after
        return found[1]

    def stop_gatekeeper(self) -> None:
        """End the gatekeeper alone, as a crash or a deploy would, and wait until the demo has noticed."""
        children_of = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        children = children_of.read_text().split()
        assert len(children) == 1
        os.kill(int(children[0]), signal.SIGTERM)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if not children_of.read_text().split():  # it has been waited for
                return
            time.sleep(0.1)
        raise AssertionError("the gatekeeper did not end")

    def end(self, number: int = signal.SIGINT) -> int:
        """Press Ctrl-C; returns the exit code."""
        self.process.send_signal(number)
        self.output.append(self.process.communicate(timeout=60)[0])
        return self.process.returncode


def free_pair() -> int:
    """A port that is free together with the next one."""
    for _ in range(50):
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port = int(first.getsockname()[1])
            try:
                second.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port
    raise AssertionError("no two free ports in a row")


def start_demo(state: Path, port: int) -> Demo:
    """Start it and wait for its welcome."""
    process = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "from generator.cli import main; main()",
            "demo",
            "--port",
            str(port),
            "--state",
            str(state),
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        # A shell that runs this in the background would have made it deaf to Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    demo = Demo(port=port, state=state, process=process)
    assert process.stdout is not None
    for line in process.stdout:
        demo.output.append(line)
        if "Ctrl-C ends it" in line:
            return demo
    process.communicate(timeout=60)
    raise AssertionError("the demo did not start:\n" + "".join(demo.output))


@pytest.fixture
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    running = start_demo(tmp_path_factory.mktemp("demo"), free_pair())
    yield running
    if running.process.poll() is None:
        assert running.end() == 0, "".join(running.output)


@pytest.fixture(scope="session")
def demo_again(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A demo for every test that leaves it as it found it."""
    running = start_demo(tmp_path_factory.mktemp("again"), free_pair())
    yield running
    assert running.end() == 0, "".join(running.output)

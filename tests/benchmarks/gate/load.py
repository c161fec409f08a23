"""wrk on a core of its own, and what it saw."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.gate.servers import CLIENT_CORES, Running


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Latencies in milliseconds. cpu_seconds: what the server used meanwhile."""

    requests: int
    seconds: float
    errors: int
    p50: float
    p99: float
    worst: float
    cpu_seconds: float

    @property
    def a_second(self) -> float:
        return self.requests / self.seconds

    @property
    def a_cpu_second(self) -> float:
        """Requests for each second that the server's core worked: the figure to compare where others use the machine, too."""
        return self.requests / max(self.cpu_seconds, 1e-9)


def load(
    server: Running, script: Path, *, seconds: float, connections: int = 32, cores: str = CLIENT_CORES
) -> Seen:
    before = server.cpu_seconds()
    done = subprocess.run(
        [
            *(
                "taskset",
                "-c",
                cores,
                "wrk",
                "-t1",
                f"-c{connections}",
                f"-d{max(1, round(seconds))}s",
                "--timeout",
                "10s",
            ),
            *("-s", str(script), f"http://127.0.0.1:{server.port}/"),
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=seconds + 120,
    )
    used = server.cpu_seconds() - before
    (line,) = (line for line in done.stdout.splitlines() if line.startswith("JSON "))
    raw = json.loads(line[5:])
    return Seen(
        requests=raw["requests"],
        seconds=raw["seconds"],
        errors=raw["errors"],
        p50=raw["p50"],
        p99=raw["p99"],
        worst=raw["max"],
        cpu_seconds=used,
    )

"""Prometheus metrics of all processes together, on a port of their own.

    lyceum_requests_total{route,status}     answers, by door and status
    lyceum_request_seconds{route}           how long they took inside the process; a sample, at most a hundred a second
    lyceum_limited_total{limit}             requests refused for being too many: reader, address
    lyceum_sharing_alarms_total             link-sharing alarms that rang
    lyceum_ready{part}                      1 or 0: manifest, keys, store, database; the worst process counts
    lyceum_release_loaded_seconds           when the release in use was loaded, Unix time; the slowest process counts
    lyceum_release_lessons                  lessons of the release in use
    lyceum_processes                        processes that answer

Every process writes files in one folder (the multiprocess mode of prometheus-client); the parent reads them together, so that any
worker's share is counted wherever a scrape arrives. Counting a request costs one addition in a dictionary; the files are written once a second.
No label holds a path, a reader or an address: `route` is one of a dozen words.
"""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from wsgiref.simple_server import WSGIServer

FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
SAMPLE_SECONDS = 0.01
BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """This process's share. Import of prometheus-client waits until the folder is known: it decides at import how it counts."""

    def __init__(self) -> None:
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

        own = CollectorRegistry()  # what is exported is read from the files, so nothing registers globally
        self._requests = Counter(
            "lyceum_requests", "Answers by door and status.", ["route", "status"], registry=own
        )
        self._seconds = Histogram(
            "lyceum_request_seconds",
            "Seconds inside the process, a sample.",
            ["route"],
            registry=own,
            buckets=BUCKETS,
        )
        self._limited = Counter("lyceum_limited", "Requests refused as too many.", ["limit"], registry=own)
        self._alarms = Counter("lyceum_sharing_alarms", "Link-sharing alarms that rang.", registry=own)
        self._ready = Gauge(
            "lyceum_ready", "Whether it can work.", ["part"], registry=own, multiprocess_mode="min"
        )
        self._loaded = Gauge(
            "lyceum_release_loaded_seconds",
            "When the release was loaded.",
            registry=own,
            multiprocess_mode="min",
        )
        self._lessons = Gauge(
            "lyceum_release_lessons", "Lessons of the release.", registry=own, multiprocess_mode="min"
        )
        self._processes = Gauge(
            "lyceum_processes", "Processes that answer.", registry=own, multiprocess_mode="livesum"
        )
        self._processes.set(1)
        self._lock = threading.Lock()
        self._counts: dict[tuple[str, str], int] = {}
        self._sampled_at = 0.0
        self._release = ""

    def answered(self, route: str, status: str, started: float, ended: float) -> None:
        """One request. status: its three digits; started, ended: of `time.perf_counter`."""
        key = (route, status)
        with self._lock:
            self._counts[key] = self._counts.get(key, 0) + 1
        if ended - self._sampled_at >= SAMPLE_SECONDS:
            self._sampled_at = ended
            self._seconds.labels(route).observe(ended - started)

    def limited(self, limit: str) -> None:
        self._limited.labels(limit).inc()

    def alarmed(self) -> None:
        self._alarms.inc()

    def readiness(self, state: Mapping[str, bool]) -> None:
        for part, is_so in state.items():
            self._ready.labels(part).set(int(is_so))

    def release(self, name: str, lessons: int, now: float) -> None:
        """The release in use; its time changes with its name."""
        if name != self._release:
            self._release = name
            self._loaded.set(now)
            self._lessons.set(lessons)

    def settle(self) -> None:
        """Writes what was counted into the files."""
        with self._lock:
            counts, self._counts = self._counts, {}
        for (route, status), count in counts.items():
            self._requests.labels(route, status).inc(count)


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsPort:
    """The parent's side: the folder of the counts and the server that shows them."""

    folder: str
    server: WSGIServer
    thread: threading.Thread

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(5)
        shutil.rmtree(self.folder, ignore_errors=True)

    def forget_in_child(self) -> None:
        """In a process that was forked off: the port is the parent's alone."""
        self.server.socket.close()


def open_port(host: str, port: int) -> MetricsPort:
    """Before any process is started: makes the folder, says it in the environment, listens. Raises OSError for a busy port."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))
    folder = tempfile.mkdtemp(prefix="lyceum-metrics-")
    os.environ[FOLDER_VARIABLE] = folder
    from prometheus_client import CollectorRegistry, start_http_server
    from prometheus_client.multiprocess import MultiProcessCollector

    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # it is not typed yet
    server, thread = start_http_server(port, addr=host, registry=registry)
    return MetricsPort(folder=folder, server=server, thread=thread)

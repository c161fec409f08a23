"""The soak: four processes under load for as long as it takes to see whether their memory stands still."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from gatekeeper.contract import manifest
from gatekeeper.environment import read_settings
from tests.benchmarks.gate import servers, workload
from tests.benchmarks.gate.bars import slope_a_hour
from tests.benchmarks.gate.load import Seen, load
from tests.benchmarks.gate.servers import Running

if TYPE_CHECKING:
    from tests.benchmarks.gate.__main__ import Benchmark

SETTLING_SECONDS = 60  # the new tokens, too, have been seen by then
TURNS = 3
CONNECTIONS = 1024  # many, so that what an answer takes itself is little beside the pause between two


def soak(benchmark: Benchmark, seconds: float) -> None:
    """Four processes on two cores; wrk shares them. In each turn of `seconds` the same readers bring new tokens, as they do; what a
    process keeps for some minutes has come and gone after the first turns, and the last one is judged."""
    whole = workload.school(2000)
    with contextlib.ExitStack() as stack:
        endpoint = stack.enter_context(benchmark.store(manifest.dumps(whole)))
        environ = benchmark.environ("soak", endpoint, LYCEUM_SERVER="turnstile", LYCEUM_WORKERS="4")
        settings = read_settings(environ)
        server = stack.enter_context(servers.gatekeeper(benchmark.folder, environ, cores="0,1"))
        samples = stack.enter_context(_resident(server))
        for turn in range(TURNS):
            # Tokens that just outlive ten minutes.
            known = workload.tokens(settings, whole, count=2000, ahead_seconds=25)

            def under(
                delay_ms: int,
                lasting: float,
                connections: int = CONNECTIONS,
                known: list[str] = known,
            ) -> Seen:
                walk = workload.script(
                    benchmark.folder / "soak.lua",
                    cookie=settings.entitlement_cookie,
                    known=known,
                    whole=whole,
                    delay_ms=delay_ms,
                )
                return load(server, walk, seconds=lasting, connections=connections, cores="0,1")

            under(0, 2, connections=64)
            most = under(0, 5, connections=64).a_second
            delay = _delay(most * 0.8, lambda delay_ms: under(delay_ms, 2).a_second)
            began = time.monotonic()
            seen = under(delay, seconds - 15)
            sizes = [size for at, size in samples if at > began]
            print(
                f"  turn {turn + 1}: {seen.requests:,} requests, {seen.a_second / most:.0%} of the maximum, {seen.errors} errors; MB by tenths: "
                + ", ".join(f"{sizes[len(sizes) * part // 10]:.1f}" for part in range(10)),
                flush=True,
            )
    steady = [(at, size) for at, size in samples if at > began + min(SETTLING_SECONDS, seconds / 10)]
    benchmark.judge("load of the soak beside the maximum", seen.a_second / most, 0.75, "", is_least=True)
    benchmark.judge("errors in the soak", seen.errors, 0, "")
    benchmark.judge("resident memory rises by, after the warm-up", slope_a_hour(steady), 1, "MB/h")


def _delay(wanted: float, reached: Callable[[int], float]) -> int:
    """Milliseconds that each connection has to wait for `wanted` requests a second. reached: what a wait leads to."""
    delay = round(CONNECTIONS / wanted * 1000)
    for _ in range(3):
        beside = CONNECTIONS / reached(delay) * 1000 - delay  # what an answer takes besides
        delay = max(1, round(CONNECTIONS / wanted * 1000 - beside))
    return delay


@contextlib.contextmanager
def _resident(server: Running) -> Iterator[list[tuple[float, float]]]:
    """(moment, MB of all processes), every two seconds while it lasts."""
    samples: list[tuple[float, float]] = []
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(2):
            samples.append((time.monotonic(), sum(server.resident_bytes()) / 1e6))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield samples
    finally:
        ended.set()
        watcher.join()

"""Runs the comparisons and prints each figure beside its bar.

    python -m tests.benchmarks.gate                       everything but the soak; about three minutes
    python -m tests.benchmarks.gate --cases http,inside --seconds 2 --rounds 3
    python -m tests.benchmarks.gate --cases soak --soak-seconds 600      three turns of ten minutes

nginx, the gatekeeper and the plain Flask view take turns on one core, wrk has the other; what counts is the middle one of the rounds'
ratios. Beside requests a second there are requests for each second that the server's core worked: where other programs use the machine,
that is the figure that stays the same, and the one that is judged. Exit codes: 0 every bar holds, 1 one does not.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import sys
import tempfile
import threading
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from gatekeeper.contract import manifest
from gatekeeper.contract.manifest import Manifest
from gatekeeper.environment import read_settings
from gatekeeper.settings import Settings
from gatekeeper.stores import manifests
from tests.benchmarks.gate import inside, servers, workload
from tests.benchmarks.gate.bars import Verdict, table
from tests.benchmarks.gate.load import Seen, load
from tests.benchmarks.gate.servers import Running
from tests.benchmarks.gate.soak import soak
from tests.support.gatekeeper import free_port

CASES = ("inside", "http", "manifest", "swap", "soak")
LARGE_LESSONS = 100_000


class Benchmark:
    """folder: where stores, settings and logs go."""

    def __init__(self, folder: Path, *, rounds: int, seconds: float) -> None:
        self.folder = folder
        self.rounds = rounds
        self.seconds = seconds
        self.verdicts: list[Verdict] = []

    def environ(self, name: str, endpoint: str, **more: str) -> dict[str, str]:
        """A demo gatekeeper over an S3 store. Limits count readers, but refuse nobody; wrk is one address, so those are not counted."""
        port = free_port()
        return {
            "LYCEUM_MODE": "demo",
            "LYCEUM_STATE": str(self.folder / f"state-{name}"),
            "LYCEUM_STORE": "s3://private",
            "LYCEUM_PUBLIC_STORE": (self.folder / "public").as_uri(),
            "LYCEUM_S3_ENDPOINT": endpoint,
            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "not a secret",
            "AWS_REGION": "eu-west-1",
            "LYCEUM_PORT": str(port),
            "LYCEUM_SITE_URL": workload.SITE,
            "LYCEUM_GATEKEEPER_URL": f"http://127.0.0.1:{port}",
            "LYCEUM_READER_LIMIT": "1000000",
            "LYCEUM_ADDRESS_LIMIT": "0",
            "LYCEUM_REFRESH_SECONDS": "0.5",
            **more,
        }

    @contextlib.contextmanager
    def store(self, data: bytes) -> Iterator[str]:
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        release = manifest.loads(data).release if len(data) < 1 << 20 else "20261101T080000Z-0123abcd"
        workload.publish(folder, data, release=release, number=1)
        self.shelves = folder
        with servers.bucket(folder) as endpoint:
            yield endpoint

    def judge(self, name: str, figure: float, bar: float, unit: str, *, is_least: bool = False) -> None:
        verdict = Verdict(name=name, figure=figure, bar=bar, unit=unit, is_least=is_least)
        self.verdicts.append(verdict)
        print(verdict.line(), flush=True)

    def inside(self) -> None:
        self.judge(
            "decision with signature in the process, token seen",
            inside.decision(workload.school(1000)),
            15,
            "µs",
        )
        ours, bare = inside.first_sight()
        print(f"  first sight of a token {ours:.1f} µs, the bare Ed25519 verification {bare:.1f} µs")
        self.judge("first sight of a token, beside the bare verification", ours / bare, 1.3, "×")

    def http(self) -> None:
        whole = workload.school(2000)
        with contextlib.ExitStack() as stack:
            endpoint = stack.enter_context(self.store(manifest.dumps(whole)))
            fast = self.environ("turnstile", endpoint, LYCEUM_SERVER="turnstile")
            granian = self.environ(
                "granian",
                endpoint,
                LYCEUM_STATE=fast["LYCEUM_STATE"],
                LYCEUM_GATEKEEPER_URL=fast["LYCEUM_GATEKEEPER_URL"],
            )
            settings = read_settings(fast)
            known = workload.tokens(settings, whole)
            walk = workload.script(
                self.folder / "walk.lua", cookie=settings.entitlement_cookie, known=known, whole=whole
            )
            running = [
                stack.enter_context(servers.nginx(self.folder / "nginx")),
                stack.enter_context(servers.gatekeeper(self.folder, fast)),
                stack.enter_context(servers.gatekeeper(self.folder, granian)),
                stack.enter_context(servers.plain_flask(self.folder, self._flask(settings, whole))),
            ]
            seen = self._rounds(running, walk)
            turnstile = seen["turnstile"]
            for server in ("turnstile", "granian"):
                errors = sum(one.errors for one in seen[server])
                self.judge(f"errors, {server}", errors, 0, "")
            self.judge(
                "turnstile beside nginx's constant redirect",
                _ratio(turnstile, seen["nginx"]),
                0.5,
                "×",
                is_least=True,
            )
            self.judge(
                "turnstile beside plain Flask", _ratio(turnstile, seen["plain Flask"]), 6, "×", is_least=True
            )
            print(
                f"  granian beside nginx {_ratio(seen['granian'], seen['nginx']):.2f} ×, beside plain Flask {_ratio(seen['granian'], seen['plain Flask']):.1f} ×"
            )
            self._half_load(running[1], settings, whole, max(one.a_second for one in turnstile), known)

    def _half_load(
        self, server: Running, settings: Settings, whole: Manifest, most: float, known: list[str]
    ) -> None:
        """p99 at half of the maximum: each connection waits a few milliseconds between its requests."""
        connections = 128
        delay = max(1, round(connections / (most / 2) * 1000))
        slow = workload.script(
            self.folder / "half.lua",
            cookie=settings.entitlement_cookie,
            known=known,
            whole=whole,
            delay_ms=delay,
        )
        rounds = [
            load(server, slow, seconds=self.seconds, connections=connections) for _ in range(self.rounds)
        ]
        rate = statistics.median(one.a_second for one in rounds)
        print(f"  at {rate:,.0f} requests a second, {rate / most:.0%} of the maximum")
        self.judge("p99 at half of the maximum", statistics.median(one.p99 for one in rounds), 5, "ms")

    def _rounds(self, running: list[Running], walk: Path) -> dict[str, list[Seen]]:
        seen: dict[str, list[Seen]] = defaultdict(list)
        for server in running:
            load(server, walk, seconds=1)
        for _ in range(self.rounds):
            for server in running:
                seen[server.name].append(load(server, walk, seconds=self.seconds))
        for name, rounds in seen.items():
            second = statistics.median(one.a_second for one in rounds)
            cpu = statistics.median(one.a_cpu_second for one in rounds)
            p99 = statistics.median(one.p99 for one in rounds)
            print(
                f"  {name:12} {second:9,.0f} a second {cpu:9,.0f} a CPU-second   p99 {p99:.2f} ms", flush=True
            )
        return seen

    def _flask(self, settings: Settings, whole: Manifest) -> dict[str, str]:
        described = self.folder / "flask-manifest.json"
        described.write_bytes(manifest.dumps(whole))
        return {
            "BENCH_MANIFEST": str(described),
            "BENCH_KEYS": " ".join(key.seed.reveal().hex() for key in settings.token_keys),
            "BENCH_COOKIE": settings.entitlement_cookie,
            "BENCH_AUDIENCE": settings.token_audience,
            "BENCH_ISSUER": settings.token_issuer,
            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "not a secret",
            "AWS_DEFAULT_REGION": "eu-west-1",
        }

    def manifest(self) -> None:
        whole = workload.school(LARGE_LESSONS)
        path = self.folder / "large.json"
        path.write_bytes(manifest.dumps(whole))
        read = inside.loading(path)
        print(
            f"  {LARGE_LESSONS:,} lessons, {read['bytes'] / 1e6:.0f} MB: read in {read['seconds']:.2f} s"
            f" ({read['cpu_seconds']:.2f} s of CPU), {read['costs'] / 1e6:.0f} MB kept, {read['peak'] / 1e6:.0f} MB at the peak"
        )
        self.judge("a manifest of 100,000 lessons loads in", read["cpu_seconds"], 1, "s")
        self.judge("and costs a process", read["costs"] / 1e6, 200, "MB")
        few, many = (manifests.read(manifest.dumps(one)) for one in (workload.school(1000), whole))
        turns = [(inside.decision(many, 5), inside.decision(few, 5)) for _ in range(9)]
        large, small = (statistics.median(figures) for figures in zip(*turns, strict=True))
        print(f"  1,000 lessons asked by turns, of 1,000 {small:.1f} µs, of 100,000 {large:.1f} µs")
        ratio = statistics.median(large / small for large, small in turns)
        self.judge("decision over 100,000 lessons beside 1,000", ratio, 1.25, "×")

    def swap(self) -> None:
        """A second release of 100,000 lessons arrives in the middle of the load."""
        whole = workload.school(LARGE_LESSONS)
        second = "20261102T080000Z-0123abce"
        replacement = workload.again(whole, second)
        with contextlib.ExitStack() as stack:
            endpoint = stack.enter_context(self.store(manifest.dumps(whole)))
            environ = self.environ("swap", endpoint, LYCEUM_SERVER="turnstile")
            settings = read_settings(environ)
            server = stack.enter_context(servers.gatekeeper(self.folder, environ))
            known = workload.tokens(settings, whole)
            slow = workload.script(
                self.folder / "swap.lua",
                cookie=settings.entitlement_cookie,
                known=known,
                whole=whole,
                delay_ms=10,
            )
            quiet = load(server, slow, seconds=5, connections=64)
            seconds = 12
            publisher = threading.Timer(
                2, workload.publish, (self.shelves, replacement), {"release": second, "number": 2}
            )
            publisher.start()
            seen = load(server, slow, seconds=seconds, connections=64)
            publisher.join()
            log = (self.folder / "gatekeeper-turnstile.log").read_text()
            swapped = f"release loaded: {second}" in log
        print(
            f"  before: p99 {quiet.p99:.1f} ms, worst {quiet.worst:.1f} ms; with the swap: p99 {seen.p99:.1f} ms, worst {seen.worst:.1f} ms"
        )
        self.judge("the new release was taken within 12 s", int(swapped), 1, "", is_least=True)
        self.judge("requests dropped or refused while swapping", seen.errors, 0, "")
        self.judge("p99 while swapping", seen.p99, 50, "ms")


def _ratio(ours: list[Seen], theirs: list[Seen]) -> float:
    return statistics.median(a.a_cpu_second / b.a_cpu_second for a, b in zip(ours, theirs, strict=True))


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.gate")
    parser.add_argument("--cases", default="inside,http,manifest,swap", help=f"some of {','.join(CASES)}")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3, help="of one load")
    parser.add_argument("--soak-seconds", type=float, default=600)
    chosen = parser.parse_args(arguments)
    cases = chosen.cases.split(",")
    if unknown := set(cases) - set(CASES):
        parser.error(f"no such case: {', '.join(sorted(unknown))}")
    with tempfile.TemporaryDirectory(prefix="lyceum-bench-") as folder:
        benchmark = Benchmark(Path(folder), rounds=chosen.rounds, seconds=chosen.seconds)
        print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
        for case in cases:
            print(f"{case}:", flush=True)
            soak(benchmark, chosen.soak_seconds) if case == "soak" else getattr(benchmark, case)()
    print(f"\n{table(benchmark.verdicts)}")
    return 0 if all(verdict.holds for verdict in benchmark.verdicts) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

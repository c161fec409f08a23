"""Inside one process: a decision with its signature, the first sight of a token, a large manifest.

Times are those of the thread on a processor, so that other programs on the machine count as little as they can.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from gatekeeper.contract.manifest import Manifest
from gatekeeper.gate.labels import labels
from gatekeeper.gate.lock import Lock
from gatekeeper.gate.revoked import Revoked
from gatekeeper.gate.sign import S3Signer
from gatekeeper.gate.token import TokenVerifier, mint
from gatekeeper.secrets import Secret, token_key
from gatekeeper.stores.address import S3Account

NOW = 1_800_000_000
_LOADED = """
import json, resource, sys, time
from pathlib import Path
from gatekeeper.stores import manifests
data = Path(sys.argv[1]).read_bytes()
def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
size, empty = len(data), resident() - len(data)
started, used = time.perf_counter(), time.process_time()
whole = manifests.read(data)
wall, used = time.perf_counter() - started, time.process_time() - used
del data
peak = 1024 * int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
print(json.dumps({"seconds": wall, "cpu_seconds": used, "bytes": size, "costs": resident() - empty, "peak": peak - empty, "lessons": len(whole.lessons)}))
"""


def decision(whole: Manifest, rounds: int = 15, each: int = 2000, asked: int = 1000) -> float:
    """Microseconds for: cookie → remembered token → manifest → rule → labels → SigV4 URL. asked: how many different objects, by turns."""
    key = token_key(Secret(os.urandom(32)))
    lock = Lock(TokenVerifier([key], issuer="i", audience="a"), Revoked(), cookie="lyceum_entitlement")
    token = mint(
        [key], reader="r", session="s", products={"all-access": None}, now=NOW, issuer="i", audience="a"
    )
    cookies = f"lyceum_form=abcdefgh; lyceum_entitlement={token}; lyceum_session={'s' * 43}"
    account = S3Account(
        endpoint="https://s3.example.org",
        region="eu-west-1",
        is_virtual_hosted=False,
        access_key="AKIDEXAMPLE",
        secret_key=Secret("secret"),
    )
    signer = S3Signer(account, bucket="private", lifetime_seconds=120)
    names = list(whole.parts)
    asked = min(asked, len(names))
    names = (names[:: len(names) // asked][:asked] * -(-each // asked))[:each]

    def one(name: str) -> str:
        entry = whole.parts[name]
        if lock.refusal(entry.access, lock.reader(cookies, NOW), NOW) is not None:
            raise AssertionError("refused")
        media_type, disposition = labels(entry, f"{name.rpartition('/')[2]}.html")
        return signer.sign(entry.key, media_type=media_type, disposition=disposition, now=NOW).url

    return _median(lambda: [one(name) for name in names], len(names), rounds)


def first_sight(rounds: int = 45, each: int = 60) -> tuple[float, float]:
    """Microseconds for a token that was never seen, and for the bare verification of the same signatures, by turns."""
    import base64

    key = token_key(Secret(os.urandom(32)))
    public = key.public()
    verifier = TokenVerifier([key], issuer="i", audience="a")
    ours: list[float] = []
    bare: list[float] = []
    for _ in range(rounds):
        fresh = [
            mint(
                [key],
                reader="r",
                session="s",
                products={"all-access": None},
                now=NOW,
                issuer="i",
                audience="a",
            )
            for _ in range(each)
        ]
        signed = [
            (base64.urlsafe_b64decode(seal + "=="), message.encode())
            for message, _, seal in (token.rpartition(".") for token in fresh)
        ]
        started = time.thread_time()
        for token in fresh:
            verifier.verify(token, NOW)
        middle = time.thread_time()
        for seal, message in signed:
            public.verify(seal, message)
        ours.append((middle - started) / each * 1e6)
        bare.append((time.thread_time() - middle) / each * 1e6)
    return statistics.median(ours), statistics.median(bare)


def loading(path: Path, rounds: int = 3) -> dict[str, float]:
    """Of reading the manifest in a process of its own: the middle one of some."""
    seen = [
        json.loads(
            subprocess.run([sys.executable, "-c", _LOADED, str(path)], capture_output=True, check=True).stdout
        )
        for _ in range(rounds)
    ]
    middle: dict[str, float] = sorted(seen, key=lambda one: float(one["seconds"]))[len(seen) // 2]
    return middle


def _median(work: Callable[[], object], count: int, rounds: int) -> float:
    work()
    spent = []
    for _ in range(rounds):
        started = time.thread_time()
        work()
        spent.append((time.thread_time() - started) / count * 1e6)
    return statistics.median(spent)

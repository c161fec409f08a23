"""Who was read from where, gathered beside the requests and handed on in the background.

A request costs one look into a set. What is handed on names networks, never addresses: /24 of IPv4, /48 of IPv6, which is what one
household or office has, so that a phone that changes its address within its provider's pool counts little.
"""

from __future__ import annotations

import ipaddress
import threading

PERIOD_SECONDS = (
    600  # a pair is told again after this long, so that what is remembered of the hour stays fresh
)
MOST_PAIRS = 50_000  # a flood of addresses must not fill the memory


def coarse_network(address: str) -> str:
    """`203.0.113.0/24` or `2001:db8:1::/48`; empty for what is no IP address."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    bits = 24 if parsed.version == 4 else 48
    return str(ipaddress.ip_network((parsed, bits), strict=False))


class Sightings:
    """Safe to share between threads; one of them drains."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: set[tuple[str, str]] = set()
        self._period = 0
        self._fresh: list[tuple[str, str]] = []

    def saw(self, reader: str, address: str, now: float) -> None:
        """A private object was given to `reader` at this address. now: Unix seconds."""
        pair = (reader, address)
        if pair in self._known and now // PERIOD_SECONDS == self._period:
            return
        with self._lock:
            period = int(now // PERIOD_SECONDS)
            if period != self._period:
                self._known, self._period = set(), period
            if pair not in self._known and len(self._known) < MOST_PAIRS:
                self._known.add(pair)
                self._fresh.append(pair)

    def drain(self) -> list[tuple[str, str]]:
        """Reader and network of what was seen since the last time, each once, in order."""
        with self._lock:
            fresh, self._fresh = self._fresh, []
        told = dict.fromkeys((reader, coarse_network(address)) for reader, address in fresh)
        return [(reader, network) for reader, network in told if network]

"""Who is at the other end: the right-most hop that is not a proxy of ours (attack case H02).

`X-Forwarded-For` is read only when the connection itself comes from a configured network, and then from the right: whatever a client
wrote there itself stands further left. With no configured network the header means nothing.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from gatekeeper.settings import Network

_MOST_HOPS = 20


def client_address(peer: str, forwarded_for: str, trusted: Sequence[Network]) -> str:
    """The client's address; peer: of the connection. A hop that is no address ends the walk at the last one that was."""
    client = peer
    for hop in reversed(forwarded_for.split(",")[-_MOST_HOPS:]):
        if not _is_trusted(client, trusted):
            break
        try:
            client = str(ipaddress.ip_address(hop.strip()))
        except ValueError:
            break
    return client


def _is_trusted(address: str, trusted: Sequence[Network]) -> bool:
    if not trusted:
        return False
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(parsed.version == network.version and parsed in network for network in trusted)

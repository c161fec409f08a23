"""A published school seen from outside: is it the release that it says it is, and does nothing private answer?

findings   what can be wrong, and the report
site       the addresses of a public site: path ↔ URL, what belongs to it and what to the gatekeeper
links      what a page or a sitemap refers to
fetch      asking politely: few connections, retries, Retry-After
pages      every file of the statement, and everything that pages lead to beyond it
private    addresses where something private must not answer
store      what the publisher's own store adds to a stranger's view
verify     the order of it all
"""

from __future__ import annotations

from generator.verify.findings import Finding, Kind, Verification
from generator.verify.store import StoreView, view_of_store
from generator.verify.verify import verify

__all__ = ["Finding", "Kind", "StoreView", "Verification", "verify", "view_of_store"]

"""Which pages may show the gate's pictures: those of the school's own site and no other."""

from __future__ import annotations

import pytest

from gatekeeper.web.answer import Answer, Dress


@pytest.mark.parametrize(
    ("site_origin", "policy"),
    [
        ("https://school.example.org", "same-site"),
        ("http://localhost:8000", "same-site"),
        ("http://127.0.0.1:8000", "cross-origin"),
        ("http://[::1]:8000", "cross-origin"),
    ],
)
def test_a_school_on_an_address_may_show_its_own_pictures(site_origin: str, policy: str) -> None:
    """Browsers count two ports of one IP address as two sites and would refuse every picture of the demo."""
    headers = Dress(site_origin=site_origin, is_secure=False).headers(Answer(status="200 OK"), None)
    assert dict(headers)["Cross-Origin-Resource-Policy"] == policy

"""The whole way against a real OpenID Connect provider from PyPI, in a process of its own."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from tests.gatekeeper.accounts.oidc.test_identities import leave, signed_in_as
from tests.support.identity_servers import path_of, real_provider
from tests.support.shop import ORIGIN, open_shop, visible


def test_discovery_sign_in_refusal_and_userinfo_against_a_real_provider(
    tmp_path: Path, any_database: dict[str, str]
) -> None:
    with real_provider() as provider:
        client, secret = provider.register(f"{ORIGIN}/sign-in/with/campus/back")
        provider.user("ada", email="ada@example.org", email_verified=True)
        provider.user("eve", email="eve@example.org", email_verified=False)
        environ = {
            "LYCEUM_OIDC_PROVIDERS": "campus",
            "LYCEUM_OIDC_CAMPUS_ISSUER": provider.issuer,
            "LYCEUM_OIDC_CAMPUS_CLIENT": client,
            "LYCEUM_OIDC_CAMPUS_SECRET": secret,
            "LYCEUM_OIDC_CAMPUS_TITLE": "Campus login",
        }
        with open_shop(tmp_path, **any_database, **environ) as shop:
            shop.clock.now = datetime.now(UTC)
            assert "Continue with Campus login" in visible(shop.browser().get("/sign-in"))
            ada = shop.browser()
            assert ada.get(path_of(provider.agree(leave(ada), "ada"))).headers["Location"] == "/account"
            assert signed_in_as(ada) == "ada@example.org"
            eve = shop.browser()
            assert eve.get(path_of(provider.agree(leave(eve), "eve"))).status_code == 422
            assert signed_in_as(eve) is None
            no = shop.browser()
            denied = provider.deny(leave(no))
            assert "error=access_denied" in denied
            assert no.get(path_of(denied)).status_code == 422

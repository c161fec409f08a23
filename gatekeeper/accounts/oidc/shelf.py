"""Which services readers can sign in through, from the settings. Their libraries are imported at the first use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gatekeeper.accounts.oidc.accounts import GithubAccount, IdentityAccount
from gatekeeper.accounts.oidc.discovered import DiscoveredProvider
from gatekeeper.accounts.oidc.github import Github
from gatekeeper.accounts.oidc.provider import IdentityProvider


def open_identity_providers(accounts: Sequence[IdentityAccount]) -> Mapping[str, IdentityProvider]:
    """By name, in the order of the settings. Nothing is asked yet."""
    return {
        account.name: Github(account) if isinstance(account, GithubAccount) else DiscoveredProvider(account)
        for account in accounts
    }

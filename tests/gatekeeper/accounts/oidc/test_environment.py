"""Accounts at other services out of the environment."""

from __future__ import annotations

import pytest

from gatekeeper.accounts.oidc.accounts import GithubAccount, OidcAccount
from gatekeeper.accounts.oidc.environment import is_secret_name, read_identity_accounts
from gatekeeper.environment_values import EnvironmentValues

WHOLE = {
    "LYCEUM_OIDC_PROVIDERS": "campus, github",
    "LYCEUM_OIDC_CAMPUS_ISSUER": "https://login.example.org/realm/",
    "LYCEUM_OIDC_CAMPUS_CLIENT": "one",
    "LYCEUM_OIDC_CAMPUS_SECRET": "two",
    "LYCEUM_OIDC_GITHUB_CLIENT": "three",
    "LYCEUM_OIDC_GITHUB_SECRET": "four",
}


def test_several_services_are_read_in_their_order_and_keep_their_secrets_to_themselves() -> None:
    values = EnvironmentValues(WHOLE)
    campus, github = read_identity_accounts(values)
    assert values.problems == []
    assert isinstance(campus, OidcAccount)
    assert isinstance(github, GithubAccount)
    assert (campus.issuer, campus.title) == ("https://login.example.org/realm/", "Campus")
    assert (github.url, github.api_url, github.title) == (
        "https://github.com",
        "https://api.github.com",
        "GitHub",
    )
    assert "two" not in repr(campus)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"LYCEUM_OIDC_CAMPUS_ISSUER": ""}, "LYCEUM_OIDC_CAMPUS_ISSUER is missing"),
        (
            {"LYCEUM_OIDC_CAMPUS_ISSUER": "http://login.example.org"},
            "LYCEUM_OIDC_CAMPUS_ISSUER is not an https",
        ),
        (
            {"LYCEUM_OIDC_CAMPUS_ISSUER": "https://a@login.example.org"},
            "LYCEUM_OIDC_CAMPUS_ISSUER is not an https",
        ),
        ({"LYCEUM_OIDC_CAMPUS_CLIENT": ""}, "LYCEUM_OIDC_CAMPUS_CLIENT is missing"),
        ({"LYCEUM_OIDC_GITHUB_SECRET": ""}, "LYCEUM_OIDC_GITHUB_SECRET is missing"),
        ({"LYCEUM_OIDC_GITHUB_URL": "ftp://github.example"}, "LYCEUM_OIDC_GITHUB_URL is not an https"),
        ({"LYCEUM_OIDC_PROVIDERS": "Campus/x"}, "LYCEUM_OIDC_PROVIDERS names 'Campus/x'"),
    ],
    ids=str,
)
def test_what_is_wrong_is_said(change: dict[str, str], problem: str) -> None:
    values = EnvironmentValues({**WHOLE, **change})
    read_identity_accounts(values)
    assert any(said.startswith(problem) for said in values.problems), values.problems
    assert all("two" not in said and "four" not in said for said in values.problems)


def test_nothing_is_set_up_without_names() -> None:
    values = EnvironmentValues({})
    assert read_identity_accounts(values) == ()
    assert values.problems == []


def test_the_services_secrets_leave_the_environment_of_the_serving_process() -> None:
    assert is_secret_name("LYCEUM_OIDC_CAMPUS_SECRET")
    assert not is_secret_name("LYCEUM_OIDC_CAMPUS_CLIENT")
    assert not is_secret_name("LYCEUM_OIDC_PROVIDERS")

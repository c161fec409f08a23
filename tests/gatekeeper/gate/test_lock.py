"""The lock: whose token counts, in which cookie, and until when."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatekeeper.contract.access import MEMBER, Reason, products_rule
from gatekeeper.gate.lock import Lock
from gatekeeper.gate.revoked import Revoked
from gatekeeper.gate.token import TokenVerifier, mint
from gatekeeper.secrets import Secret, TokenKey, token_key

NOW = 1_800_000_000
NAME = "lyceum_entitlement"
KEY = token_key(Secret(bytes(range(32))))
OTHER = token_key(Secret(bytes(range(1, 33))))


def token(session: str = "s", *, now: int = NOW, key: TokenKey = KEY) -> str:
    return mint(
        [key], reader="r", session=session, products={"demo": None}, now=now, issuer="i", audience="a"
    )


def lock(revoked: Revoked | None = None, keys: tuple[TokenKey, ...] = (KEY,)) -> tuple[Lock, TokenVerifier]:
    verifier = TokenVerifier(keys, issuer="i", audience="a")
    return Lock(verifier, revoked or Revoked(), cookie=NAME), verifier


@pytest.mark.parametrize(
    "cookies", ["{0}={1}", "a=b; {0}={1}", "a=b;{0}={1}; c=d", "a=b;   {0}={1};c=d", "{0}={1} ; x=y"]
)
def test_the_token_is_found_wherever_its_cookie_stands(cookies: str) -> None:
    reader = lock()[0].reader(cookies.format(NAME, token()), NOW)
    assert reader is not None
    assert reader.products == {"demo": None}


@pytest.mark.parametrize(
    "cookies",
    [
        "",
        "{1}",
        "x{0}={1}",
        "x; x{0}={1}",
        "a=b, {0}={1}",
        "{0}={1}; {0}={1}",
        "{0}=; {0}={1}",
        "{0}={1}; a={0}=",
        "a={0}={1}",
        "{0} ={1}",
    ],
)
def test_a_cookie_of_a_similar_name_or_two_of_them_are_nobodys(cookies: str) -> None:
    found = lock()[0].reader(cookies.format(NAME, token()), NOW)
    if cookies == "{0}={1}; a={0}=":  # another cookie's value may hold the name
        assert found is not None
    else:
        assert found is None


@given(st.lists(st.sampled_from(["; ", ";", " ", NAME, "=", "x", f"{NAME}=", f"{NAME}=T", ","]), max_size=9))
@settings(deadline=None)
def test_the_quick_look_finds_what_the_thorough_one_finds(pieces: list[str]) -> None:
    header = "".join(pieces)
    found = re.findall(rf"(?:^|;) *{NAME}=([^; ]*)", header)
    assert lock()[0]._token(header) == (found[0] if len(found) == 1 else None)


def test_j22_tokens_minted_up_to_a_revocation_are_dead_and_later_ones_live() -> None:
    revoked = Revoked()
    locked, _ = lock(revoked)
    before, after = token(now=NOW - 10), token(now=NOW + 1)
    assert locked.reader(f"{NAME}={before}", NOW) is not None
    revoked.replace({"s": NOW})
    assert locked.reader(f"{NAME}={before}", NOW) is None
    assert locked.reader(f"{NAME}={token(now=NOW)}", NOW) is None
    assert locked.reader(f"{NAME}={after}", NOW) is not None
    assert locked.reader(f"{NAME}={token('another', now=NOW - 10)}", NOW) is not None


def test_j20_a_retired_key_is_refused_at_once_even_for_remembered_tokens() -> None:
    locked, verifier = lock(keys=(KEY, OTHER))
    old, new = f"{NAME}={token()}", f"{NAME}={token(key=OTHER)}"
    assert locked.reader(old, NOW) is not None
    assert locked.reader(new, NOW) is not None
    verifier.use([OTHER])
    assert locked.reader(old, NOW) is None
    assert locked.reader(new, NOW) is not None


def test_a_refusal_says_why() -> None:
    locked, _ = lock()
    reader = locked.reader(f"{NAME}={token()}", NOW)
    assert locked.refusal(MEMBER, None, NOW) is Reason.ANONYMOUS
    assert locked.refusal(products_rule(["other"]), reader, NOW) is Reason.NO_ACCESS
    assert locked.refusal(products_rule(["demo"]), reader, NOW) is None

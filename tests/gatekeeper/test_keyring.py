"""Rotating the token keys: by file, while the service runs, without a moment in which a good token is refused."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gatekeeper import keyring
from gatekeeper.cli import cli
from gatekeeper.errors import GatekeeperError
from gatekeeper.gate.token import TokenVerifier, mint
from gatekeeper.keyring import AHEAD_SECONDS, Keyring, jwks, read_keys, without, write_keys
from gatekeeper.secrets import TokenKey, signing_key, token_keys_from_text
from tests.support.gatekeeper import running_gatekeeper

NOW = 1_800_000_000
SEEDS = [bytes(range(start, start + 32)).hex() for start in range(3)]


def some_keys(text: str) -> tuple[TokenKey, ...]:
    return token_keys_from_text(text)


def test_the_newest_key_whose_moment_has_come_signs() -> None:
    first, second = some_keys(f"{SEEDS[0]} {SEEDS[1]}@{NOW}")
    assert signing_key((first, second), NOW - 1) == first
    assert signing_key((first, second), NOW) == second
    assert signing_key((second,), NOW - 1) == second, "an only key signs whatever stands behind it"


def test_what_stands_in_the_file_comes_back_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "token_keys"
    held = some_keys(f"{SEEDS[0]}, {SEEDS[1]}@{NOW}")
    write_keys(file, held)
    assert read_keys(file) == held
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.chmod(0o640)
    write_keys(file, held)
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert [entry.name for entry in tmp_path.iterdir()] == ["token_keys"]


@pytest.mark.parametrize(
    "text", ["", "00", f"{SEEDS[0]}@", f"{SEEDS[0]}@-1", f"{SEEDS[0]} {SEEDS[0]}@5", "é", f"{SEEDS[0]}@1e9"]
)
def test_a_broken_file_changes_nothing_and_is_told_once(
    tmp_path: Path, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "token_keys"
    file.write_text(SEEDS[0])
    ring = Keyring(read_keys(file), file)
    told: list[object] = []
    ring.watch(told.append)
    file.write_text(text)
    assert ring.refresh() is False
    assert ring.refresh() is False
    assert [key.seed.reveal().hex() for key in ring.keys] == SEEDS[:1]
    assert told == []
    assert caplog.text.count("not renewed") == 1
    assert SEEDS[0] not in caplog.text
    file.write_text(SEEDS[1])
    assert ring.refresh() is True
    assert len(told) == 1


def test_j20_no_token_is_refused_on_the_way_from_one_key_to_the_next(tmp_path: Path) -> None:
    """Two processes read the file at different moments; each takes what the other mints, all the time."""
    file = tmp_path / "token_keys"
    file.write_text(SEEDS[0])
    rings = [Keyring(read_keys(file), file) for _ in range(2)]
    verifiers = [TokenVerifier(ring.keys, issuer="i", audience="a") for ring in rings]
    for ring, verifier in zip(rings, verifiers, strict=True):
        ring.watch(verifier.use)

    def everyone_takes_everything(now: int) -> None:
        for ring in rings:
            token = mint(ring.keys, reader="r", session="s", products={}, now=now, issuer="i", audience="a")
            for verifier in verifiers:
                verifier.verify(token, now)

    everyone_takes_everything(NOW)
    made = keyring.new_key(SEEDS[1], now=NOW)
    write_keys(file, (*read_keys(file), made))
    rings[0].refresh()
    everyone_takes_everything(NOW + AHEAD_SECONDS - 2)  # the second process has not looked yet
    rings[1].refresh()
    everyone_takes_everything(NOW + AHEAD_SECONDS)
    assert signing_key(rings[0].keys, NOW + AHEAD_SECONDS) == made
    later = NOW + AHEAD_SECONDS + 600
    write_keys(file, without(read_keys(file), rings[0].keys[0].kid[:6], now=later, at_once=False))
    rings[0].refresh()
    everyone_takes_everything(later)
    rings[1].refresh()
    everyone_takes_everything(later)
    assert [len(ring.keys) for ring in rings] == [1, 1]


def test_a_key_is_not_retired_while_tokens_under_it_live() -> None:
    old, new = held = some_keys(f"{SEEDS[0]} {SEEDS[1]}@{NOW}")
    for kid, now, why in (
        (old.kid, NOW - 1, "signs"),
        (new.kid, NOW, "signs"),
        (old.kid, NOW + 599, "1 seconds yet"),
        ("", NOW, "2 keys|no keys"),
        ("nobody", NOW, "no keys"),
    ):
        with pytest.raises(GatekeeperError, match=why):
            without(held, kid, now=now, at_once=False)
    assert without(held, old.kid, now=NOW + 600, at_once=False) == (new,)
    assert without(held, old.kid, now=NOW, at_once=True) == (new,)
    with pytest.raises(GatekeeperError, match="only key"):
        without((new,), new.kid, now=NOW, at_once=True)


def test_the_published_keys_hold_nothing_secret() -> None:
    held = some_keys(" ".join(SEEDS))
    published = jwks(held)
    assert [key["kid"] for key in published["keys"]] == [key.kid for key in held]
    assert all(set(key) == {"alg", "crv", "kid", "kty", "use", "x"} for key in published["keys"])
    said = json.dumps(published)
    for key in held:
        assert key.seed.reveal().hex() not in said
        import base64

        assert base64.urlsafe_b64encode(key.seed.reveal()).decode().rstrip("=") not in said


def test_a_stranger_verifies_our_tokens_with_the_published_keys() -> None:
    import jwt

    held = some_keys(SEEDS[0])
    token = mint(held, reader="r", session="s", products={}, now=NOW, issuer="i", audience="a")
    published = jwt.PyJWKSet.from_dict(jwks(held))
    key = published[jwt.get_unverified_header(token)["kid"]]
    options: jwt.types.Options = {"verify_exp": False, "verify_iat": False}
    assert (
        jwt.decode(token, key, algorithms=["EdDSA"], audience="a", issuer="i", options=options)["sub"] == "r"
    )


def run(environ: dict[str, str], *words: str) -> Result:
    return CliRunner().invoke(cli, list(words), env=environ, prog_name="gatekeeper")


def test_an_operator_makes_lists_and_retires_keys(tmp_path: Path) -> None:
    environ = {"LYCEUM_MODE": "demo", "LYCEUM_STATE": str(tmp_path)}
    first = run(environ, "keys", "list").output.split()
    assert first[1:] == ["signs"]
    made = run(environ, "keys", "new")
    assert made.exit_code == 0, made.output
    kid = made.output.split()[0]
    lines = [line.split() for line in run(environ, "keys", "list").output.splitlines()]
    assert [line[:2] for line in lines] == [[first[0], "signs"], [kid, "waits"]]
    refused = run(environ, "keys", "retire", first[0])
    assert refused.exit_code == 1
    assert "this key signs" in refused.output
    assert run(environ, "keys", "retire", first[0], "--now").output == f"retired {first[0]}\n"
    published = json.loads(run(environ, "keys", "list", "--json").output)
    assert [key["kid"] for key in published["keys"]] == [kid]
    assert len(read_keys(tmp_path / "token_keys")) == 1


def test_keys_in_the_environment_are_not_rotated_by_a_file(tmp_path: Path) -> None:
    environ = {"LYCEUM_MODE": "demo", "LYCEUM_STATE": str(tmp_path), "LYCEUM_TOKEN_KEYS": SEEDS[0]}
    refused = run(environ, "keys", "new")
    assert refused.exit_code == 1
    assert "LYCEUM_TOKEN_KEYS_FILE" in refused.output
    printed = run(environ, "keys", "new", "--print")
    assert printed.exit_code == 0
    assert len(token_keys_from_text(f"{SEEDS[0]} {printed.output}")) == 2


@pytest.mark.parametrize("server", ["granian", "turnstile"])
def test_a_running_service_takes_a_new_key_and_drops_a_retired_one(tmp_path: Path, server: str) -> None:
    """J20"""
    import time

    with running_gatekeeper(tmp_path, environ={"LYCEUM_SERVER": server}) as gatekeeper:
        file = gatekeeper.settings.token_keys_file
        assert file is not None
        cookie = gatekeeper.cookie({"demo": None})
        assert gatekeeper.get("/gate/parts/demo/paid", lines=cookie).status == 200
        write_keys(file, some_keys(SEEDS[2]))
        end = time.monotonic() + 20
        while gatekeeper.get("/gate/parts/demo/paid", lines=cookie).status == 200 and time.monotonic() < end:
            time.sleep(0.1)
        assert gatekeeper.get("/gate/parts/demo/paid", lines=cookie).status == 401
        published = gatekeeper.get("/.well-known/jwks.json").json()
        assert [key["kid"] for key in published["keys"]] == [some_keys(SEEDS[2])[0].kid]
        fresh = mint(
            some_keys(SEEDS[2]),
            reader="r",
            session="s",
            products={"demo": None},
            now=int(time.time()),
            issuer=gatekeeper.settings.token_issuer,
            audience=gatekeeper.settings.token_audience,
        )
        line = f"Cookie: {gatekeeper.settings.entitlement_cookie}={fresh}\r\n".encode()
        assert gatekeeper.get("/gate/parts/demo/paid", lines=line).status == 200

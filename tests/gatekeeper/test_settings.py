"""Settings: all mistakes at once, no weak secret in live mode, a demo that makes its own."""

from __future__ import annotations

import hashlib
import json
import pickle
import secrets
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gatekeeper.contract.signature import private_key, public_keys, public_text
from gatekeeper.environment import read_settings
from gatekeeper.errors import SettingsError
from gatekeeper.secrets import derive, secret_from_hex, token_keys_from_text
from tests.support.gatekeeper import ROOT, free_port

KEY = hashlib.sha256(b"a key").hexdigest()  # the same in every process, because it stands in names of tests
SEED = hashlib.sha256(b"a seed").hexdigest()
PUBLIC, OTHER = (
    public_text(private_key(hashlib.sha256(name).hexdigest()).public_key()) for name in (b"one", b"two")
)


def live(**changes: str) -> dict[str, str]:
    """A complete live environment with some changes; an empty text removes a setting."""
    environ = {
        "LYCEUM_STORE": "s3://school/private",
        "LYCEUM_PUBLIC_STORE": "s3://school-public",
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI",
        "AWS_REGION": "eu-central-1",
        "LYCEUM_GATEKEEPER_URL": "https://gate.school.example",
        "LYCEUM_SITE_URL": "https://school.example/courses",
        "LYCEUM_SECRET_KEY": KEY,
        "LYCEUM_TOKEN_KEYS": SEED,
        "LYCEUM_RELEASE_PUBLIC_KEYS": PUBLIC,
        "LYCEUM_SMTP_URL": "smtps://user:mail-password@mail.example",
        "LYCEUM_MAIL_FROM": "School <hello@school.example>",
        **changes,
    }
    return {name: value for name, value in environ.items() if value}


def problems(environ: dict[str, str]) -> list[str]:
    """The names of the settings that are refused."""
    with pytest.raises(SettingsError) as caught:
        read_settings(environ)
    assert caught.value.exit_code == 2
    return [line.split()[0] for line in caught.value.problems]


def test_live_settings_are_read() -> None:
    settings = read_settings(live())
    assert settings.gatekeeper_url == "https://gate.school.example"
    assert settings.site_url == "https://school.example/courses/"
    assert settings.site_origin == "https://school.example"
    assert (settings.store.bucket, settings.store.prefix) == ("school", "private/")
    assert settings.s3 is not None
    assert settings.s3.endpoint == "https://s3.eu-central-1.amazonaws.com"
    assert settings.s3.is_virtual_hosted
    assert settings.entitlement_cookie == "__Host-lyceum_entitlement"


def test_live_believes_signed_releases_only_unless_unsigned_ones_are_allowed() -> None:
    assert set(read_settings(live()).release_keys) == set(public_keys(PUBLIC))
    assert set(read_settings(live(LYCEUM_RELEASE_PUBLIC_KEYS=f"{PUBLIC}, {OTHER}")).release_keys) == set(
        public_keys(f"{OTHER} {PUBLIC}")
    )
    unsigned = live(LYCEUM_RELEASE_PUBLIC_KEYS="", LYCEUM_UNSIGNED_RELEASES="allow")
    assert read_settings(unsigned).release_keys == {}
    assert problems(live(LYCEUM_RELEASE_PUBLIC_KEYS="")) == ["LYCEUM_RELEASE_PUBLIC_KEYS"]
    assert problems(live(LYCEUM_UNSIGNED_RELEASES="allow")) == ["LYCEUM_UNSIGNED_RELEASES"]
    assert problems(live(LYCEUM_RELEASE_PUBLIC_KEYS="", LYCEUM_UNSIGNED_RELEASES="yes")) == [
        "LYCEUM_UNSIGNED_RELEASES",
        "LYCEUM_RELEASE_PUBLIC_KEYS",
    ]
    assert problems(live(LYCEUM_RELEASE_PUBLIC_KEYS=PUBLIC[:-2])) == ["LYCEUM_RELEASE_PUBLIC_KEYS"]


def test_live_is_the_default_and_every_missing_setting_is_named_at_once() -> None:
    assert problems({}) == [
        "LYCEUM_STORE",
        "LYCEUM_GATEKEEPER_URL",
        "LYCEUM_SITE_URL",
        "LYCEUM_SECRET_KEY",
        "LYCEUM_TOKEN_KEYS",
        "LYCEUM_RELEASE_PUBLIC_KEYS",
        "LYCEUM_SMTP_URL",
        "LYCEUM_MAIL_FROM",
    ]


@pytest.mark.parametrize(
    "weak",
    ["secret", "changeme", "a" * 64, "ab" * 31, "0123456789abcdef" * 4, KEY[:62], f"{KEY[:-1]}g", "00" * 64],
)
def test_live_refuses_a_secret_that_is_short_or_guessable(weak: str) -> None:
    """J21"""
    assert problems(live(LYCEUM_SECRET_KEY=weak)) == ["LYCEUM_SECRET_KEY"]
    assert problems(live(LYCEUM_TOKEN_KEYS=weak)) == ["LYCEUM_TOKEN_KEYS"]


def test_live_refuses_to_start_with_a_weak_secret_and_says_what_to_do(tmp_path: Path) -> None:
    """J21, the whole process"""
    environ = live(LYCEUM_SECRET_KEY="secret", LYCEUM_STORE=tmp_path.as_uri(), LYCEUM_PORT=str(free_port()))
    ended = subprocess.run(
        [sys.executable, "-m", "gatekeeper.server"], cwd=ROOT, env=environ, capture_output=True, timeout=60
    )
    assert ended.returncode == 2
    assert ended.stderr.decode().splitlines() == [
        "error: 1 mistake in the settings",
        "hint: LYCEUM_SECRET_KEY is not an even number of hex digits: make one with `openssl rand -hex 32`",
    ]


def test_a_public_key_in_any_dress_is_not_taken_for_a_token_key() -> None:
    """J02"""
    public = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    jwk = json.dumps({"kty": "RSA", "n": "AQAB", "e": "AQAB"})
    bare = "".join(pem.splitlines()[1:-1])
    for text in (pem, pem.strip(), pem.replace("\n", "\r\n"), bare, der.hex(), der.decode("latin-1"), jwk):
        with pytest.raises(ValueError, match=r"^key \d+ |holds no key"):
            token_keys_from_text(text)


def test_token_keys_keep_their_order_and_a_repeated_one_is_refused() -> None:
    other = secrets.token_hex(32)
    keys = token_keys_from_text(f"{SEED},\n {other}")
    assert [key.seed.reveal().hex() for key in keys] == [SEED, other]
    assert len({key.kid for key in keys}) == 2
    with pytest.raises(ValueError, match="twice"):
        token_keys_from_text(f"{SEED} {other} {SEED}")


def test_the_kid_is_the_thumbprint_of_rfc_8037() -> None:
    """Known answer: RFC 8037, appendix A.3"""
    seed = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
    assert token_keys_from_text(seed)[0].kid == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def test_no_secret_shows_in_a_repr_or_in_a_message() -> None:
    settings = read_settings(live())
    for shown in (repr(settings), str(settings)):
        for secret in (KEY, SEED, "wJalrXUtnFEMI", "mail-password"):
            assert secret not in shown
    with pytest.raises(SettingsError) as caught:
        read_settings(
            live(LYCEUM_SECRET_KEY="zz-secret", LYCEUM_TOKEN_KEYS="zz-seed", LYCEUM_SMTP_URL="zz-password")
        )
    assert "zz-" not in caught.value.hint


def test_settings_survive_the_way_into_another_process() -> None:
    settings = read_settings(live())
    assert pickle.loads(pickle.dumps(settings)) == settings


def test_a_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(f"{KEY}\n")
    settings = read_settings(live(LYCEUM_SECRET_KEY="", LYCEUM_SECRET_KEY_FILE=str(file)))
    assert settings.secret_key.reveal().hex() == KEY
    assert problems(live(LYCEUM_SECRET_KEY_FILE=str(file))) == ["LYCEUM_SECRET_KEY"]  # given twice


def test_a_secret_file_that_cannot_be_read_is_one_mistake_not_two(tmp_path: Path) -> None:
    for path in (tmp_path / "missing", tmp_path):
        named = live(LYCEUM_SECRET_KEY="", LYCEUM_SECRET_KEY_FILE=str(path))
        assert problems(named) == ["LYCEUM_SECRET_KEY_FILE"]
    empty = tmp_path / "empty"
    empty.write_text(" \n")
    named = live(LYCEUM_SMTP_URL="", LYCEUM_SMTP_URL_FILE=str(empty))
    assert problems(named) == ["LYCEUM_SMTP_URL_FILE"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LYCEUM_MODE", "production"),
        ("LYCEUM_PORT", "0"),
        ("LYCEUM_METRICS", "9102"),
        ("LYCEUM_ACCEL_REDIRECT", "/"),
        ("LYCEUM_ACCEL_REDIRECT", "/_lyceum"),
        ("LYCEUM_ACCEL_REDIRECT", "/../_lyceum/"),
        ("LYCEUM_ACCEL_REDIRECT", "https://x/"),
        ("LYCEUM_METRICS", "127.0.0.1:x"),
        ("LYCEUM_METRICS", "127.0.0.1:65536"),
        ("LYCEUM_LOG", "xml"),
        ("LYCEUM_DRAIN_SECONDS", "0"),
        ("LYCEUM_READER_LIMIT", "-1"),
        ("LYCEUM_ADDRESS_LIMIT", "many"),
        ("LYCEUM_SHARING_NETWORKS", "1.5"),
        ("LYCEUM_REDIS_URL", "127.0.0.1:6379"),
        ("LYCEUM_PORT", "eighty"),
        ("LYCEUM_PORT", "٨٠"),
        ("LYCEUM_WORKERS", "-1"),
        ("LYCEUM_URL_SECONDS", "301"),
        ("LYCEUM_REFRESH_SECONDS", "nan"),
        ("LYCEUM_STORE", "s3://"),
        ("LYCEUM_STORE", "s3://school/../other"),
        ("LYCEUM_STORE", "file://relative/dir"),
        ("LYCEUM_STORE", "/srv/school"),
        ("LYCEUM_PUBLIC_STORE", "https://school.example"),
        ("LYCEUM_GATEKEEPER_URL", "http://gate.school.example"),
        ("LYCEUM_GATEKEEPER_URL", "https://gate.school.example/path"),
        ("LYCEUM_GATEKEEPER_URL", "https://user@gate.school.example"),
        ("LYCEUM_GATEKEEPER_URL", "https://gate.school.example:port"),
        ("LYCEUM_SITE_URL", "http://school.example"),
        ("LYCEUM_SITE_URL", "school.example"),
        ("LYCEUM_S3_ENDPOINT", "ftp://store"),
        ("LYCEUM_S3_ADDRESSING", "both"),
        ("LYCEUM_SMTP_URL", "mail.example"),
        ("LYCEUM_MAIL_FROM", "School"),
        ("LYCEUM_MAIL_FROM", "a@b\nBcc: c@d"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused_by_name(name: str, value: str) -> None:
    assert problems(live(**{name: value})) == [name]


def test_s3_needs_its_credentials_but_a_folder_does_not() -> None:
    assert problems(live(AWS_SECRET_ACCESS_KEY="")) == ["AWS_SECRET_ACCESS_KEY"]
    folders = live(
        LYCEUM_STORE="file:///srv/private", LYCEUM_PUBLIC_STORE="file:///srv/public", AWS_ACCESS_KEY_ID=""
    )
    assert read_settings(folders).s3 is None


def test_a_demo_makes_its_secrets_once_and_keeps_them_private(tmp_path: Path) -> None:
    environ = {"LYCEUM_MODE": "demo", "LYCEUM_STATE": str(tmp_path / "state")}
    first, second = read_settings(environ), read_settings(environ)
    assert first == second
    for name in ("secret_key", "token_keys"):
        mode = stat.S_IMODE((tmp_path / "state" / name).stat().st_mode)
        assert mode == 0o600
    assert sorted(path.name for path in (tmp_path / "state").iterdir()) == ["secret_key", "token_keys"]
    other = read_settings({**environ, "LYCEUM_STATE": str(tmp_path / "other")})
    assert other.secret_key != first.secret_key


def test_a_demo_on_loopback_has_cookies_that_plain_http_can_keep(tmp_path: Path) -> None:
    settings = read_settings({"LYCEUM_MODE": "demo", "LYCEUM_STATE": str(tmp_path)})
    assert settings.entitlement_cookie == "lyceum_entitlement"
    assert not settings.is_secure


def test_a_demo_whose_state_folder_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    environ = {"LYCEUM_MODE": "demo", "LYCEUM_STATE": str(tmp_path / "file")}
    assert set(problems(environ)) == {"LYCEUM_STATE"}


def test_a_derived_key_depends_on_its_purpose_and_on_the_secret() -> None:
    one, two = secret_from_hex(KEY), secret_from_hex(SEED)
    derived = {derive(one, "a"), derive(one, "b"), derive(two, "a")}
    assert len(derived) == 3
    assert derive(one, "a") in derived
    assert all(len(key) == 32 for key in derived)
    with pytest.raises(ValueError, match="purpose"):
        derive(one, "")


def test_limits_and_operations_are_read() -> None:
    settings = read_settings(
        live(
            LYCEUM_READER_LIMIT="0",
            LYCEUM_ADDRESS_LIMIT="50",
            LYCEUM_SHARING_NETWORKS="3",
            LYCEUM_REDIS_URL="redis://:redis-password@cache:6379/1",
            LYCEUM_METRICS="[::1]:9102",
            LYCEUM_LOG="json",
            LYCEUM_DRAIN_SECONDS="5",
        )
    )
    limits, operations = settings.limits, settings.operations
    assert (limits.reader_per_minute, limits.address_per_minute, limits.sharing_networks) == (0, 50, 3)
    assert limits.redis_url is not None
    assert "redis-password" not in repr(settings)
    assert (operations.metrics, operations.is_log_json, operations.drain_seconds) == (("::1", 9102), True, 5)
    assert read_settings(live()).operations.metrics is None


def cloudfront(**more: str) -> dict[str, str]:
    from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = generate_private_key(public_exponent=65537, key_size=2048)
    return {
        "LYCEUM_CLOUDFRONT_URL": "https://cdn.school.example/",
        "LYCEUM_CLOUDFRONT_KEY_ID": "K2",
        "LYCEUM_CLOUDFRONT_KEY": key.private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        ).decode(),
        "LYCEUM_CLOUDFRONT_DOMAIN": "school.example",
        **more,
    }


def test_delivery_is_read() -> None:
    settings = read_settings(live(LYCEUM_ACCEL_REDIRECT="/_lyceum/", **cloudfront()))
    assert settings.delivery.accel_prefix == "/_lyceum/"
    assert settings.delivery.cloudfront is not None
    assert settings.delivery.cloudfront.origin == "https://cdn.school.example"
    assert "PRIVATE KEY" not in repr(settings)
    assert read_settings(live()).delivery.cloudfront is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"LYCEUM_CLOUDFRONT_KEY": "-----BEGIN PRIVATE KEY-----"},
        {"LYCEUM_CLOUDFRONT_KEY": "secret"},
        {"LYCEUM_CLOUDFRONT_KEY_ID": ""},
        {"LYCEUM_CLOUDFRONT_DOMAIN": "school.example; Path=/"},
        {"LYCEUM_CLOUDFRONT_URL": "http://cdn.school.example"},
    ],
)
def test_a_cloudfront_setting_that_cannot_be_is_refused(wrong: dict[str, str]) -> None:
    assert problems(live(**cloudfront(**wrong))) == list(wrong)

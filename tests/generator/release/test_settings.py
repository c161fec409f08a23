"""The environment of a publish: what is read, and what is wrong with it, all at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from gatekeeper.contract import signature
from gatekeeper.contract.address import StoreAddress
from generator.errors import SettingsError
from generator.release import ReleaseSettings, open_stores
from generator.release.folder import FolderStore
from generator.release.s3 import S3Store
from generator.release.settings import S3Access
from generator.release.site_bucket import BucketSite
from generator.release.site_folder import FolderSite

KEY = "00112233445566778899aabbccddeeff"
SEED = bytes(range(32)).hex()
FOLDERS = {
    "LYCEUM_STORE": "file:///srv/school/store",
    "LYCEUM_PUBLIC_STORE": "file:///srv/school/public",
    "LYCEUM_CONTENT_KEY": KEY,
    "LYCEUM_RELEASE_KEY": SEED,
}
BUCKETS = {
    "LYCEUM_STORE": "s3://school-private/a/b",
    "LYCEUM_PUBLIC_STORE": "s3://school-public",
    "LYCEUM_CONTENT_KEY": KEY,
    "LYCEUM_RELEASE_KEY": SEED,
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "secret-of-the-account",
}


def read(environ: dict[str, str]) -> ReleaseSettings:
    return ReleaseSettings.from_environment(environ)


def wrong(environ: dict[str, str]) -> SettingsError:
    with pytest.raises(SettingsError) as caught:
        read(environ)
    assert caught.value.exit_code == 2
    assert caught.value.hint
    return caught.value


def test_folders_need_no_account() -> None:
    settings = read(FOLDERS)
    assert settings.store == StoreAddress(folder=Path("/srv/school/store"))
    assert settings.s3 is None
    assert settings.content_key == bytes.fromhex(KEY)
    assert (settings.base_url, settings.gatekeeper_url) == (None, None)
    stores = open_stores(settings)
    assert isinstance(stores.private, FolderStore)
    assert isinstance(stores.public, FolderSite)


def test_buckets_are_read_with_their_account() -> None:
    settings = read(BUCKETS | {"LYCEUM_S3_ENDPOINT": "https://s3.example:9000/", "AWS_SESSION_TOKEN": "t"})
    assert settings.store == StoreAddress(bucket="school-private", prefix="a/b/")
    assert settings.s3 == S3Access(
        endpoint="https://s3.example:9000",
        region="us-east-1",
        is_virtual_hosted=False,
        access_key="AKIDEXAMPLE",
        secret_key="secret-of-the-account",
        session_token="t",
    )
    stores = open_stores(settings)
    assert isinstance(stores.private, S3Store)
    assert isinstance(stores.public, BucketSite)
    assert (stores.private.label, stores.public.label) == ("s3://school-private/a/b/", "s3://school-public/")


def test_amazon_is_addressed_by_bucket_name_and_region() -> None:
    settings = read(BUCKETS | {"AWS_DEFAULT_REGION": "eu-west-1"})
    assert settings.s3 is not None
    assert (settings.s3.endpoint, settings.s3.region, settings.s3.is_virtual_hosted) == (
        "",
        "eu-west-1",
        True,
    )
    settings = read(BUCKETS | {"AWS_REGION": "eu-north-1", "LYCEUM_S3_ADDRESSING": "path"})
    assert settings.s3 is not None
    assert (settings.s3.region, settings.s3.is_virtual_hosted) == ("eu-north-1", False)


def test_addresses_overrule_those_of_the_school() -> None:
    settings = read(
        FOLDERS
        | {
            "LYCEUM_SITE_URL": "https://school.example/base",
            "LYCEUM_GATEKEEPER_URL": "https://gate.example/",
        }
    )
    assert settings.base_url == "https://school.example/base/"
    assert settings.gatekeeper_url == "https://gate.example"


def test_secrets_may_lie_in_files(tmp_path: Path) -> None:
    environ = dict(BUCKETS)
    for name in ("LYCEUM_CONTENT_KEY", "LYCEUM_RELEASE_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        place = tmp_path / name
        place.write_text(environ.pop(name) + "\n")
        environ[f"{name}_FILE"] = str(place)
    assert read(environ) == read(BUCKETS)


def test_listing_and_rolling_back_need_no_content_key() -> None:
    environ = {name: value for name, value in FOLDERS.items() if name != "LYCEUM_CONTENT_KEY"}
    assert ReleaseSettings.from_environment(environ, needs_content_key=False).content_key is None
    wrong(environ)


def test_looking_and_planning_need_no_release_key_and_publishing_does() -> None:
    environ = {name: value for name, value in FOLDERS.items() if name != "LYCEUM_RELEASE_KEY"}
    assert ReleaseSettings.from_environment(environ, needs_release_key=False).release_key == ""
    assert "LYCEUM_RELEASE_KEY is missing" in str(wrong(environ))
    assert read(environ | {"LYCEUM_UNSIGNED_RELEASES": "allow"}).release_key == ""
    assert "LYCEUM_UNSIGNED_RELEASES is 'yes'" in str(wrong(environ | {"LYCEUM_UNSIGNED_RELEASES": "yes"}))


@pytest.mark.parametrize("seed", ["0" * 64, SEED[:-2], f"{SEED}00", "x" * 64])
def test_a_weak_release_key_is_refused_and_not_repeated_j21(seed: str) -> None:
    error = wrong(FOLDERS | {"LYCEUM_RELEASE_KEY": seed})
    assert "LYCEUM_RELEASE_KEY" in str(error)
    assert seed not in f"{error}{error.hint}"


def test_earlier_release_keys_are_known_too() -> None:
    earlier = signature.public_text(signature.private_key(bytes(range(1, 33)).hex()).public_key())
    stores = open_stores(read(FOLDERS | {"LYCEUM_RELEASE_PUBLIC_KEYS": earlier}))
    assert stores.signer is not None
    assert set(stores.signer.known) == {
        *signature.public_keys(earlier),
        signature.key_id(stores.signer.key.public_key()),
    }
    assert "LYCEUM_RELEASE_PUBLIC_KEYS" in str(wrong(FOLDERS | {"LYCEUM_RELEASE_PUBLIC_KEYS": "hex"}))


def test_all_mistakes_are_told_at_once() -> None:
    error = wrong(
        {
            "LYCEUM_STORE": "s3://Bad_Bucket",
            "LYCEUM_PUBLIC_STORE": "s3://good-bucket",
            "LYCEUM_S3_ENDPOINT": "ftp://x",
            "LYCEUM_S3_ADDRESSING": "sideways",
            "LYCEUM_SITE_URL": "school.example",
        }
    )
    for name in (
        "LYCEUM_STORE does not name a bucket",
        "LYCEUM_S3_ENDPOINT is not",
        "LYCEUM_S3_ADDRESSING is 'sideways'",
        "AWS_ACCESS_KEY_ID is missing",
        "AWS_SECRET_ACCESS_KEY is missing",
        "LYCEUM_CONTENT_KEY is missing",
        "LYCEUM_RELEASE_KEY is missing",
        "LYCEUM_SITE_URL is not",
    ):
        assert name in str(error)
    assert "openssl rand -hex 32" in error.hint


@pytest.mark.parametrize(
    "store",
    [
        "",
        "/srv/store",
        "file://host/srv",
        "file:relative",
        "file:///srv?x=1",
        "file:///srv#x",
        "s3://",
        "s3://ab",
        "s3://bucket/../up",
        "s3://bucket/课",
        "s3://user:pass@bucket",
        "http://bucket",
        "gs://bucket",
        "file:///a%00b",
        "s3://[x",
    ],
)
def test_a_store_is_a_folder_or_a_bucket(store: str) -> None:
    assert "LYCEUM_STORE" in str(wrong(FOLDERS | {"LYCEUM_STORE": store}))


@pytest.mark.parametrize(
    ("private", "public"),
    [
        ("file:///srv/a", "file:///srv/a"),
        ("file:///srv/a/site", "file:///srv/a"),
        ("file:///srv/a", "file:///srv/a/public"),
        ("file:///srv/b/../a/x", "file:///srv/a"),
        ("s3://bucket", "s3://bucket"),
        ("s3://bucket/private", "s3://bucket"),
        ("s3://bucket/a", "s3://bucket/a/b"),
    ],
)
def test_private_and_public_store_lie_apart(private: str, public: str) -> None:
    error = wrong(BUCKETS | {"LYCEUM_STORE": private, "LYCEUM_PUBLIC_STORE": public})
    assert "within one another" in str(error)


@pytest.mark.parametrize(
    ("private", "public"),
    [
        ("file:///srv/a", "file:///srv/ab"),
        ("s3://bucket/a", "s3://bucket/ab"),
        ("s3://bucket/a", "s3://other/a"),
    ],
)
def test_neighbours_are_not_within_one_another(private: str, public: str) -> None:
    read(BUCKETS | {"LYCEUM_STORE": private, "LYCEUM_PUBLIC_STORE": public})


@pytest.mark.parametrize(
    "key", ["00112233", "0011223344556677889900aabbccddee0", "not hex" * 8, "00" * 32, "ab" * 16, "1234" * 16]
)
def test_a_weak_content_key_is_refused_and_not_repeated_j21(key: str) -> None:
    error = wrong(FOLDERS | {"LYCEUM_CONTENT_KEY": key})
    assert "LYCEUM_CONTENT_KEY" in str(error)
    assert key not in str(error) + error.hint


def test_a_secret_given_twice_or_in_no_readable_file_is_a_mistake(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.write_text("\n")
    assert "both set" in str(wrong(FOLDERS | {"LYCEUM_CONTENT_KEY_FILE": "/x"}))
    bare = {name: value for name, value in FOLDERS.items() if name != "LYCEUM_CONTENT_KEY"}
    for file in (str(tmp_path / "none"), str(tmp_path), str(empty)):
        assert "LYCEUM_CONTENT_KEY_FILE" in str(wrong(bare | {"LYCEUM_CONTENT_KEY_FILE": file}))


def test_no_repr_shows_a_secret() -> None:
    settings = read(BUCKETS | {"AWS_SESSION_TOKEN": "the-session-token"})
    for secret in ("secret-of-the-account", "the-session-token", KEY, SEED, str(bytes.fromhex(KEY))):
        assert secret not in repr(settings)

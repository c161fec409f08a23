"""Object keys: unguessable where private, plain where not, and never a path out of the store."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.contract import keys

RELEASE = "20261122T160501Z-1a2b3c4d"
DIGESTS = st.binary(min_size=32, max_size=32)


def test_keys_stay_where_they_are() -> None:
    """Stores hold objects under these names: a change orphans every one of them."""
    assert keys.CURRENT == "current.json"
    assert keys.pointer_key(1) == "pointers/00000001.json"
    assert keys.pointer_key(99_999_999) == "pointers/99999999.json"
    assert keys.switch_key(RELEASE) == f"pointers/switch-{RELEASE}.json"
    assert keys.manifest_key(RELEASE) == f"releases/{RELEASE}/manifest.json"
    assert keys.public_list_key(RELEASE) == f"releases/{RELEASE}/public.json"
    assert keys.public_key("ab" * 32) == "public/" + "ab" * 32


def test_the_private_key_of_known_bytes_is_known() -> None:
    assert keys.private_key(bytes(range(16)), bytes(32)) == "private/e7ac1504d54a045f6ad90440375f08e0b7a4e9a9"


@given(DIGESTS, DIGESTS, st.binary(min_size=16, max_size=40), st.binary(min_size=16, max_size=40))
def test_a_private_key_depends_on_content_and_secret_and_shows_neither_r4(
    one: bytes, other: bytes, secret: bytes, another: bytes
) -> None:
    key = keys.private_key(secret, one)
    assert keys.is_key(key)
    assert key == keys.private_key(secret, one)
    assert (key == keys.private_key(secret, other)) == (one == other)
    # HMAC pads short keys with zeros, so secrets that differ only there are one
    assert (key == keys.private_key(another, one)) == (secret.rstrip(b"\0") == another.rstrip(b"\0"))
    assert one.hex()[:16] not in key
    assert len(bytes.fromhex(key.removeprefix("private/"))) * 8 >= 128


@pytest.mark.parametrize("secret", [b"", b"short", bytes(15)])
def test_a_short_secret_names_no_object(secret: bytes) -> None:
    with pytest.raises(ValueError, match="at least 16"):
        keys.private_key(secret, bytes(32))


@pytest.mark.parametrize("digest", [b"", bytes(31), bytes(33), b"0" * 64])
def test_only_a_whole_digest_names_an_object(digest: bytes) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        keys.private_key(bytes(16), digest)


@pytest.mark.parametrize("digest", ["", "ab" * 31, "AB" * 32, "ab" * 32 + "\n", "../" + "a" * 61, "ab" * 33])
def test_a_public_key_is_made_of_a_hex_digest_alone(digest: str) -> None:
    with pytest.raises(ValueError, match="hex"):
        keys.public_key(digest)


@pytest.mark.parametrize("number", [0, -1, 100_000_000])
def test_pointer_numbers_have_eight_digits(number: int) -> None:
    with pytest.raises(ValueError, match="range"):
        keys.pointer_key(number)


@pytest.mark.parametrize(
    "release",
    [
        "",
        "x",
        "../x",
        f"{RELEASE}/",
        f"{RELEASE}\n",
        f" {RELEASE}",
        RELEASE.upper(),
        RELEASE[:-1],
        "20261122T160501Z-",
    ],
)
def test_no_path_hides_in_a_release_id(release: str) -> None:
    for build in (keys.manifest_key, keys.public_list_key, keys.switch_key, keys.checked_release):
        with pytest.raises(ValueError, match="release id"):
            build(release)


@pytest.mark.parametrize(
    "text", ["a", "a/b", "a.b/c-d_e", "private/0f", "releases/x/manifest.json", "A/0", "a" * 512]
)
def test_what_is_a_key(text: str) -> None:
    assert keys.is_key(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/",
        "/a",
        "a/",
        "a//b",
        ".",
        "..",
        "a/..",
        "a/../b",
        "./a",
        ".a",
        "a/.b",
        "a\\b",
        "a b",
        "a%2fb",
        "a?b",
        "a#b",
        "a:b",
        "课",
        "a\0",
        "a\n",
        "a" * 513,
        "CON ",
        "x::$DATA",
    ],
)
def test_what_is_no_key_p02_p08_p09(text: str) -> None:
    assert not keys.is_key(text)


@given(st.text(max_size=30))
def test_a_key_never_leaves_its_store_p15(text: str) -> None:
    if keys.is_key(text):
        parts = text.split("/")
        assert all(part and not part.startswith(".") for part in parts)
        assert text.isascii()

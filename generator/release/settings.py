"""What publishing needs from the environment: stores, accounts, the content key, and addresses that overrule school.yml.

    LYCEUM_STORE            the private store: file:///abs/dir or s3://bucket[/prefix]
    LYCEUM_PUBLIC_STORE     the public site's, same forms
    LYCEUM_S3_ENDPOINT      an S3-compatible server; Amazon's own when absent
    LYCEUM_S3_ADDRESSING    path or virtual; default path with an endpoint, else virtual
    AWS_REGION (AWS_DEFAULT_REGION), AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN
    LYCEUM_CONTENT_KEY      at least 16 random bytes as hex; names private objects
    LYCEUM_RELEASE_KEY      Ed25519 seed as 64 hex digits; signs releases
    LYCEUM_RELEASE_PUBLIC_KEYS   public halves of earlier release keys, whose releases may still be gone back to
    LYCEUM_UNSIGNED_RELEASES     refuse (default) or allow: publishing without a release key
    LYCEUM_SIGNALS_KEY      shown to the gatekeeper to be given the signals; may be absent
    LYCEUM_SIGNALS_ENGINE_URL    where the signals lie, if in an author's own engine; with LYCEUM_SIGNALS_ENGINE_TABLE (`recommend.sources`)
    LYCEUM_FIGURES_KEY      shown to the gatekeeper to be told how many readers own what; may be absent
    LYCEUM_GRACE_SECONDS    how long a public bucket keeps assets that only older pages need; default 600
    LYCEUM_PRECOMPRESS      compressed twins in a public folder: gzip (default), gzip,br or none
    LYCEUM_SITE_URL, LYCEUM_GATEKEEPER_URL     instead of those in school.yml

Every secret may also be given as NAME_FILE, the path of a file that holds it. All mistakes are reported at once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gatekeeper.contract import keys, signature
from gatekeeper.contract.address import StoreAddress, parse_store
from generator.errors import SettingsError

_HEX = re.compile(r"(?:[0-9a-fA-F]{2})+", re.ASCII)
_ENCODINGS = frozenset({"gzip", "br"})
_FORM = "write file:///abs/dir or s3://bucket/prefix"
_MINIMUM_DISTINCT_BYTES = 8  # 16 random bytes have fewer different ones about once in ten million times


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Access:
    """endpoint: "" for Amazon's own."""

    endpoint: str
    region: str
    is_virtual_hosted: bool
    access_key: str
    secret_key: str = field(repr=False)
    session_token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseSettings:
    """content_key: None only where it was not asked for. base_url (with a final slash), gatekeeper_url (without): None if not set.

    release_key: a seed as hex, empty where it was not asked for and where unsigned releases are allowed. release_public_keys: as
    `contract.signature.public_keys` reads them. precompress: see `twins`.
    """

    store: StoreAddress
    public_store: StoreAddress
    s3: S3Access | None
    content_key: bytes | None = field(repr=False)
    base_url: str | None
    gatekeeper_url: str | None
    release_key: str = field(default="", repr=False)
    release_public_keys: str = ""
    grace_seconds: int = 0
    precompress: tuple[str, ...] = ()

    @classmethod
    def from_environment(
        cls, environ: Mapping[str, str], *, needs_content_key: bool = True, needs_release_key: bool = True
    ) -> ReleaseSettings:
        """The settings in `environ`. needs_content_key: publishing does, listing and rolling back do not.

        needs_release_key: publishing and rolling back do, looking and planning do not.
        Raises SettingsError with every mistake.
        """
        return _Reader(environ).settings(needs_content_key, needs_release_key)


def figures_key(environ: Mapping[str, str]) -> str:
    """LYCEUM_FIGURES_KEY, "" if it is not set. Raises SettingsError if its file cannot be read."""
    return _Reader(environ).shown_key("LYCEUM_FIGURES_KEY")


def signals_key(environ: Mapping[str, str]) -> str:
    """LYCEUM_SIGNALS_KEY, "" if it is not set. Raises SettingsError if its file cannot be read."""
    return _Reader(environ).shown_key("LYCEUM_SIGNALS_KEY")


def signals_engine_url(environ: Mapping[str, str]) -> str:
    """LYCEUM_SIGNALS_ENGINE_URL, "" if it is not set. Raises SettingsError if its file cannot be read."""
    return _Reader(environ).shown_key("LYCEUM_SIGNALS_ENGINE_URL")


def verifying_keys(environ: Mapping[str, str]) -> dict[str, Ed25519PublicKey]:
    """Key id → public key of everybody who may have signed releases of this school; empty if no key is set. Raises SettingsError."""
    return _Reader(environ).verifying_keys()


class _Reader:
    """Reads one environment and collects what is wrong with it."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._problems: list[tuple[str, str]] = []  # what, hint

    def settings(self, needs_content_key: bool, needs_release_key: bool) -> ReleaseSettings:
        store, public_store = self._store("LYCEUM_STORE"), self._store("LYCEUM_PUBLIC_STORE")
        addresses = [address for address in (store, public_store) if address is not None]
        s3 = self._s3() if any(address.bucket for address in addresses) else None
        content_key = self._content_key() if needs_content_key else None
        release_key, public_keys = self._release_key(needed=needs_release_key), self._public_keys()
        base_url, gatekeeper_url = self._url("LYCEUM_SITE_URL"), self._url("LYCEUM_GATEKEEPER_URL")
        grace_seconds, precompress = self._grace_seconds(), self._precompress()
        if gatekeeper_url is not None and urlsplit(gatekeeper_url).path:
            self._wrong(
                "LYCEUM_GATEKEEPER_URL has a path", "give the origin alone, like https://gate.example.org"
            )
        if store is not None and public_store is not None and _overlap(store, public_store):
            self._wrong(
                "LYCEUM_STORE and LYCEUM_PUBLIC_STORE lie within one another",
                "keep private objects apart from what the web server shows: two folders or two buckets side by side",
            )
        self._raise()
        assert store is not None  # noqa: S101 - a missing one is a problem
        assert public_store is not None  # noqa: S101
        return ReleaseSettings(
            store=store,
            public_store=public_store,
            s3=s3,
            content_key=content_key,
            base_url=None if base_url is None else f"{base_url}/",
            gatekeeper_url=gatekeeper_url,
            release_key=release_key,
            release_public_keys=public_keys,
            grace_seconds=grace_seconds,
            precompress=precompress,
        )

    def shown_key(self, name: str) -> str:
        text = self._secret(name, "") if self._names(name) else ""
        self._raise()
        return text

    def verifying_keys(self) -> dict[str, Ed25519PublicKey]:
        own, others = self._release_key(needed=False), self._public_keys()
        self._raise()
        known = signature.public_keys(others) if others else {}
        if own:
            public = signature.private_key(own).public_key()
            known[signature.key_id(public)] = public
        return known

    def _raise(self) -> None:
        if self._problems:
            whats, hints = zip(*self._problems, strict=True)
            raise SettingsError("; ".join(whats), where="environment", hint="; ".join(dict.fromkeys(hints)))

    def _wrong(self, what: str, hint: str) -> None:
        self._problems.append((what, hint))

    def _text(self, name: str, default: str = "") -> str:
        return self._environ.get(name, "").strip() or default

    def _secret(self, name: str, hint: str) -> str:
        """The value of NAME or the content of the file that NAME_FILE names, "" if wrong; never repeated in a message."""
        value, path = self._text(name), self._text(f"{name}_FILE")
        if value and path:
            self._wrong(f"{name} and {name}_FILE are both set", "keep one of them")
        if value:
            return value
        if not path:
            self._wrong(f"{name} is missing", hint)
            return ""
        try:
            value = Path(path).read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            self._wrong(f"{name}_FILE cannot be read: {reason}", "check its path and permissions")
            return ""
        if not value:
            self._wrong(f"{name}_FILE names an empty file", "write the secret into it")
        return value

    def _names(self, secret: str) -> bool:
        return bool(self._text(secret) or self._text(f"{secret}_FILE"))

    def _release_key(self, *, needed: bool) -> str:
        name, allowance = "LYCEUM_RELEASE_KEY", self._text("LYCEUM_UNSIGNED_RELEASES", "refuse")
        hint = "make one with `lyceum keys new FILE` and set LYCEUM_RELEASE_KEY_FILE"
        if allowance not in {"refuse", "allow"}:
            self._wrong(f"LYCEUM_UNSIGNED_RELEASES is {allowance!r}", "set it to refuse or allow")
        if not self._names(name) and (not needed or allowance == "allow"):
            return ""
        text = self._secret(name, hint)
        try:
            if text:
                signature.private_key(text)
        except ValueError as error:
            self._wrong(f"{name} {error}", hint)
        return text

    def _public_keys(self) -> str:
        name = "LYCEUM_RELEASE_PUBLIC_KEYS"
        text = self._secret(name, "") if self._names(name) else ""
        try:
            if text:
                signature.public_keys(text)
        except ValueError as error:
            self._wrong(f"{name} {error}", "`lyceum keys public` prints one; separate several by commas")
        return text

    def _grace_seconds(self) -> int:
        text = self._text("LYCEUM_GRACE_SECONDS", "600")
        if not re.fullmatch(r"[0-9]{1,7}", text, re.ASCII):
            self._wrong(
                "LYCEUM_GRACE_SECONDS is not a number of seconds", "write it like 600; 0 keeps nothing"
            )
            return 0
        return int(text)

    def _precompress(self) -> tuple[str, ...]:
        words = self._text("LYCEUM_PRECOMPRESS", "gzip").replace(",", " ").split()
        if words != ["none"] and not set(words) <= _ENCODINGS:
            self._wrong("LYCEUM_PRECOMPRESS names an unknown encoding", "write gzip, br, both or none")
        return tuple(word for word in words if word in _ENCODINGS)

    def _content_key(self) -> bytes | None:
        hint = "make a content key with `openssl rand -hex 32` and keep it"
        text = self._secret("LYCEUM_CONTENT_KEY", hint)
        if not text:
            return None
        if not _HEX.fullmatch(text):
            self._wrong("LYCEUM_CONTENT_KEY is not an even number of hex digits", hint)
            return None
        key = bytes.fromhex(text)
        if len(key) < keys.MINIMUM_CONTENT_KEY_BYTES:
            least = keys.MINIMUM_CONTENT_KEY_BYTES
            self._wrong(f"LYCEUM_CONTENT_KEY has {len(key)} bytes; at least {least} are needed", hint)
            return None
        if len(set(key)) < _MINIMUM_DISTINCT_BYTES:
            self._wrong("LYCEUM_CONTENT_KEY repeats itself, so it was not made at random", hint)
            return None
        return key

    def _store(self, name: str) -> StoreAddress | None:
        text = self._text(name)
        if not text:
            self._wrong(f"{name} is missing", _FORM)
            return None
        try:
            return parse_store(text)
        except ValueError as error:
            self._wrong(f"{name} {error}", _FORM)
            return None

    def _url(self, name: str) -> str | None:
        """Without a final slash; None if not set or wrong."""
        text = self._text(name)
        if not text:
            return None
        try:
            parts = urlsplit(text)
            is_good = parts.scheme in {"http", "https"} and bool(parts.hostname) and "@" not in parts.netloc
            is_good = is_good and not parts.query and not parts.fragment
            _ = parts.port
        except ValueError:
            is_good = False
        if not is_good:
            self._wrong(f"{name} is not a plain http(s) address", "write it like https://school.example.org/")
            return None
        return text.rstrip("/")

    def _s3(self) -> S3Access | None:
        endpoint = self._url("LYCEUM_S3_ENDPOINT") or ""
        addressing = self._text("LYCEUM_S3_ADDRESSING", "path" if endpoint else "virtual")
        if addressing not in {"path", "virtual"}:
            self._wrong(f"LYCEUM_S3_ADDRESSING is {addressing!r}", "set it to path or virtual")
        both = "an s3:// store needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        access_key = self._secret("AWS_ACCESS_KEY_ID", both)
        secret_key = self._secret("AWS_SECRET_ACCESS_KEY", both)
        token = self._secret("AWS_SESSION_TOKEN", "") if self._names("AWS_SESSION_TOKEN") else ""
        if not access_key or not secret_key:
            return None
        return S3Access(
            endpoint=endpoint,
            region=self._text("AWS_REGION") or self._text("AWS_DEFAULT_REGION", "us-east-1"),
            is_virtual_hosted=addressing == "virtual",
            access_key=access_key,
            secret_key=secret_key,
            session_token=token,
        )


def _overlap(one: StoreAddress, other: StoreAddress) -> bool:
    if one.folder is not None and other.folder is not None:
        a, b = one.folder.resolve(), other.folder.resolve()
        return a.is_relative_to(b) or b.is_relative_to(a)
    if one.folder is None and other.folder is None and one.bucket == other.bucket:
        first, second = one.prefix.split("/")[:-1], other.prefix.split("/")[:-1]
        shorter = min(len(first), len(second))
        return first[:shorter] == second[:shorter]
    return False

"""Reads the settings out of an environment and says everything that is wrong with it at once (see `gatekeeper.settings`)."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit

from gatekeeper.contract.address import StoreAddress, parse_store
from gatekeeper.errors import SettingsError
from gatekeeper.gate.sign import MAXIMUM_SECONDS
from gatekeeper.secrets import Secret, TokenKey, kept_hex, secret_from_hex, token_keys_from_text
from gatekeeper.settings import Mode, Network, Settings
from gatekeeper.stores.address import S3Account

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class EnvironmentReader:
    """Reads one environment and collects what is wrong with it."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._problems: list[str] = []
        self._unreadable: set[str] = (
            set()
        )  # secrets whose file could not be read: reported once, not also as missing
        mode = environ.get("LYCEUM_MODE", "").strip() or Mode.LIVE
        if mode not in tuple(Mode):
            self._wrong("LYCEUM_MODE", f"is {mode!r}", "set it to live or demo")
        self._mode = Mode.DEMO if mode == Mode.DEMO else Mode.LIVE
        self._state = Path(environ.get("LYCEUM_STATE", "").strip() or ".lyceum").absolute()

    def settings(self) -> Settings:
        is_demo = self._mode is Mode.DEMO
        host = self._text("LYCEUM_HOST", "127.0.0.1")
        port = self._whole("LYCEUM_PORT", 8001, 1, 65535)
        store = self._store("LYCEUM_STORE", "private" if is_demo else None)
        public_store = self._store("LYCEUM_PUBLIC_STORE", "public" if is_demo else "")
        gatekeeper_url = self._url("LYCEUM_GATEKEEPER_URL", f"http://{_authority(host, port)}")
        if urlsplit(gatekeeper_url).path.rstrip("/"):
            self._wrong(
                "LYCEUM_GATEKEEPER_URL", "has a path", "give the origin alone, like https://gate.example.org"
            )
        site_url = self._url("LYCEUM_SITE_URL", "http://127.0.0.1:8000/")
        secret_key = self._secret_key()
        token_keys = self._token_keys()
        smtp_url = self._smtp()
        database = self._secret("LYCEUM_DATABASE_URL")
        addresses = [address for address in (store, public_store) if address is not None]
        s3 = self._s3() if any(address.is_s3 for address in addresses) else None
        mail_from = self._text("LYCEUM_MAIL_FROM", "Lyceum <lyceum@localhost>" if is_demo else "")
        if not mail_from:
            self._wrong(
                "LYCEUM_MAIL_FROM", "is missing", "readers sign in by mail; give its sender's address"
            )
        elif "@" not in mail_from or any(ord(sign) < 32 for sign in mail_from):
            self._wrong("LYCEUM_MAIL_FROM", "is not an address", "write Name <name@example.org>")
        workers = self._whole("LYCEUM_WORKERS", 1, 1, 64)
        threads = self._whole("LYCEUM_THREADS", 8, 1, 256)
        refresh_seconds = self._seconds("LYCEUM_REFRESH_SECONDS", 5.0, 0.05, 300.0)
        url_seconds = self._whole("LYCEUM_URL_SECONDS", 120, 5, MAXIMUM_SECONDS)
        trusted_proxies = self._networks("LYCEUM_TRUSTED_PROXIES")
        if self._problems or store is None or secret_key is None:
            raise SettingsError(self._problems)
        return Settings(
            mode=self._mode,
            state=self._state,
            host=host,
            port=port,
            workers=workers,
            threads=threads,
            store=store,
            public_store=public_store,
            s3=s3,
            gatekeeper_url=gatekeeper_url.rstrip("/"),
            site_url=site_url.rstrip("/") + "/",
            database_url=database or Secret(f"sqlite:///{self._state / 'lyceum.db'}"),
            secret_key=secret_key,
            token_keys=token_keys,
            smtp_url=smtp_url,
            mail_from=mail_from,
            refresh_seconds=refresh_seconds,
            url_seconds=url_seconds,
            trusted_proxies=trusted_proxies,
        )

    def _wrong(self, name: str, what: str, hint: str) -> None:
        self._problems.append(f"{name} {what}: {hint}")

    def _text(self, name: str, default: str) -> str:
        return self._environ.get(name, "").strip() or default

    def _whole(self, name: str, default: int, least: int, most: int) -> int:
        text = self._text(name, str(default))
        if text.isascii() and text.isdigit() and least <= int(text) <= most:
            return int(text)
        self._wrong(name, f"is {text!r}", f"set it to a whole number from {least} to {most}")
        return default

    def _networks(self, name: str) -> tuple[Network, ...]:
        found: list[Network] = []
        for word in self._text(name, "").replace(",", " ").split():
            try:
                found.append(ip_network(word))
            except ValueError:
                self._wrong(name, f"names {word!r}", "write networks like 10.0.0.0/8, separated by commas")
        return tuple(found)

    def _seconds(self, name: str, default: float, least: float, most: float) -> float:
        text = self._text(name, str(default))
        try:
            value = float(text)
        except ValueError:
            value = -1.0
        if least <= value <= most:
            return value
        self._wrong(name, f"is {text!r}", f"set it to seconds from {least:g} to {most:g}")
        return default

    def _secret(self, name: str) -> Secret | None:
        """The value of NAME or the content of the file that NAME_FILE names; never repeated in a message."""
        value, path = self._environ.get(name, "").strip(), self._environ.get(f"{name}_FILE", "").strip()
        if value and path:
            self._wrong(name, f"and {name}_FILE are both set", "keep one of them")
        if path and not value:
            try:
                value = Path(path).read_text("utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
                self._wrong(f"{name}_FILE", f"cannot be read: {reason}", "check the path and its permissions")
                self._unreadable.add(name)
                return None
            if not value:
                self._wrong(f"{name}_FILE", "names an empty file", "write the secret into it")
                self._unreadable.add(name)
        return Secret(value) if value else None

    def _made(self, name: str, file: str) -> Secret | None:
        """A demo's own secret. Live mode: a mistake."""
        if (
            f"{name}_FILE" in self._environ
            and self._problems
            and self._problems[-1].startswith(f"{name}_FILE ")
        ):
            return None
        if self._mode is Mode.LIVE:
            self._wrong(
                name, "is missing", f"make one with `openssl rand -hex 32` and set {name} or {name}_FILE"
            )
            return None
        try:
            return Secret(kept_hex(self._state / file))
        except (OSError, UnicodeDecodeError) as error:
            self._wrong(
                "LYCEUM_STATE", f"cannot keep {file}: {error}", "make the folder writable or name another"
            )
            return None

    def _secret_key(self) -> Secret | None:
        name = "LYCEUM_SECRET_KEY"
        given = self._secret(name) or self._made(name, "secret_key")
        if given is None:
            return None
        try:
            return secret_from_hex(given.reveal_text())
        except ValueError as error:
            self._wrong(name, str(error), "make one with `openssl rand -hex 32`")
            return None

    def _token_keys(self) -> tuple[TokenKey, ...]:
        name = "LYCEUM_TOKEN_KEYS"
        given = self._secret(name) or self._made(name, "token_keys")
        if given is None:
            return ()
        try:
            return token_keys_from_text(given.reveal_text())
        except ValueError as error:
            self._wrong(
                name, str(error), "make one with `openssl rand -hex 32`; oldest first, separated by commas"
            )
            return ()

    def _smtp(self) -> Secret | None:
        given = self._secret("LYCEUM_SMTP_URL")
        if given is None:
            if self._mode is Mode.LIVE and "LYCEUM_SMTP_URL" not in self._unreadable:
                self._wrong("LYCEUM_SMTP_URL", "is missing", "readers sign in by mail; name your mail server")
            return None
        try:
            parts = urlsplit(given.reveal_text())
            is_good = parts.scheme in {"smtp", "smtps", "smtp+starttls"} and bool(parts.hostname)
            _ = parts.port
        except ValueError:
            is_good = False
        if not is_good:
            self._wrong(
                "LYCEUM_SMTP_URL",
                "is not a mail server",
                "write smtp://host:port or smtps://user:password@host",
            )
        return given

    def _url(self, name: str, demo_default: str) -> str:
        text = self._text(name, demo_default if self._mode is Mode.DEMO else "")
        if not text:
            self._wrong(name, "is missing", "give the address that browsers use")
            return demo_default
        try:
            parts = urlsplit(text)
            host, _ = parts.hostname or "", parts.port
        except ValueError:
            host, parts = "", urlsplit("")
        if (
            parts.scheme not in {"http", "https"}
            or not host
            or parts.query
            or parts.fragment
            or "@" in parts.netloc
        ):
            self._wrong(name, "is not a plain http(s) address", "write it like https://school.example.org/")
            return demo_default
        if parts.scheme == "http" and self._mode is Mode.LIVE and host not in LOOPBACK:
            self._wrong(name, "is plain http", "cookies and paid text need https; use https://")
        return text

    def _store(self, name: str, default: str | None) -> StoreAddress | None:
        """default: a folder below the state folder; "" for none; None if the setting is required."""
        text = self._text(name, "")
        if not text:
            if default is None:
                self._wrong(name, "is missing", "write file:///abs/dir or s3://bucket/prefix")
            return StoreAddress(folder=self._state / default) if default else None
        try:
            return parse_store(text)
        except ValueError as error:
            self._wrong(name, str(error), "write file:///abs/dir or s3://bucket/prefix")
            return None

    def _s3(self) -> S3Account | None:
        endpoint = self._text("LYCEUM_S3_ENDPOINT", "").rstrip("/")
        addressing = self._text("LYCEUM_S3_ADDRESSING", "path" if endpoint else "virtual")
        if addressing not in {"path", "virtual"}:
            self._wrong("LYCEUM_S3_ADDRESSING", f"is {addressing!r}", "set it to path or virtual")
        if endpoint:
            self._url("LYCEUM_S3_ENDPOINT", endpoint)
        region = self._text("AWS_REGION", "") or self._text("AWS_DEFAULT_REGION", "us-east-1")
        access, secret = self._secret("AWS_ACCESS_KEY_ID"), self._secret("AWS_SECRET_ACCESS_KEY")
        if access is None or secret is None:
            missing = "AWS_ACCESS_KEY_ID" if access is None else "AWS_SECRET_ACCESS_KEY"
            self._wrong(
                missing, "is missing", "an s3:// store needs both AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
            )
            return None
        return S3Account(
            endpoint=endpoint or f"https://s3.{region}.amazonaws.com",
            region=region,
            is_virtual_hosted=addressing == "virtual",
            access_key=access.reveal_text(),
            secret_key=secret,
            session_token=self._secret("AWS_SESSION_TOKEN"),
        )


def _authority(host: str, port: int) -> str:
    name = {"0.0.0.0": "127.0.0.1", "::": "127.0.0.1"}.get(host, host)  # noqa: S104  (only compared, never bound)
    return f"[{name}]:{port}" if ":" in name else f"{name}:{port}"

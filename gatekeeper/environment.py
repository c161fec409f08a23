"""Reads the settings out of an environment and says everything that is wrong with it at once (see `gatekeeper.settings`)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from gatekeeper.accounts.oidc.environment import read_identity_accounts
from gatekeeper.commerce.providers.environment import read_accounts
from gatekeeper.commerce.seller import read_seller
from gatekeeper.contract.address import StoreAddress, parse_store
from gatekeeper.contract.loopback import LOOPBACK
from gatekeeper.contract.signature import public_keys
from gatekeeper.environment_values import EnvironmentValues
from gatekeeper.errors import SettingsError
from gatekeeper.gate.sign import MAXIMUM_SECONDS
from gatekeeper.secrets import Secret, TokenKey, is_rsa_key, kept_hex, secret_from_hex, token_keys_from_text
from gatekeeper.settings import CloudFront, Delivery, Limits, Mode, Operations, Settings, SignalSettings
from gatekeeper.stores.address import S3Account

TOKEN_KEYS = "token_keys"  # noqa: S105  (a demo's file in the state folder)


def read_settings(environ: Mapping[str, str]) -> Settings:
    """The settings in `environ`. Raises SettingsError with every mistake. A demo may write its state folder."""
    return _SettingsReader(environ).settings()


class _SettingsReader:
    """Reads one environment and collects what is wrong with it."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._values = EnvironmentValues(environ)
        mode = environ.get("LYCEUM_MODE", "").strip() or Mode.LIVE
        if mode not in tuple(Mode):
            self._values.wrong("LYCEUM_MODE", f"is {mode!r}", "set it to live or demo")
        self._mode = Mode.DEMO if mode == Mode.DEMO else Mode.LIVE
        self._state = Path(environ.get("LYCEUM_STATE", "").strip() or ".lyceum").absolute()

    def settings(self) -> Settings:
        is_demo = self._mode is Mode.DEMO
        host = self._values.text("LYCEUM_HOST", "127.0.0.1")
        port = self._values.whole("LYCEUM_PORT", 8001, 1, 65535)
        store = self._store("LYCEUM_STORE", "private" if is_demo else None)
        public_store = self._store("LYCEUM_PUBLIC_STORE", "public" if is_demo else "")
        gatekeeper_url = self._url("LYCEUM_GATEKEEPER_URL", f"http://{_authority(host, port)}")
        if urlsplit(gatekeeper_url).path.rstrip("/"):
            self._values.wrong(
                "LYCEUM_GATEKEEPER_URL", "has a path", "give the origin alone, like https://gate.example.org"
            )
        site_url = self._url("LYCEUM_SITE_URL", "http://127.0.0.1:8000/")
        secret_key = self._secret_key()
        token_keys = self._token_keys()
        release_public_keys, figures_key = self._release_public_keys(), self._shown_key("LYCEUM_FIGURES_KEY")
        smtp_url = self._smtp()
        database = self._values.secret("LYCEUM_DATABASE_URL")
        addresses = [address for address in (store, public_store) if address is not None]
        s3 = self._s3() if any(address.is_s3 for address in addresses) else None
        mail_from = self._values.text("LYCEUM_MAIL_FROM", "Lyceum <lyceum@localhost>" if is_demo else "")
        if not mail_from:
            self._values.wrong(
                "LYCEUM_MAIL_FROM", "is missing", "readers sign in by mail; give its sender's address"
            )
        elif "@" not in mail_from or any(ord(sign) < 32 for sign in mail_from):
            self._values.wrong("LYCEUM_MAIL_FROM", "is not an address", "write Name <name@example.org>")
        workers = self._values.whole("LYCEUM_WORKERS", 1, 1, 64)
        threads = self._values.whole("LYCEUM_THREADS", 8, 1, 256)
        refresh_seconds = self._values.seconds("LYCEUM_REFRESH_SECONDS", 5.0, 0.05, 300.0)
        url_seconds = self._values.whole("LYCEUM_URL_SECONDS", 120, 5, MAXIMUM_SECONDS)
        trusted_proxies = self._values.networks("LYCEUM_TRUSTED_PROXIES")
        delivery, limits, operations = self._delivery(), self._limits(), self._operations()
        payments = read_accounts(self._values, is_demo=is_demo)
        seller = read_seller(self._values)
        signals = self._signals()
        password_hashes = self._values.whole("LYCEUM_PASSWORD_HASHES", 0, 0, 64)
        identity_accounts = read_identity_accounts(self._values)
        if self._values.problems or store is None or secret_key is None:
            raise SettingsError(self._values.problems)
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
            token_keys_file=self._token_keys_file(),
            release_public_keys=release_public_keys,
            figures_key=figures_key,
            delivery=delivery,
            limits=limits,
            operations=operations,
            payments=payments,
            seller=seller,
            signals=signals,
            password_hashes=password_hashes,
            identity_accounts=identity_accounts,
        )

    def _delivery(self) -> Delivery:
        prefix = self._values.text("LYCEUM_ACCEL_REDIRECT", "")
        if prefix and not re.fullmatch(r"/(?:[a-z0-9_-]+/)+", prefix):
            self._values.wrong(
                "LYCEUM_ACCEL_REDIRECT",
                f"is {prefix!r}",
                "write an internal location of nginx, like /_lyceum/",
            )
        names = ("URL", "KEY_ID", "KEY", "DOMAIN")
        given = [name for name in names if self._has(f"LYCEUM_CLOUDFRONT_{name}")]
        if not given:
            return Delivery(accel_prefix=prefix)
        for name in names:
            if name not in given:
                self._values.wrong(
                    f"LYCEUM_CLOUDFRONT_{name}", "is missing", "CloudFront needs all four settings"
                )
        key = self._values.secret("LYCEUM_CLOUDFRONT_KEY")
        domain = self._values.text("LYCEUM_CLOUDFRONT_DOMAIN", "")
        if domain and not re.fullmatch(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+", domain):
            self._values.wrong("LYCEUM_CLOUDFRONT_DOMAIN", "is not a domain", "write it like example.org")
        if key is not None and not is_rsa_key(key):
            self._values.wrong(
                "LYCEUM_CLOUDFRONT_KEY",
                "is not an RSA private key in PEM",
                "make one with `openssl genrsa 2048`",
            )
        if key is None:
            return Delivery(accel_prefix=prefix)
        return Delivery(
            accel_prefix=prefix,
            cloudfront=CloudFront(
                origin=self._url("LYCEUM_CLOUDFRONT_URL", "").rstrip("/"),
                key_id=self._values.text("LYCEUM_CLOUDFRONT_KEY_ID", ""),
                private_key=key,
                domain=domain,
            ),
        )

    def _has(self, name: str) -> bool:
        return bool(self._values.text(name, "") or self._values.text(f"{name}_FILE", ""))

    def _limits(self) -> Limits:
        whole = self._values.whole
        shared = self._values.secret("LYCEUM_REDIS_URL")
        if shared is not None and urlsplit(shared.reveal_text()).scheme not in {"redis", "rediss"}:
            self._values.wrong(
                "LYCEUM_REDIS_URL", "is no Redis address", "write redis://host:6379/0 or rediss://…"
            )
        return Limits(
            reader_per_minute=whole("LYCEUM_READER_LIMIT", 600, 0, 1_000_000),
            address_per_minute=whole("LYCEUM_ADDRESS_LIMIT", 6000, 0, 1_000_000),
            sharing_networks=whole("LYCEUM_SHARING_NETWORKS", 8, 0, 10_000),
            redis_url=shared,
        )

    def _signals(self) -> SignalSettings:
        return SignalSettings(
            database_url=self._values.secret("LYCEUM_SIGNALS_DATABASE_URL"),
            key=self._shown_key("LYCEUM_SIGNALS_KEY"),
            per_minute=self._values.whole("LYCEUM_SIGNALS_LIMIT", 600, 1, 1_000_000),
            keep_days=self._values.whole("LYCEUM_SIGNALS_DAYS", 400, 1, 36_500),
        )

    def _operations(self) -> Operations:
        return Operations(
            drain_seconds=self._values.whole("LYCEUM_DRAIN_SECONDS", 20, 1, 300),
            metrics=self._values.listening("LYCEUM_METRICS"),
            is_log_json=self._values.choice("LYCEUM_LOG", "text", "json") == "json",
            is_turnstile=self._values.choice("LYCEUM_SERVER", "granian", "turnstile") == "turnstile",
        )

    def _made(self, name: str, file: str) -> Secret | None:
        """A demo's own secret. Live mode: a mistake."""
        if (
            f"{name}_FILE" in self._values.environ
            and self._values.problems
            and self._values.problems[-1].startswith(f"{name}_FILE ")
        ):
            return None
        if self._mode is Mode.LIVE:
            self._values.wrong(
                name, "is missing", f"make one with `openssl rand -hex 32` and set {name} or {name}_FILE"
            )
            return None
        try:
            return Secret(kept_hex(self._state / file))
        except (OSError, UnicodeDecodeError) as error:
            self._values.wrong(
                "LYCEUM_STATE", f"cannot keep {file}: {error}", "make the folder writable or name another"
            )
            return None

    def _secret_key(self) -> Secret | None:
        name = "LYCEUM_SECRET_KEY"
        given = self._values.secret(name) or self._made(name, "secret_key")
        if given is None:
            return None
        try:
            return secret_from_hex(given.reveal_text())
        except ValueError as error:
            self._values.wrong(name, str(error), "make one with `openssl rand -hex 32`")
            return None

    def _token_keys(self) -> tuple[TokenKey, ...]:
        name = "LYCEUM_TOKEN_KEYS"
        given = self._values.secret(name) or self._made(name, TOKEN_KEYS)
        if given is None:
            return ()
        try:
            return token_keys_from_text(given.reveal_text())
        except ValueError as error:
            self._values.wrong(
                name, str(error), "make one with `openssl rand -hex 32`; oldest first, separated by commas"
            )
            return ()

    def _release_public_keys(self) -> str:
        name = "LYCEUM_RELEASE_PUBLIC_KEYS"
        allowed = self._values.choice("LYCEUM_UNSIGNED_RELEASES", "refuse", "allow") == "allow"
        given = self._values.secret(name)  # public, but long enough to be kept in a file
        if given is None:
            if self._mode is Mode.LIVE and not allowed and name not in self._values.unreadable:
                self._values.wrong(
                    name,
                    "is missing",
                    "`lyceum keys public` prints it; LYCEUM_UNSIGNED_RELEASES=allow does without, and believes whoever can write to the store",
                )
            return ""
        if allowed:
            self._values.wrong(
                "LYCEUM_UNSIGNED_RELEASES",
                f"is set beside {name}",
                "keep one of them; with keys nothing unsigned is believed",
            )
        text = given.reveal_text()
        try:
            public_keys(text)
        except ValueError as error:
            self._values.wrong(name, str(error), "`lyceum keys public` prints it; separate several by commas")
            return ""
        return text

    def _shown_key(self, name: str) -> Secret | None:
        """A key that somebody shows to be told something; None if it is not set."""
        given = self._values.secret(name)
        try:
            return None if given is None else secret_from_hex(given.reveal_text())
        except ValueError as error:
            self._values.wrong(name, str(error), "make one with `openssl rand -hex 32`")
            return None

    def _token_keys_file(self) -> Path | None:
        """The file that the keys came from; None if they stand in the environment itself, where they cannot change."""
        named = self._values.text("LYCEUM_TOKEN_KEYS_FILE", "")
        if named:
            return Path(named)
        is_made = self._mode is Mode.DEMO and not self._values.text("LYCEUM_TOKEN_KEYS", "")
        return self._state / TOKEN_KEYS if is_made else None

    def _smtp(self) -> Secret | None:
        given = self._values.secret("LYCEUM_SMTP_URL")
        if given is None:
            if self._mode is Mode.LIVE and "LYCEUM_SMTP_URL" not in self._values.unreadable:
                self._values.wrong(
                    "LYCEUM_SMTP_URL", "is missing", "readers sign in by mail; name your mail server"
                )
            return None
        try:
            parts = urlsplit(given.reveal_text())
            is_good = parts.scheme in {"smtp", "smtps", "smtp+starttls"} and bool(parts.hostname)
            _ = parts.port
        except ValueError:
            is_good = False
        if not is_good:
            self._values.wrong(
                "LYCEUM_SMTP_URL",
                "is not a mail server",
                "write smtp://host:port or smtps://user:password@host",
            )
        return given

    def _url(self, name: str, demo_default: str) -> str:
        text = self._values.text(name, demo_default if self._mode is Mode.DEMO else "")
        if not text:
            self._values.wrong(name, "is missing", "give the address that browsers use")
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
            self._values.wrong(
                name, "is not a plain http(s) address", "write it like https://school.example.org/"
            )
            return demo_default
        if parts.scheme == "http" and self._mode is Mode.LIVE and host not in LOOPBACK:
            self._values.wrong(name, "is plain http", "cookies and paid text need https; use https://")
        return text

    def _store(self, name: str, default: str | None) -> StoreAddress | None:
        """default: a folder below the state folder; "" for none; None if the setting is required."""
        text = self._values.text(name, "")
        if not text:
            if default is None:
                self._values.wrong(name, "is missing", "write file:///abs/dir or s3://bucket/prefix")
            return StoreAddress(folder=self._state / default) if default else None
        try:
            return parse_store(text)
        except ValueError as error:
            self._values.wrong(name, str(error), "write file:///abs/dir or s3://bucket/prefix")
            return None

    def _s3(self) -> S3Account | None:
        endpoint = self._values.text("LYCEUM_S3_ENDPOINT", "").rstrip("/")
        addressing = self._values.text("LYCEUM_S3_ADDRESSING", "path" if endpoint else "virtual")
        if addressing not in {"path", "virtual"}:
            self._values.wrong("LYCEUM_S3_ADDRESSING", f"is {addressing!r}", "set it to path or virtual")
        if endpoint:
            self._url("LYCEUM_S3_ENDPOINT", endpoint)
        region = self._values.text("AWS_REGION", "") or self._values.text("AWS_DEFAULT_REGION", "us-east-1")
        access, secret = (
            self._values.secret("AWS_ACCESS_KEY_ID"),
            self._values.secret("AWS_SECRET_ACCESS_KEY"),
        )
        if access is None or secret is None:
            missing = "AWS_ACCESS_KEY_ID" if access is None else "AWS_SECRET_ACCESS_KEY"
            self._values.wrong(
                missing, "is missing", "an s3:// store needs both AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
            )
            return None
        return S3Account(
            endpoint=endpoint or f"https://s3.{region}.amazonaws.com",
            region=region,
            is_virtual_hosted=addressing == "virtual",
            access_key=access.reveal_text(),
            secret_key=secret,
            session_token=self._values.secret("AWS_SESSION_TOKEN"),
        )


def _authority(host: str, port: int) -> str:
    name = {"0.0.0.0": "127.0.0.1", "::": "127.0.0.1"}.get(host, host)  # noqa: S104  (only compared, never bound)
    return f"[{name}]:{port}" if ":" in name else f"{name}:{port}"

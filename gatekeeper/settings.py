"""The service's settings: read once from the environment (`gatekeeper.environment`), checked all together, then frozen.

Every secret may also be given as NAME_FILE, the path of a file that holds it. All mistakes are reported at once.

    LYCEUM_MODE             live (default) or demo
    LYCEUM_STATE            folder for what a demo makes for itself, and for SQLite; default .lyceum
    LYCEUM_HOST, _PORT      where to listen; 127.0.0.1:8001
    LYCEUM_WORKERS          processes, 1
    LYCEUM_THREADS          threads a process for the Flask side, 8
    LYCEUM_STORE            the private store: file:///abs/dir or s3://bucket[/prefix]
    LYCEUM_PUBLIC_STORE     the public site's store, same forms; without it pages are read from LYCEUM_SITE_URL
    LYCEUM_S3_ENDPOINT      an S3-compatible server; AWS's own when absent
    LYCEUM_S3_ADDRESSING    path or virtual; default path with an endpoint, else virtual
    AWS_REGION (AWS_DEFAULT_REGION), AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN
    LYCEUM_GATEKEEPER_URL   this service's origin as browsers see it
    LYCEUM_SITE_URL         the public site's base URL
    LYCEUM_DATABASE_URL     SQLAlchemy URL; default SQLite in the state folder
    LYCEUM_SECRET_KEY       at least 32 random bytes as hex; everything keyed is derived from it
    LYCEUM_TOKEN_KEYS       Ed25519 seeds as hex, oldest first; as LYCEUM_TOKEN_KEYS_FILE they are read again when the file changes
    LYCEUM_RELEASE_PUBLIC_KEYS   public halves of the keys that sign releases, as hex; nothing else in the store is believed
    LYCEUM_UNSIGNED_RELEASES     refuse (default) or allow: a live gatekeeper without release keys
    LYCEUM_FIGURES_KEY      what `lyceum diff-access` shows to be told how many readers own what; nobody is told when absent
    LYCEUM_SIGNALS_DATABASE_URL   a database of their own for signals; the common one when absent
    LYCEUM_SIGNALS_KEY      what `lyceum signals export` shows to be given the signals; nobody is given them when absent
    LYCEUM_SIGNALS_LIMIT    tellings of one address a minute, 600
    LYCEUM_SIGNALS_DAYS     days that signals are kept, 400
    LYCEUM_SMTP_URL         smtp://, smtps:// or smtp+starttls://[user:password@]host[:port]
    LYCEUM_MAIL_FROM        the sender of mails
    LYCEUM_REFRESH_SECONDS  how often the store is asked for a new release, 5
    LYCEUM_URL_SECONDS      how long a signed URL lives, 120; at most 300
    LYCEUM_ACCEL_REDIRECT   nginx sends private objects: the prefix of its internal locations, like /_lyceum/
    LYCEUM_CLOUDFRONT_URL, _KEY_ID, _KEY, _DOMAIN   a CloudFront distribution before the private store, its key pair, its cookies' domain
    LYCEUM_READER_LIMIT     requests of one reader a minute at the gate, 600; 0 for no limit
    LYCEUM_ADDRESS_LIMIT    requests of one address a minute at the gate, 6000; 0 for no limit
    LYCEUM_REDIS_URL        where several machines count together; each process counts for itself when absent
    LYCEUM_SHARING_NETWORKS networks of one reader in an hour that ring the link-sharing alarm, 8; 0 for none
    LYCEUM_METRICS          host:port of the Prometheus metrics; none when absent
    LYCEUM_LOG              text (default) or json
    LYCEUM_SERVER           granian (default) or turnstile, which answers several times as many requests at the gate
    LYCEUM_DRAIN_SECONDS    how long answers under way may take after SIGTERM, 20
    LYCEUM_TRUSTED_PROXIES  networks whose X-Forwarded-For is believed, like 10.0.0.0/8; nobody's when absent
    LYCEUM_PASSWORD_HASHES  passwords that a process hashes at once, half the cores shared by all processes
    LYCEUM_OIDC_…           signing in through other services, see `accounts.oidc.environment`
    LYCEUM_SELLER_NAME, _ADDRESS, _TAX_ID, _TAX    who sells, on receipts; lines of the address separated by |
    LYCEUM_STRIPE_…, LYCEUM_WECHAT_PAY_…, LYCEUM_ALIPAY_…    accounts at payment providers, see `commerce.providers.environment`

Live refuses what is missing, short or guessable, and plain http except on loopback (attack case J21). Demo makes missing
secrets once and keeps them in the state folder.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gatekeeper.accounts.oidc.accounts import IdentityAccount
from gatekeeper.commerce.providers.accounts import PaymentAccounts
from gatekeeper.commerce.seller import Seller
from gatekeeper.contract.address import StoreAddress
from gatekeeper.contract.signature import public_keys
from gatekeeper.secrets import Secret, TokenKey
from gatekeeper.stores.address import S3Account

SECRET_VARIABLES = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "LYCEUM_ALIPAY_PRIVATE_KEY",
    "LYCEUM_CLOUDFRONT_KEY",
    "LYCEUM_CONTENT_KEY",
    "LYCEUM_DATABASE_URL",
    "LYCEUM_FIGURES_KEY",
    "LYCEUM_REDIS_URL",
    "LYCEUM_RELEASE_KEY",
    "LYCEUM_RELEASE_PUBLIC_KEYS",
    "LYCEUM_SECRET_KEY",
    "LYCEUM_SIGNALS_DATABASE_URL",
    "LYCEUM_SIGNALS_KEY",
    "LYCEUM_SMTP_URL",
    "LYCEUM_STRIPE_KEY",
    "LYCEUM_STRIPE_WEBHOOK_SECRETS",
    "LYCEUM_TOKEN_KEYS",
    "LYCEUM_WECHAT_PAY_API_KEY",
    "LYCEUM_WECHAT_PAY_APP_SECRET",
    "LYCEUM_WECHAT_PAY_PRIVATE_KEY",
)
Network = IPv4Network | IPv6Network


class Mode(StrEnum):
    DEMO = "demo"
    LIVE = "live"


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudFront:
    """origin: without a final slash. private_key: an RSA key in PEM. domain: of the cookies, shared with the gatekeeper."""

    origin: str
    key_id: str
    private_key: Secret
    domain: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Who sends the bytes. accel_prefix: of nginx's internal locations, with a final slash; empty without nginx."""

    accel_prefix: str = ""
    cloudfront: CloudFront | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Requests a minute at the gate, and networks an hour that ring the link-sharing alarm; 0: no limit, no alarm."""

    reader_per_minute: int = 600
    address_per_minute: int = 6000
    sharing_networks: int = 8
    redis_url: Secret | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Operations:
    """metrics: host and port, or None for no metrics."""

    drain_seconds: int = 20
    metrics: tuple[str, int] | None = None
    is_log_json: bool = False
    is_turnstile: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalSettings:
    """database_url: None for the common database. key: of the export; None for no export. per_minute: of one address."""

    database_url: Secret | None = None
    key: Secret | None = None
    per_minute: int = 600
    keep_days: int = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """gatekeeper_url: origin without a final slash. site_url: with one. token_keys: oldest first, never empty.

    password_hashes: at once in a process; 0: as the cores allow.
    release_public_keys: as `contract.signature.public_keys` reads them; empty where unsigned releases are allowed.
    """

    mode: Mode
    state: Path
    host: str
    port: int
    workers: int
    threads: int
    store: StoreAddress
    public_store: StoreAddress | None
    s3: S3Account | None
    gatekeeper_url: str
    site_url: str
    database_url: Secret
    secret_key: Secret
    token_keys: tuple[TokenKey, ...]
    smtp_url: Secret | None
    mail_from: str
    refresh_seconds: float
    url_seconds: int
    trusted_proxies: tuple[Network, ...] = ()
    token_keys_file: Path | None = None
    release_public_keys: str = ""
    figures_key: Secret | None = None
    delivery: Delivery = field(default_factory=Delivery)
    limits: Limits = field(default_factory=Limits)
    operations: Operations = field(default_factory=Operations)
    payments: PaymentAccounts = field(default_factory=PaymentAccounts)
    seller: Seller = field(default_factory=Seller)
    signals: SignalSettings = field(default_factory=SignalSettings)
    password_hashes: int = 0
    identity_accounts: tuple[IdentityAccount, ...] = ()

    @property
    def is_demo(self) -> bool:
        return self.mode is Mode.DEMO

    @property
    def release_keys(self) -> Mapping[str, Ed25519PublicKey]:
        """Key id → public key, for `contract.trust`. (The settings travel to other processes, and such keys cannot.)"""
        return public_keys(self.release_public_keys) if self.release_public_keys else {}

    @property
    def is_secure(self) -> bool:
        """Whether browsers reach the gatekeeper by https, so that cookies are Secure and named `__Host-…`."""
        return urlsplit(self.gatekeeper_url).scheme == "https"

    @property
    def site_origin(self) -> str:
        parts = urlsplit(self.site_url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def token_issuer(self) -> str:
        """`iss` of entitlement tokens."""
        return self.gatekeeper_url

    @property
    def token_audience(self) -> str:
        """`aud` of entitlement tokens: the gate of this gatekeeper, nobody else."""
        return f"{self.gatekeeper_url}/gate"

    @property
    def entitlement_cookie(self) -> str:
        return self._cookie("lyceum_entitlement")

    @property
    def session_cookie(self) -> str:
        return self._cookie("lyceum_session")

    def _cookie(self, name: str) -> str:
        return f"__Host-{name}" if self.is_secure else name

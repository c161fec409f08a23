"""Reads the payment accounts out of the environment. An account is whole or absent; what is wrong is said with the other settings.

A live school takes no test money, a demo no real money: a key of the other kind is a mistake. Keys are parsed here, so that a mistyped
one stops the start and not the first payment.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from gatekeeper.commerce.providers.accounts import (
    ALIPAY_URL,
    STRIPE_URL,
    WECHAT_PAY_URL,
    WECHAT_URL,
    AlipayAccount,
    PaymentAccounts,
    StripeAccount,
    WechatPayAccount,
)
from gatekeeper.contract.loopback import is_private_way
from gatekeeper.environment_values import EnvironmentValues
from gatekeeper.secrets import Secret

_STRIPE_KEY = re.compile(r"(?:sk|rk)_(?:live|test)_[0-9A-Za-z]{10,250}", re.ASCII)
_STRIPE_SECRET = re.compile(r"whsec_[0-9A-Za-z+/=]{10,250}", re.ASCII)
_LEAST_BITS = 2048


def read_accounts(values: EnvironmentValues, *, is_demo: bool) -> PaymentAccounts:
    """The accounts that are set up; what is wrong is added to the values' problems."""
    return PaymentAccounts(
        stripe=_stripe(values, is_demo=is_demo),
        wechat_pay=_wechat_pay(values, is_demo=is_demo),
        alipay=_alipay(values, is_demo=is_demo),
    )


def _stripe(values: EnvironmentValues, *, is_demo: bool) -> StripeAccount | None:
    key, given = values.secret("LYCEUM_STRIPE_KEY"), values.secret("LYCEUM_STRIPE_WEBHOOK_SECRETS")
    if key is None and given is None:
        return None
    if key is None or given is None:
        name = "LYCEUM_STRIPE_KEY" if key is None else "LYCEUM_STRIPE_WEBHOOK_SECRETS"
        _missing(values, name, "Stripe needs its key and the webhook endpoint's signing secret")
        return None
    words = given.reveal_text().replace(",", " ").split()
    if not words or not all(_STRIPE_SECRET.fullmatch(word) for word in words):
        values.wrong(
            "LYCEUM_STRIPE_WEBHOOK_SECRETS",
            "is not a list of signing secrets",
            "copy whsec_… from the endpoint's page; oldest first, separated by commas",
        )
        return None
    if not _STRIPE_KEY.fullmatch(key.reveal_text()):
        values.wrong("LYCEUM_STRIPE_KEY", "is not a secret key", "copy sk_… or rk_… from Stripe's dashboard")
        return None
    account = StripeAccount(
        key=key,
        webhook_secrets=tuple(Secret(word) for word in words),
        url=_url(values, "LYCEUM_STRIPE_URL", STRIPE_URL),
    )
    _one_mode(
        values,
        "LYCEUM_STRIPE_KEY",
        is_live=account.is_live,
        is_demo=is_demo,
        hint="use sk_live_… when LYCEUM_MODE is live and sk_test_… in a demo",
    )
    return account


def _wechat_pay(values: EnvironmentValues, *, is_demo: bool) -> WechatPayAccount | None:
    names = (
        "LYCEUM_WECHAT_PAY_MERCHANT",
        "LYCEUM_WECHAT_PAY_APP",
        "LYCEUM_WECHAT_PAY_SERIAL",
        "LYCEUM_WECHAT_PAY_PUBLIC_KEY_ID",
    )
    texts = {name: values.text(name, "") for name in names}
    public = values.secret("LYCEUM_WECHAT_PAY_PUBLIC_KEY")  # no secret, and yet easier to keep in a file
    texts["LYCEUM_WECHAT_PAY_PUBLIC_KEY"] = public.reveal_text() if public is not None else ""
    private, api = values.secret("LYCEUM_WECHAT_PAY_PRIVATE_KEY"), values.secret("LYCEUM_WECHAT_PAY_API_KEY")
    app_secret = values.secret("LYCEUM_WECHAT_PAY_APP_SECRET")
    if not any(texts.values()) and private is None and api is None:
        return None
    missing = [name for name, text in texts.items() if not text]
    secrets = {"LYCEUM_WECHAT_PAY_PRIVATE_KEY": private, "LYCEUM_WECHAT_PAY_API_KEY": api}
    missing += [name for name, secret in secrets.items() if secret is None]
    for name in missing:
        _missing(values, name, "WeChat Pay needs the whole account; see docs/commerce.md")
    if missing or private is None or api is None:
        return None
    before = len(values.problems)
    if not re.fullmatch(r"[0-9]{6,32}", texts["LYCEUM_WECHAT_PAY_MERCHANT"], re.ASCII):
        values.wrong(
            "LYCEUM_WECHAT_PAY_MERCHANT", "is not a merchant number", "it is digits, like 1900000109"
        )
    if not re.fullmatch(r"wx[0-9a-f]{16}", texts["LYCEUM_WECHAT_PAY_APP"], re.ASCII):
        values.wrong("LYCEUM_WECHAT_PAY_APP", "is not an application id", "it is wx and 16 digits or letters")
    if not re.fullmatch(r"[0-9A-Fa-f]{8,64}", texts["LYCEUM_WECHAT_PAY_SERIAL"], re.ASCII):
        values.wrong("LYCEUM_WECHAT_PAY_SERIAL", "is not a certificate's serial number", "it is hex digits")
    if not re.fullmatch(r"PUB_KEY_ID_[0-9A-Za-z]{8,64}", texts["LYCEUM_WECHAT_PAY_PUBLIC_KEY_ID"], re.ASCII):
        values.wrong(
            "LYCEUM_WECHAT_PAY_PUBLIC_KEY_ID", "is not a public key's id", "it is PUB_KEY_ID_… beside the key"
        )
    if len(api.reveal_text().encode()) != 32:
        values.wrong(
            "LYCEUM_WECHAT_PAY_API_KEY", "is not 32 signs long", "set the APIv3 key at the merchant's page"
        )
    account = WechatPayAccount(
        merchant=texts["LYCEUM_WECHAT_PAY_MERCHANT"],
        app=texts["LYCEUM_WECHAT_PAY_APP"],
        app_secret=app_secret,
        serial=texts["LYCEUM_WECHAT_PAY_SERIAL"],
        private_key=_private(values, "LYCEUM_WECHAT_PAY_PRIVATE_KEY", private),
        api_key=api,
        public_key_id=texts["LYCEUM_WECHAT_PAY_PUBLIC_KEY_ID"],
        public_key=_public(values, "LYCEUM_WECHAT_PAY_PUBLIC_KEY", texts["LYCEUM_WECHAT_PAY_PUBLIC_KEY"]),
        url=_url(values, "LYCEUM_WECHAT_PAY_URL", WECHAT_PAY_URL),
        identity_url=_url(values, "LYCEUM_WECHAT_PAY_IDENTITY_URL", WECHAT_URL),
    )
    _one_mode(
        values,
        "LYCEUM_WECHAT_PAY_MERCHANT",
        is_live=account.is_live,
        is_demo=is_demo,
        hint="WeChat Pay has no test mode; it is for LYCEUM_MODE=live",
    )
    return account if len(values.problems) == before else None


def _alipay(values: EnvironmentValues, *, is_demo: bool) -> AlipayAccount | None:
    app, seller = values.text("LYCEUM_ALIPAY_APP", ""), values.text("LYCEUM_ALIPAY_SELLER", "")
    private, public = values.secret("LYCEUM_ALIPAY_PRIVATE_KEY"), values.secret("LYCEUM_ALIPAY_PUBLIC_KEY")
    if not app and not seller and private is None and public is None:
        return None
    given = {
        "LYCEUM_ALIPAY_APP": app,
        "LYCEUM_ALIPAY_SELLER": seller,
        "LYCEUM_ALIPAY_PRIVATE_KEY": private,
        "LYCEUM_ALIPAY_PUBLIC_KEY": public,
    }
    for name, value in given.items():
        if not value:
            _missing(values, name, "Alipay needs the whole account; see docs/commerce.md")
    if not app or not seller or private is None or public is None:
        return None
    before = len(values.problems)
    if not re.fullmatch(r"[0-9]{16}", app, re.ASCII):
        values.wrong("LYCEUM_ALIPAY_APP", "is not an application id", "it is 16 digits")
    if not re.fullmatch(r"2088[0-9]{12}", seller, re.ASCII):
        values.wrong(
            "LYCEUM_ALIPAY_SELLER", "is not a seller's number", "it is 16 digits that begin with 2088"
        )
    account = AlipayAccount(
        app=app,
        seller=seller,
        private_key=_private(values, "LYCEUM_ALIPAY_PRIVATE_KEY", private),
        public_key=_public(values, "LYCEUM_ALIPAY_PUBLIC_KEY", public.reveal_text()),
        url=_url(values, "LYCEUM_ALIPAY_URL", ALIPAY_URL),
    )
    _one_mode(
        values,
        "LYCEUM_ALIPAY_URL",
        is_live=account.is_live,
        is_demo=is_demo,
        hint="leave it out when LYCEUM_MODE is live, and name Alipay's sandbox in a demo",
    )
    return account if len(values.problems) == before else None


def _missing(values: EnvironmentValues, name: str, hint: str) -> None:
    if name not in values.unreadable:
        values.wrong(name, "is missing", hint)


def _one_mode(values: EnvironmentValues, name: str, *, is_live: bool, is_demo: bool, hint: str) -> None:
    if is_live == is_demo:
        values.wrong(name, "is live money in a demo" if is_live else "is test money in a live school", hint)


def _url(values: EnvironmentValues, name: str, default: str) -> str:
    text = values.text(name, default).rstrip("/")
    try:
        parts = urlsplit(text)
        is_good = is_private_way(parts)
        is_good = is_good and bool(parts.hostname) and not parts.query and "@" not in parts.netloc
    except ValueError:
        is_good = False
    if not is_good:
        values.wrong(
            name, "is not an https address", "leave it out; it is there for tests and Alipay's sandbox"
        )
        return default
    return text


def _private(values: EnvironmentValues, name: str, given: Secret) -> Secret:
    """The key as PEM. Alipay's and WeChat's tools also hand it out as bare base64."""
    try:
        key = load_pem_private_key(_pem(given.reveal_text(), "PRIVATE KEY"), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, RSAPrivateKey) or key.key_size < _LEAST_BITS:
        values.wrong(name, "is not an RSA private key of 2048 bits", "give the PKCS#8 key, PEM or base64")
        return given
    return Secret(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode())


def _public(values: EnvironmentValues, name: str, given: str) -> str:
    try:
        key = load_pem_public_key(_pem(given, "PUBLIC KEY"))
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, RSAPublicKey) or key.key_size < _LEAST_BITS:
        values.wrong(name, "is not an RSA public key of 2048 bits", "give the provider's key, PEM or base64")
        return given
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def _pem(text: str, label: str) -> bytes:
    if "-----BEGIN" in text:
        return text.encode()
    return f"-----BEGIN {label}-----\n{text}\n-----END {label}-----\n".encode()

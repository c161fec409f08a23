"""The school's accounts at its payment providers, as the settings give them (`docs/settings.md`). Keys are checked when they are read."""

from __future__ import annotations

from dataclasses import dataclass

from gatekeeper.secrets import Secret

STRIPE_URL = "https://api.stripe.com"
WECHAT_PAY_URL = "https://api.mch.weixin.qq.com"
WECHAT_URL = "https://api.weixin.qq.com"
ALIPAY_URL = "https://openapi.alipay.com/gateway.do"


@dataclass(frozen=True, slots=True, kw_only=True)
class StripeAccount:
    """webhook_secrets: of the endpoint, oldest first; any of them verifies. Whether it is live stands in the key."""

    key: Secret
    webhook_secrets: tuple[Secret, ...]
    url: str = STRIPE_URL

    @property
    def is_live(self) -> bool:
        return self.key.reveal_text().split("_")[1] == "live"


@dataclass(frozen=True, slots=True, kw_only=True)
class WechatPayAccount:
    """merchant: mchid; app: appid; serial: of the merchant's certificate. private_key, public_key: PEM.

    public_key: WeChat's, known to them as public_key_id. app_secret: of the official account, for paying inside WeChat.
    """

    merchant: str
    app: str
    app_secret: Secret | None
    serial: str
    private_key: Secret
    api_key: Secret
    public_key_id: str
    public_key: str
    url: str = WECHAT_PAY_URL
    identity_url: str = WECHAT_URL

    @property
    def is_live(self) -> bool:
        """WeChat has no test mode; what is not WeChat itself moves no money."""
        return self.url == WECHAT_PAY_URL


@dataclass(frozen=True, slots=True, kw_only=True)
class AlipayAccount:
    """app: app_id; seller: the 2088… number that is paid. private_key: ours; public_key: Alipay's; both PEM."""

    app: str
    seller: str
    private_key: Secret
    public_key: str
    url: str = ALIPAY_URL

    @property
    def is_live(self) -> bool:
        return self.url == ALIPAY_URL


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentAccounts:
    stripe: StripeAccount | None = None
    wechat_pay: WechatPayAccount | None = None
    alipay: AlipayAccount | None = None

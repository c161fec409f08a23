"""The providers of this school, in the order in which a reader is offered them: the local ones first where they take the currency.

Their libraries are large, so a provider's module is imported only where its account is set up.
"""

from __future__ import annotations

from collections.abc import Mapping

from gatekeeper.commerce.payments import PaymentProvider
from gatekeeper.commerce.sandbox.provider import Sandbox
from gatekeeper.secrets import derive
from gatekeeper.settings import Settings


def open_providers(settings: Settings) -> Mapping[str, PaymentProvider]:
    """By name. The sandbox stands in every demo and in no live school."""
    providers: list[PaymentProvider] = []
    if settings.is_demo:
        key = derive(settings.secret_key, "sandbox webhooks")
        providers.append(Sandbox(key, is_live_mode=not settings.is_demo))
    accounts, origin = settings.payments, settings.gatekeeper_url
    if accounts.wechat_pay is not None:
        from gatekeeper.commerce.providers.wechat_pay.provider import WechatPay

        providers.append(WechatPay(accounts.wechat_pay, origin=origin))
    if accounts.alipay is not None:
        from gatekeeper.commerce.providers.alipay.provider import Alipay

        providers.append(Alipay(accounts.alipay, origin=origin))
    if accounts.stripe is not None:
        from gatekeeper.commerce.providers.stripe.provider import Stripe

        providers.append(Stripe(accounts.stripe, origin=origin))
    return {provider.name: provider for provider in providers}

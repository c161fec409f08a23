"""Who a reader is to WeChat: their openid for our official account, which a payment inside WeChat's own browser needs.

The browser goes to WeChat with a `state` that belongs to its session, and comes back with it and a code that is good once.
"""

from __future__ import annotations

from urllib.parse import urlencode

import requests

from gatekeeper.commerce.payments import ProviderAwayError, ProviderRefusedError
from gatekeeper.commerce.providers.accounts import WechatPayAccount
from gatekeeper.commerce.providers.wechat_pay.library import TIMEOUT_SECONDS

AUTHORISE = "https://open.weixin.qq.com/connect/oauth2/authorize"


def address(account: WechatPayAccount, *, back: str, state: str) -> str:
    """Where the browser goes. back: where it comes back to, absolute."""
    query = {
        "appid": account.app,
        "redirect_uri": back,
        "response_type": "code",
        "scope": "snsapi_base",
        "state": state,
    }
    return f"{AUTHORISE}?{urlencode(query)}#wechat_redirect"


def openid(account: WechatPayAccount, code: str) -> str:
    """The openid of the reader who came back from WeChat with this code. Raises ProviderAwayError, ProviderRefusedError."""
    if account.app_secret is None:
        raise ProviderRefusedError("the official account's secret is not set")
    query = {
        "appid": account.app,
        "secret": account.app_secret.reveal_text(),
        "code": code,
        "grant_type": "authorization_code",
    }
    try:
        answer = requests.get(
            f"{account.identity_url}/sns/oauth2/access_token", params=query, timeout=TIMEOUT_SECONDS
        )
        said = answer.json()
    except (requests.RequestException, ValueError):
        # The address of this request holds the secret, and the error names the address.
        raise ProviderAwayError("WeChat did not say who the reader is", hint="try again") from None
    found = said.get("openid") if isinstance(said, dict) else None
    if not isinstance(found, str) or not 0 < len(found) <= 128:
        raise ProviderRefusedError("WeChat did not say who the reader is", hint="begin the payment again")
    return found

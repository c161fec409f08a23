"""The library, wechatpayv3 2.0, behind what it does not check.

Before it sees a notice:
- the notice's time: it verifies a signature of any age. WeChat asks for less than five minutes, in both directions,
- the serial: for one that it does not know it throws its certificates away and fetches new ones, so that anybody could make the
  shop ask WeChat at will. Only the configured public key's id is let through, and no certificates are used,
- the algorithm and the signature's type, for which it raises a bare Exception.

What a notice says is checked afterwards (`notices.py`). The library's address and its missing timeout are set here, too; its errors
are bare Exceptions, and become `ProviderAwayError`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import requests
from wechatpayv3 import WeChatPay, WeChatPayType
from wechatpayv3.utils import aes_decrypt

from gatekeeper.commerce.payments import ProviderAwayError, ProviderRefusedError, RejectedError
from gatekeeper.commerce.providers.accounts import WechatPayAccount
from gatekeeper.commerce.providers.fields import parsed

TOLERANCE_SECONDS = 300
TIMEOUT_SECONDS = (5.0, 10.0)
_SIGNED_WITH = "WECHATPAY2-SHA256-RSA2048"
_CIPHER = "AEAD_AES_256_GCM"

Call = Callable[[], tuple[int, str | bytes]]


class Library:
    """api: the library itself, for what it does well."""

    def __init__(self, account: WechatPayAccount, *, notify_url: str) -> None:
        self._account = account
        self.api = WeChatPay(
            wechatpay_type=WeChatPayType.NATIVE,
            mchid=account.merchant,
            private_key=account.private_key.reveal_text(),
            cert_serial_no=account.serial,
            appid=account.app,
            apiv3_key=account.api_key.reveal_text(),
            notify_url=notify_url,
            timeout=TIMEOUT_SECONDS,
            public_key=account.public_key,
            public_key_id=account.public_key_id,
        )
        self.api._core._gate_way = account.url

    def opened(self, raw: bytes, headers: Mapping[str, str], *, now: datetime) -> Mapping[str, Any]:
        """A notice that came now, with its `resource` in plain text. Raises RejectedError unless it is WeChat's."""
        self._check_headers(headers, now=now)
        self._check_signature(raw, headers)
        return self.reopened(raw)

    def reopened(self, raw: bytes) -> Mapping[str, Any]:
        """The same for a body whose signature was verified when it came."""
        notice = parsed(raw)
        resource = notice.get("resource")
        if notice.get("resource_type") != "encrypt-resource" or not isinstance(resource, dict):
            raise RejectedError("not an encrypted notice")
        if resource.get("algorithm") != _CIPHER or not all(
            isinstance(resource.get(key), str) for key in ("nonce", "ciphertext")
        ):
            raise RejectedError("not encrypted as agreed")
        try:
            plain = _decrypted(resource, self._account.api_key.reveal_text())
        except (ValueError, TypeError, AttributeError) as error:
            raise RejectedError("not readable") from error
        if plain is None:
            raise RejectedError("not encrypted for us")
        return {**notice, "resource": parsed(plain.encode())}

    def answered(self, call: Call) -> Mapping[str, Any]:
        status, body = _called(call)
        said = _object(body)
        if 200 <= status < 300:
            return said
        code = str(said.get("code", status))[:60]
        if status >= 500 or status == 429:
            raise ProviderAwayError(f"WeChat did not answer: {code}", hint="try again in a moment")
        raise ProviderRefusedError(f"WeChat refused: {code}", hint="see docs/commerce.md")

    def answered_or_none(self, call: Call) -> Mapping[str, Any] | None:
        """None where WeChat knows nothing of it."""
        status, body = _called(call)
        return None if status == 404 else self.answered(lambda: (status, body))

    def _check_headers(self, headers: Mapping[str, str], *, now: datetime) -> None:
        needed = ("signature", "timestamp", "nonce", "serial")
        if not all(headers.get(f"wechatpay-{name}") for name in needed):
            raise RejectedError("not signed")
        if headers.get("wechatpay-signature-type", _SIGNED_WITH) != _SIGNED_WITH:
            raise RejectedError("signed in another way")
        if headers["wechatpay-serial"] != self._account.public_key_id:
            raise RejectedError("signed with a key that is not known", is_alarming=True)
        stamp = headers["wechatpay-timestamp"]
        if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
            raise RejectedError("no time")
        if abs(int(now.timestamp()) - int(stamp)) >= TOLERANCE_SECONDS:
            raise RejectedError("too old, or from the future")

    def _check_signature(self, raw: bytes, headers: Mapping[str, str]) -> None:
        marks = {**headers, "wechatpay-signature-type": _SIGNED_WITH}
        try:
            is_genuine = self.api._core._verify_signature(marks, raw.decode())
        except ValueError as error:  # no UTF-8
            raise RejectedError("not readable") from error
        if not is_genuine:
            raise RejectedError("not signed by WeChat")


def _called(call: Call) -> tuple[int, str | bytes]:
    try:
        return call()
    except requests.RequestException as error:
        raise ProviderAwayError(
            f"WeChat did not answer: {type(error).__name__}", hint="try again in a moment"
        ) from error
    except (
        Exception
    ) as error:  # the library raises bare Exceptions: for an answer whose signature is false, among others
        raise ProviderAwayError(f"WeChat's answer is not WeChat's: {error}") from error


def _decrypted(resource: Mapping[str, Any], key: str) -> str | None:
    found = aes_decrypt(
        nonce=resource["nonce"],
        ciphertext=resource["ciphertext"],
        associated_data=resource.get("associated_data") or "",
        apiv3_key=key,
    )
    return found if isinstance(found, str) else None


def _object(body: str | bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(body) if body else {}
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise ProviderAwayError("WeChat answered what is no JSON", hint="try again in a moment")
    return found

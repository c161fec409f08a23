"""What tests of an account's life do again and again."""

from __future__ import annotations

import re

from werkzeug.test import TestResponse

from gatekeeper.accounts import readers
from gatekeeper.accounts.post.outbox import Mail
from gatekeeper.accounts.readers import Reader
from tests.support.shop import Browser, Shop

_CODE = re.compile(r"\b[0-9]{6}\b")


def signed_in(shop: Shop, email: str) -> Browser:
    browser = shop.browser()
    browser.sign_in(email)
    return browser


def reader_of(shop: Shop, email: str) -> Reader:
    with shop.database.read() as connection:
        found = readers.find_by_address(connection, email)
    assert found is not None
    return found


def newest(shop: Shop, email: str, key: str = "") -> Mail:
    """The newest mail to this address whose key begins like this."""
    return next(mail for mail in shop.mails() if mail.recipient == email and mail.key[: len(key)] == key)


def code_to(shop: Shop, email: str) -> str:
    found = _CODE.search(newest(shop, email, "proof:").letter.subject)
    assert found is not None
    return found.group()


def ask_address(browser: Browser, email: str) -> TestResponse:
    return browser.post("/account/address", {"email": email}, form="/account/address")


def enter(browser: Browser, path: str, code: str) -> TestResponse:
    return browser.post(path, {"code": code}, form=path)


def change_address(browser: Browser, email: str) -> TestResponse:
    ask_address(browser, email)
    return enter(browser, "/account/address/code", code_to(browser.shop, email))


def link_in(mail: Mail) -> str:
    """The path of the one link in a mail."""
    found = re.findall(r"https://gate\.example\.test(/\S+)", mail.letter.text)
    assert len(found) == 1
    path: str = found[0]
    return path

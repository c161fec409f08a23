"""Password, passkey and another service in a real Chromium, with its virtual authenticator; the new pages on phone and desk."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, CDPSession, Page, expect

from tests.support.browser import DESKTOP, PHONE, NewContext, Watch, violations
from tests.support.browser import chromium as chromium  # a fixture
from tests.support.browser import new_context as new_context  # a fixture
from tests.support.gatekeeper import RunningGatekeeper, free_port, running_gatekeeper
from tests.support.identity_servers import CLIENT, SECRET, CarefulProvider, careful_provider

pytestmark = pytest.mark.browser

PASSWORD = "correct horse battery staple"


@pytest.fixture(scope="module")
def campus() -> Iterator[CarefulProvider]:
    with careful_provider() as provider:
        yield provider


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, campus: CarefulProvider) -> Iterator[RunningGatekeeper]:
    """Under the name `localhost`: passkeys need a name."""
    port = free_port()
    environ = {
        "LYCEUM_PORT": str(port),
        "LYCEUM_GATEKEEPER_URL": f"http://localhost:{port}",
        "LYCEUM_OIDC_PROVIDERS": "campus",
        "LYCEUM_OIDC_CAMPUS_ISSUER": campus.issuer,
        "LYCEUM_OIDC_CAMPUS_CLIENT": CLIENT,
        "LYCEUM_OIDC_CAMPUS_SECRET": SECRET,
    }
    with running_gatekeeper(tmp_path_factory.mktemp("ways"), environ=environ) as started:
        yield started


def sign_in_by_code(context: BrowserContext, page: Page, origin: str, email: str) -> None:
    page.fill("#email", email)
    page.press("#email", "Enter")
    expect(page.locator("#code")).to_be_focused()
    outbox = context.new_page()
    outbox.goto(f"{origin}/outbox")
    code = re.search(r"\b\d{6}\b", outbox.locator("article", has_text=email).first.inner_text())
    outbox.close()
    assert code is not None
    page.fill("#code", code.group())
    page.press("#code", "Enter")
    page.wait_for_url(lambda url: "/sign-in" not in url)


def sign_out(page: Page, origin: str) -> None:
    page.goto(f"{origin}/sign-out")
    page.locator("main button").click()
    page.wait_for_selector("main h1")


def authenticator(context: BrowserContext, page: Page) -> tuple[CDPSession, str]:
    """A device that holds discoverable keys and verifies its person, without anybody to touch it yet."""
    session = context.new_cdp_session(page)
    session.send("WebAuthn.enable", {"enableUI": False})
    made = session.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )
    return session, str(made["authenticatorId"])


@pytest.mark.parametrize(
    ("size", "scheme", "locale"), [(PHONE, "dark", "zh-CN"), (DESKTOP, "light", "en-GB")]
)
def test_a_reader_adds_password_passkey_and_service_and_comes_in_by_each(
    running: RunningGatekeeper,
    campus: CarefulProvider,
    new_context: NewContext,
    size: dict[str, int],
    scheme: str,
    locale: str,
) -> None:
    origin = running.settings.gatekeeper_url
    email = f"reader-{size['width']}@example.org"
    context = new_context(viewport=size, color_scheme=scheme, locale=locale)
    watch = Watch(context, own=frozenset({origin, campus.issuer}))
    page = context.new_page()
    session, device = authenticator(context, page)

    def look() -> None:
        assert violations(page) == []
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= size["width"], (page.url, width)
        small = page.evaluate(
            """() => [...document.querySelectorAll("main button, main .button, main .check, main input:not([type=hidden], [type=checkbox], .sr)")]
            .filter(one => one.offsetParent && one.getBoundingClientRect().height < 44).map(one => one.outerHTML)"""
        )
        assert small == []

    page.goto(f"{origin}/sign-in")
    look()
    sign_in_by_code(context, page, origin, email)

    page.goto(f"{origin}/account/password")
    page.fill("#password", "password1234")
    page.press("#password", "Enter")
    expect(page.locator("#password")).to_have_attribute("aria-invalid", "true")
    look()
    watch.failed.clear()  # the browser counts 422 as a failure
    watch.console.clear()
    page.fill("#password", PASSWORD)
    page.locator("[data-show-password]").click()
    expect(page.locator("#password")).to_have_attribute("type", "text")
    page.press("#password", "Enter")
    page.wait_for_url("**/account?changed=password")
    look()

    page.goto(f"{origin}/account/passkeys/new")
    look()
    page.fill("#name", "My phone")
    page.press("#name", "Enter")
    page.wait_for_url("**/account#passkeys")
    expect(page.locator("bdi", has_text="My phone")).to_be_visible()
    (kept,) = session.send("WebAuthn.getCredentials", {"authenticatorId": device})["credentials"]
    assert kept["isResidentCredential"]
    assert kept["rpId"] == "localhost"

    campus.tell_the_truth(int(time.time()))
    campus.claims = {"sub": email, "email": "elsewhere@campus.example", "email_verified": False}
    page.locator("form[action='/account/identities/campus'] button").click()
    page.wait_for_url("**/account#identities")
    expect(page.locator("bdi", has_text="elsewhere@campus.example")).to_be_visible()
    look()

    # The browser offers the passkey by itself in the address field; the device is told to wait, then to agree.
    session.send("WebAuthn.setAutomaticPresenceSimulation", {"authenticatorId": device, "enabled": False})
    sign_out(page, origin)
    page.goto(f"{origin}/sign-in?next=/redeem")
    expect(page.locator("[data-passkey-go]")).to_be_visible()
    session.send("WebAuthn.setAutomaticPresenceSimulation", {"authenticatorId": device, "enabled": True})
    page.locator("[data-passkey-go]").click()
    page.wait_for_url(f"{origin}/redeem")
    (used,) = session.send("WebAuthn.getCredentials", {"authenticatorId": device})["credentials"]
    assert used["signCount"] > kept["signCount"]

    sign_out(page, origin)
    session.send("WebAuthn.disable")
    page.goto(f"{origin}/sign-in/password?next=/redeem")
    look()
    page.fill("#email", email)
    page.fill("#password", PASSWORD)
    page.press("#password", "Enter")
    page.wait_for_url(f"{origin}/redeem")

    sign_out(page, origin)
    page.goto(f"{origin}/sign-in?next=/redeem")
    page.locator("form[action='/sign-in/with/campus'] button").click()
    page.wait_for_url(f"{origin}/redeem")
    page.goto(f"{origin}/account")
    expect(page.get_by_text(email).first).to_be_visible()
    # The page on the way to the service is left before its picture has come.
    assert [failure for failure in watch.failed if "ERR_ABORTED" not in failure] == []
    assert watch.console == []
    assert watch.third_party() == []


def test_the_address_field_signs_in_with_a_passkey_by_itself(
    running: RunningGatekeeper, new_context: NewContext
) -> None:
    """Conditional mediation: with the device's consent no button has to be pressed."""
    origin = running.settings.gatekeeper_url
    context = new_context(locale="en-GB")
    page = context.new_page()
    authenticator(context, page)
    page.goto(f"{origin}/sign-in?next=/account/passkeys/new")
    sign_in_by_code(context, page, origin, "conditional@example.org")
    page.locator("main form button").click()
    page.wait_for_url("**/account#passkeys")
    sign_out(page, origin)
    page.goto(f"{origin}/sign-in?next=/redeem")
    page.wait_for_url(f"{origin}/redeem")


def test_without_scripts_password_and_service_work_and_passkeys_do_not_show(
    running: RunningGatekeeper, campus: CarefulProvider, new_context: NewContext
) -> None:
    origin = running.settings.gatekeeper_url
    campus.tell_the_truth(int(time.time()))
    campus.claims = {"sub": "plain", "email": "plain@example.org"}
    context = new_context(java_script_enabled=False, locale="en-GB")
    page = context.new_page()
    page.goto(f"{origin}/sign-in")
    expect(page.locator("[data-passkey-sign-in]")).to_be_hidden()
    page.locator("form[action='/sign-in/with/campus'] button").click()
    page.wait_for_url("**/account")
    page.goto(f"{origin}/account/password")
    expect(page.locator("[data-show-password]")).to_be_hidden()
    page.fill("#password", PASSWORD)
    page.press("#password", "Enter")
    page.wait_for_url("**/account?changed=password")

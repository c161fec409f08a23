"""Payment accounts in the settings: whole or absent, of the school's own mode, from the environment or from files."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gatekeeper.commerce.providers.accounts import PaymentAccounts
from gatekeeper.commerce.providers.environment import read_accounts
from gatekeeper.environment_values import EnvironmentValues
from gatekeeper.errors import SettingsError
from tests.support.alipay_server import alipay_environ
from tests.support.provider_server import private_pem, public_pem, rsa_key
from tests.support.shop import live_environ, settings_for
from tests.support.wechat_server import wechat_environ

LOOPBACK = "http://127.0.0.1:9"
STRIPE = {
    "LYCEUM_STRIPE_KEY": "sk_test_0123456789abcdef",
    "LYCEUM_STRIPE_WEBHOOK_SECRETS": "whsec_0123456789abcdef,whsec_fedcba9876543210",
}
WECHAT = wechat_environ(LOOPBACK)
ALIPAY = alipay_environ(f"{LOOPBACK}/gateway.do")


def read(environ: dict[str, str], *, is_demo: bool = True) -> tuple[PaymentAccounts, list[str]]:
    values = EnvironmentValues(environ)
    return read_accounts(values, is_demo=is_demo), values.problems


def test_no_account_is_no_mistake() -> None:
    assert read({}) == (PaymentAccounts(), [])


def test_whole_accounts_are_read() -> None:
    accounts, problems = read({**STRIPE, **WECHAT, **ALIPAY})
    assert problems == []
    assert accounts.stripe is not None
    assert [secret.reveal_text()[-4:] for secret in accounts.stripe.webhook_secrets] == ["cdef", "3210"]
    assert accounts.wechat_pay is not None
    assert accounts.alipay is not None
    assert not any(one.is_live for one in (accounts.stripe, accounts.wechat_pay, accounts.alipay))


def test_keys_may_be_bare_base64_as_the_providers_tools_write_them() -> None:
    def bare(pem: str) -> str:
        return "".join(line for line in pem.splitlines() if "-----" not in line)

    environ = {
        **ALIPAY,
        "LYCEUM_ALIPAY_PRIVATE_KEY": bare(ALIPAY["LYCEUM_ALIPAY_PRIVATE_KEY"]),
        "LYCEUM_ALIPAY_PUBLIC_KEY": bare(ALIPAY["LYCEUM_ALIPAY_PUBLIC_KEY"]),
    }
    accounts, problems = read(environ)
    assert problems == []
    assert accounts.alipay is not None
    assert accounts.alipay.private_key.reveal_text() == private_pem(rsa_key("application"))
    assert accounts.alipay.public_key == public_pem(rsa_key("alipay"))


@pytest.mark.parametrize(
    "name",
    sorted(
        {**STRIPE, **WECHAT, **ALIPAY}.keys()
        - {
            "LYCEUM_WECHAT_PAY_URL",
            "LYCEUM_WECHAT_PAY_IDENTITY_URL",
            "LYCEUM_WECHAT_PAY_APP_SECRET",
            "LYCEUM_ALIPAY_URL",
        }
    ),
)
def test_half_an_account_is_a_mistake(name: str) -> None:
    whole = next(account for account in (STRIPE, WECHAT, ALIPAY) if name in account)
    _, problems = read({key: value for key, value in whole.items() if key != name})
    assert [problem.partition(" ")[0] for problem in problems] == [name]
    assert "is missing" in problems[0]


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({**STRIPE, "LYCEUM_STRIPE_KEY": "pk_test_0123456789abcdef"}, "LYCEUM_STRIPE_KEY"),
        ({**STRIPE, "LYCEUM_STRIPE_KEY": "sk_test_0123456789abcdef\u00e9"}, "LYCEUM_STRIPE_KEY"),
        ({**STRIPE, "LYCEUM_STRIPE_WEBHOOK_SECRETS": "secret"}, "LYCEUM_STRIPE_WEBHOOK_SECRETS"),
        ({**STRIPE, "LYCEUM_STRIPE_WEBHOOK_SECRETS": ","}, "LYCEUM_STRIPE_WEBHOOK_SECRETS"),
        ({**STRIPE, "LYCEUM_STRIPE_URL": "http://stripe.example"}, "LYCEUM_STRIPE_URL"),
        ({**STRIPE, "LYCEUM_STRIPE_URL": "https://a@b.example"}, "LYCEUM_STRIPE_URL"),
        ({**STRIPE, "LYCEUM_STRIPE_URL": "https://[::1"}, "LYCEUM_STRIPE_URL"),
        ({**WECHAT, "LYCEUM_WECHAT_PAY_MERCHANT": "1900000109 "[:-1] + "x"}, "LYCEUM_WECHAT_PAY_MERCHANT"),
        ({**WECHAT, "LYCEUM_WECHAT_PAY_APP": "2021000000000001"}, "LYCEUM_WECHAT_PAY_APP"),
        ({**WECHAT, "LYCEUM_WECHAT_PAY_SERIAL": "serial"}, "LYCEUM_WECHAT_PAY_SERIAL"),
        ({**WECHAT, "LYCEUM_WECHAT_PAY_API_KEY": "short"}, "LYCEUM_WECHAT_PAY_API_KEY"),
        (
            {**WECHAT, "LYCEUM_WECHAT_PAY_PUBLIC_KEY_ID": "7132d72a03e93cdd"},
            "LYCEUM_WECHAT_PAY_PUBLIC_KEY_ID",
        ),
        ({**WECHAT, "LYCEUM_WECHAT_PAY_PUBLIC_KEY": "AAAA"}, "LYCEUM_WECHAT_PAY_PUBLIC_KEY"),
        (
            {**WECHAT, "LYCEUM_WECHAT_PAY_PRIVATE_KEY": public_pem(rsa_key("wechat"))},
            "LYCEUM_WECHAT_PAY_PRIVATE_KEY",
        ),
        ({**ALIPAY, "LYCEUM_ALIPAY_APP": "x"}, "LYCEUM_ALIPAY_APP"),
        ({**ALIPAY, "LYCEUM_ALIPAY_SELLER": "2021000000000001"}, "LYCEUM_ALIPAY_SELLER"),
        ({**ALIPAY, "LYCEUM_ALIPAY_PRIVATE_KEY": "\u4e66"}, "LYCEUM_ALIPAY_PRIVATE_KEY"),
    ],
)
def test_a_value_of_another_form_is_a_mistake_that_names_itself(environ: dict[str, str], name: str) -> None:
    _, problems = read(environ)
    assert [problem.partition(" ")[0] for problem in problems] == [name]


def test_weak_and_foreign_keys_are_refused() -> None:
    short = generate_private_key(public_exponent=65537, key_size=1024)
    other = ed25519.Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    for text in (private_pem(short), other.decode()):
        _, problems = read({**ALIPAY, "LYCEUM_ALIPAY_PRIVATE_KEY": text})
        assert len(problems) == 1
        assert "RSA private key of 2048 bits" in problems[0]


@pytest.mark.parametrize(
    ("environ", "is_demo"),
    [
        (STRIPE, False),
        ({**STRIPE, "LYCEUM_STRIPE_KEY": "sk_live_0123456789abcdef"}, True),
        ({**STRIPE, "LYCEUM_STRIPE_KEY": "rk_live_0123456789abcdef"}, True),
        (WECHAT, False),
        ({**WECHAT, "LYCEUM_WECHAT_PAY_URL": ""}, True),
        (ALIPAY, False),
        ({**ALIPAY, "LYCEUM_ALIPAY_URL": ""}, True),
    ],
)
def test_w10_test_money_in_a_live_school_and_live_money_in_a_demo_are_refused(
    environ: dict[str, str], is_demo: bool
) -> None:
    _, problems = read(environ, is_demo=is_demo)
    assert len(problems) == 1
    assert ("live money in a demo" if is_demo else "test money in a live school") in problems[0]


def test_secrets_may_lie_in_files_and_are_never_repeated(tmp_path: Path) -> None:
    for name in ("LYCEUM_ALIPAY_PRIVATE_KEY", "LYCEUM_ALIPAY_PUBLIC_KEY"):
        (tmp_path / name).write_text(ALIPAY[name])
    files = {f"{path.name}_FILE": str(path) for path in tmp_path.iterdir()}
    rest = {name: value for name, value in ALIPAY.items() if f"{name}_FILE" not in files}
    accounts, problems = read({**rest, **files})
    assert problems == []
    assert accounts.alipay is not None
    assert "PRIVATE KEY" not in repr(accounts)
    _, problems = read({**STRIPE, "LYCEUM_STRIPE_KEY": "sk_wrong_0123456789abcdef"})
    assert "0123456789abcdef" not in str(problems)


def test_mistakes_are_said_together_with_the_others(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        settings_for(tmp_path, LYCEUM_STRIPE_KEY="x", LYCEUM_PORT="x", LYCEUM_ALIPAY_APP="x")
    named = {problem.partition(" ")[0] for problem in caught.value.problems}
    assert {"LYCEUM_PORT", "LYCEUM_STRIPE_WEBHOOK_SECRETS", "LYCEUM_ALIPAY_SELLER"} <= named


def test_a_live_school_has_no_sandbox_and_offers_what_is_set_up(tmp_path: Path) -> None:
    from gatekeeper.commerce.providers.shelf import open_providers

    stripe = {**STRIPE, "LYCEUM_STRIPE_KEY": "sk_live_0123456789abcdef"}
    live = settings_for(tmp_path, **live_environ(tmp_path), **stripe)
    assert list(open_providers(live)) == ["stripe"]
    assert all(provider.is_live for provider in open_providers(live).values())
    demo = settings_for(tmp_path, **STRIPE, **WECHAT, **ALIPAY)
    assert list(open_providers(demo)) == ["sandbox", "wechat_pay", "alipay", "stripe"]

"""The outbox and its sender, against a real SMTP server on loopback."""

from __future__ import annotations

import email
import email.policy
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from sqlalchemy import select, text

from gatekeeper.accounts.post import outbox
from gatekeeper.accounts.post.outbox import Letter, Mail
from gatekeeper.accounts.post.smtp import MailServer, MailServerError
from gatekeeper.accounts.tables import MailRow
from tests.support.gatekeeper import free_port
from tests.support.shop import START, Shop, live_environ, open_shop


class Mailbox:
    """What a mail server does with mails. answers: what to say to the next ones, else 250."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.recipients: list[str] = []
        self.answers: list[str] = []
        self.refuses: set[str] = set()

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        if address in self.refuses:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if self.answers:
            return self.answers.pop(0)
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        self.messages.append(message)
        self.recipients += envelope.rcpt_tos
        return "250 OK"


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def server_port(mailbox: Mailbox) -> Iterator[int]:
    controller = Controller(mailbox, hostname="127.0.0.1", port=free_port(), enable_SMTPUTF8=True)
    controller.start()
    yield controller.port
    controller.stop()


@pytest.fixture
def live(tmp_path: Path, server_port: int) -> Iterator[Shop]:
    environ = {**live_environ(tmp_path), "LYCEUM_SMTP_URL": f"smtp://127.0.0.1:{server_port}"}
    with open_shop(tmp_path, **environ) as opened:
        yield opened


def put(shop: Shop, key: str = "k", to: str = "ada@example.org", **more: Any) -> bool:
    letter = Letter(subject="\u9a8c\u8bc1\u7801 42", text="text \u4e66\n", html="<p>html</p>")
    with shop.database.write() as connection:
        return outbox.put(connection, key=key, recipient=to, letter=letter, now=shop.clock(), **more)


def row(shop: Shop) -> Any:
    with shop.database.read() as connection:
        return connection.execute(select(MailRow)).one()


def test_a_mail_arrives_whole_and_once_and_its_text_is_forgotten(live: Shop, mailbox: Mailbox) -> None:
    put(live)
    live.run_jobs()
    live.run_jobs()
    (message,) = mailbox.messages
    assert message["Subject"] == "\u9a8c\u8bc1\u7801 42"
    assert message["From"] == "Test School <school@example.test>"
    assert message["To"] == "ada@example.org"
    assert message["Auto-Submitted"] == "auto-generated"
    plain, html = message.get_body(("plain",)), message.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert plain.get_content().replace("\r\n", "\n") == "text \u4e66\n"
    assert html.get_content().strip() == "<p>html</p>"
    assert (row(live).text, row(live).html, row(live).subject) == ("", "", "")


def test_the_sign_in_code_reaches_the_mailbox_and_no_page_shows_it_in_live_mode(
    live: Shop, mailbox: Mailbox
) -> None:
    reader = live.browser()
    reader.post("/sign-in", {"email": "ada@example.org"}, form="/sign-in")
    live.run_jobs()
    assert mailbox.recipients == ["ada@example.org"]
    assert reader.get("/outbox").status_code == 404
    assert "outbox" not in reader.get("/sign-in").text


def test_the_same_key_is_sent_once(live: Shop, mailbox: Mailbox) -> None:
    assert [put(live), put(live), put(live, key="other")] == [True, False, True]
    live.run_jobs()
    assert len(mailbox.messages) == 2


def test_a_mail_of_a_transaction_that_fails_is_never_sent(live: Shop, mailbox: Mailbox) -> None:
    def fails() -> None:
        with live.database.write() as connection:
            letter = Letter(subject="s", text="t", html="h")
            outbox.put(connection, key="k", recipient="a@example.org", letter=letter, now=live.clock())
            raise RuntimeError("halfway")

    with pytest.raises(RuntimeError, match="halfway"):
        fails()
    live.run_jobs()
    assert mailbox.messages == []


def test_a_server_that_is_busy_is_tried_again_later_and_later(live: Shop, mailbox: Mailbox) -> None:
    mailbox.answers = ["451 try later"] * 3
    put(live)
    waits = []
    for _ in range(3):
        live.run_jobs()
        waits.append(row(live).send_at - live.clock())
        live.run_jobs()  # not due yet: nothing happens
        live.clock.now = row(live).send_at
    assert waits == [timedelta(seconds=15), timedelta(minutes=1), timedelta(minutes=4)]
    live.run_jobs()
    assert len(mailbox.messages) == 1
    assert row(live).tries == 4


def test_a_mail_that_fails_six_times_is_given_up(live: Shop, mailbox: Mailbox) -> None:
    mailbox.answers = ["451 try later"] * 10
    put(live)
    for _ in range(10):
        live.run_jobs()
        live.clock.advance(days=1)
    assert len(mailbox.answers) == 4
    assert row(live).failed_at is not None


def test_a_refusal_for_good_is_not_repeated_and_others_go_on(live: Shop, mailbox: Mailbox) -> None:
    mailbox.refuses = {"gone@example.org"}
    put(live, to="gone@example.org")
    put(live, key="k2")
    live.run_jobs()
    live.clock.advance(days=1)
    live.run_jobs()
    assert mailbox.recipients == ["ada@example.org"]
    with live.database.read() as connection:
        assert connection.execute(select(MailRow.tries).where(MailRow.key == "k")).scalar_one() == 1


def test_a_server_that_is_away_loses_nothing(tmp_path: Path, mailbox: Mailbox) -> None:
    port = free_port()
    environ = {**live_environ(tmp_path), "LYCEUM_SMTP_URL": f"smtp://127.0.0.1:{port}"}
    with open_shop(tmp_path, **environ) as shop:
        put(shop)
        shop.run_jobs()
        controller = Controller(mailbox, hostname="127.0.0.1", port=port)
        controller.start()
        try:
            shop.clock.advance(minutes=1)
            shop.run_jobs()
        finally:
            controller.stop()
    assert len(mailbox.messages) == 1


def test_a_code_that_has_expired_is_not_sent_any_more(live: Shop, mailbox: Mailbox) -> None:
    put(live, not_after=live.clock() + timedelta(minutes=10))
    live.clock.advance(minutes=10)
    live.run_jobs()
    assert mailbox.messages == []
    assert row(live).failed_at is not None


def test_two_senders_share_the_work_and_a_dead_one_gives_it_back(any_shop: Shop) -> None:
    put(any_shop)
    with any_shop.database.write() as connection:
        first = outbox.lease(connection, now=any_shop.clock())
    with any_shop.database.write() as connection:
        second = outbox.lease(connection, now=any_shop.clock())
    any_shop.clock.advance(minutes=2)
    with any_shop.database.write() as connection:
        third = outbox.lease(connection, now=any_shop.clock())
    assert first is not None
    assert second is None
    assert third is not None
    assert (first.id, first.tries, third.tries) == (third.id, 1, 2)


def test_a_repetition_has_the_same_message_id(live: Shop) -> None:
    from gatekeeper.accounts.post.smtp import message_of

    put(live)
    with live.database.write() as connection:
        mail = outbox.lease(connection, now=live.clock())
    assert mail is not None
    one = message_of(mail, sender="S <s@example.test>", now=live.clock())
    two = message_of(mail, sender="S <s@example.test>", now=live.clock() + timedelta(hours=1))
    assert one["Message-ID"] == two["Message-ID"]
    assert one["Message-ID"].endswith("@example.test>")


def test_a_subject_cannot_make_a_header(live: Shop, mailbox: Mailbox) -> None:
    letter = Letter(subject="Hi\r\nBcc: eve@example.org", text="t", html="h")
    with live.database.write() as connection:
        outbox.put(connection, key="k", recipient="ada@example.org", letter=letter, now=live.clock())
    live.run_jobs()
    (message,) = mailbox.messages
    assert message["Bcc"] is None
    assert mailbox.recipients == ["ada@example.org"]


def test_an_address_beyond_ascii_is_carried(live: Shop, mailbox: Mailbox) -> None:
    put(live, to="ada@b\u00fccher.example.org")
    live.run_jobs()
    assert mailbox.recipients == ["ada@xn--bcher-kva.example.org"]


def test_starttls_that_is_required_is_not_done_without(server_port: int) -> None:
    server = MailServer.from_url(f"smtp+starttls://127.0.0.1:{server_port}")
    with pytest.raises(MailServerError):
        server.probe()
    MailServer.from_url(f"smtp://127.0.0.1:{server_port}").probe()


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
def test_user_and_password_are_used_and_a_wrong_one_is_an_error(mailbox: Mailbox) -> None:
    def check(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        return AuthResult(success=(data.login, data.password) == (b"us er", b"p@ss"))

    controller = Controller(
        mailbox,
        hostname="127.0.0.1",
        port=free_port(),
        authenticator=check,
        auth_require_tls=False,
        auth_required=True,
    )
    controller.start()
    try:
        MailServer.from_url(f"smtp://us%20er:p%40ss@127.0.0.1:{controller.port}").probe()
        with pytest.raises(MailServerError) as caught:
            MailServer.from_url(f"smtp://us%20er:secret@127.0.0.1:{controller.port}").probe()
    finally:
        controller.stop()
    assert "secret" not in str(caught.value)
    assert "secret" not in repr(MailServer.from_url("smtp://u:secret@127.0.0.1"))


def test_the_outbox_page_shows_the_demos_mails_with_a_link_and_escapes_them(shop: Shop) -> None:
    reader = shop.browser()
    code = reader.ask_code("ada@example.org")
    letter = Letter(subject="<b>x</b>", text="<script>alert(1)</script>", html="")
    with shop.database.write() as connection:
        outbox.put(connection, key="k", recipient="eve@example.org", letter=letter, now=shop.clock())
    shop.run_jobs()
    page = reader.get("/outbox").text
    assert code in page
    assert f'<a href="https://gate.example.test{shop.link_for("ada@example.org")}">' in page
    assert "<script>alert" not in page
    assert "<b>x</b>" not in page


def test_d04_the_log_names_no_address_and_no_code(
    live: Shop, mailbox: Mailbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    mailbox.answers = ["451 later", "550 ada@example.org is not known here"]
    reader = live.browser()
    reader.post("/sign-in", {"email": "ada@example.org"}, form="/sign-in")
    with live.database.read() as connection:
        subject = connection.execute(text("SELECT subject FROM outbox")).scalar_one()
    live.run_jobs()
    live.clock.advance(minutes=1)
    live.run_jobs()
    said = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("gatekeeper"))
    assert "mail not sent" in said
    assert "mail refused" in said
    assert "ada@" not in said
    assert subject[:6] not in said


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A self-signed certificate for 127.0.0.1 with its key, in one PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test mail server")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path = tmp_path / "mail.pem"
    path.write_bytes(made.public_bytes(Encoding.PEM) + secret)
    return path


@pytest.mark.parametrize("scheme", ["smtps", "smtp+starttls", "smtp"])
def test_mail_goes_by_tls_to_a_server_whose_certificate_is_trusted_and_to_no_other(
    mailbox: Mailbox, certificate: Path, scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    options: dict[str, Any] = {"tls_context": context, "require_starttls": True}
    if scheme == "smtps":
        options = {"ssl_context": context}
    # The plain greeting of aiosmtpd's own start-up check would be refused by a server that wants TLS first.
    controller = Controller(mailbox, hostname="127.0.0.1", port=free_port(), **options)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    controller.start()
    try:
        server = MailServer.from_url(f"{scheme}://127.0.0.1:{controller.port}")
        letter = Letter(subject="s", text="t", html="h")
        mail = Mail(id=1, key="k", recipient="ada@example.org", letter=letter, created_at=START, tries=1)
        server.send(mail, sender="S <s@example.test>", now=START)
        monkeypatch.delenv("SSL_CERT_FILE")
        with pytest.raises(MailServerError):
            server.send(mail, sender="S <s@example.test>", now=START)
    finally:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        controller.stop()
    assert mailbox.recipients == ["ada@example.org"]

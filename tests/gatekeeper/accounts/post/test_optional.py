"""Mail that nobody needs can be refused with one click, comes last, and no other mail is touched by it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import select

from gatekeeper.accounts.limits import MAILS_TO_RECIPIENT
from gatekeeper.accounts.post import optional, outbox
from gatekeeper.accounts.post.outbox import Letter
from gatekeeper.accounts.tables import MailRow
from tests.gatekeeper.accounts.test_post import Mailbox
from tests.support.gatekeeper import free_port
from tests.support.shop import ORIGIN, Shop, live_environ, open_shop, visible

ADA = "ada@example.org"


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def live(tmp_path: Path, mailbox: Mailbox) -> Iterator[Shop]:
    controller = Controller(mailbox, hostname="127.0.0.1", port=free_port(), enable_SMTPUTF8=True)
    controller.start()
    environ = {**live_environ(tmp_path), "LYCEUM_SMTP_URL": f"smtp://127.0.0.1:{controller.port}"}
    try:
        with open_shop(tmp_path, **environ) as opened:
            yield opened
    finally:
        controller.stop()


def put_optional(shop: Shop, key: str = "o", to: str = ADA) -> bool:
    with shop.database.write() as connection:
        return optional.put(
            connection,
            shop.service.marker,
            shop.service.letters,
            "welcome",
            "en",
            origin=ORIGIN,
            key=key,
            recipient=to,
            now=shop.clock(),
            address=f"{ORIGIN}/account",
        )


def put_needed(shop: Shop, key: str = "n", to: str = ADA) -> None:
    with shop.database.write() as connection:
        letter = Letter(subject=key, text="t", html="<p>t</p>")
        outbox.put(connection, key=key, recipient=to, letter=letter, now=shop.clock())


def test_it_carries_a_way_to_refuse_and_needed_mail_does_not(live: Shop, mailbox: Mailbox) -> None:
    put_optional(live)
    put_needed(live)
    live.run_jobs()
    needed, wanted = mailbox.messages
    assert needed["List-Unsubscribe"] is None
    path = re.fullmatch(rf"<{ORIGIN}(/mail/stop/[0-9a-f]{{64}})>", wanted["List-Unsubscribe"])
    assert path is not None
    assert wanted["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    plain = wanted.get_body(("plain",))
    assert plain is not None
    assert path.group(1) in plain.get_content()
    assert ADA not in path.group(1)


def test_needed_mail_goes_first_even_if_it_came_later(live: Shop, mailbox: Mailbox) -> None:
    put_optional(live)
    live.clock.advance(seconds=5)
    put_needed(live, "receipt:L-1")
    live.run_jobs()
    assert mailbox.messages[0]["Subject"] == "receipt:L-1"


def test_s05_looking_refuses_nothing_and_one_post_of_a_mail_program_does(
    live: Shop, mailbox: Mailbox
) -> None:
    mark = optional.mark_of(live.service.marker, ADA)
    path = f"/mail/stop/{mark}"
    program = live.browser(origin=None)
    assert program.get(path).status_code == 200
    assert put_optional(live, "first")
    answer = program.client.post(path, data={"List-Unsubscribe": "One-Click"}, base_url=ORIGIN)
    assert answer.status_code == 200
    live.run_jobs()
    assert mailbox.messages == []  # what waited goes, too
    assert not put_optional(live, "second")
    put_needed(live)
    live.run_jobs()
    assert [message["Subject"] for message in mailbox.messages] == ["n"]


def test_refusing_is_for_one_address_and_can_be_taken_back(live: Shop) -> None:
    mark = optional.mark_of(live.service.marker, ADA)
    reader = live.browser()
    reader.post(f"/mail/stop/{mark}", {}, form=f"/mail/stop/{mark}")
    assert put_optional(live, "other", "bea@example.org")
    assert "no such mails any more" in visible(reader.get(f"/mail/stop/{mark}"))
    reader.post(f"/mail/stop/{mark}", {"step": "allow"}, form=f"/mail/stop/{mark}")
    assert put_optional(live, "again")


@pytest.mark.parametrize("mark", ["", "x", "0" * 63, "0" * 65, "g" * 64])
def test_what_is_no_mark_is_not_found(live: Shop, mark: str) -> None:
    assert live.browser().get(f"/mail/stop/{mark}").status_code == 404


def test_a_new_account_is_welcomed_once(shop: Shop) -> None:
    for _ in range(2):
        shop.browser().sign_in(ADA)
        shop.clock.advance(minutes=20)
    keys = [mail.key.partition(":")[0] for mail in shop.mails()]
    assert keys.count("welcome") == 1


def test_a13_one_mailbox_gets_no_more_than_an_hours_worth_and_nothing_is_lost(
    live: Shop, mailbox: Mailbox
) -> None:
    for at in range(MAILS_TO_RECIPIENT.most + 2):
        put_needed(live, f"k{at}")
    put_needed(live, "other", "bea@example.org")
    for _ in range(3):
        live.run_jobs()
    assert mailbox.recipients.count(ADA) == MAILS_TO_RECIPIENT.most
    assert mailbox.recipients.count("bea@example.org") == 1
    with live.database.read() as connection:
        waiting = connection.execute(select(MailRow.tries).where(MailRow.sent_at.is_(None))).scalars().all()
    assert waiting == [0, 0]
    live.clock.advance(hours=1)
    live.run_jobs()
    assert mailbox.recipients.count(ADA) == MAILS_TO_RECIPIENT.most + 2


def test_what_was_sent_forgets_its_address_and_what_failed_keeps_it_for_a_week(
    live: Shop, mailbox: Mailbox
) -> None:
    mailbox.refuses = {"gone@example.org"}
    put_needed(live, "sent")
    put_needed(live, "failed", "gone@example.org")
    live.run_jobs()
    with live.database.read() as connection:
        kept = {row.key: row.recipient for row in connection.execute(select(MailRow.key, MailRow.recipient))}
    assert kept == {"sent": "", "failed": "gone@example.org"}
    live.clock.advance(days=8)
    live.run_jobs()
    with live.database.read() as connection:
        assert connection.execute(select(MailRow.key)).all() == []

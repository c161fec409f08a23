"""Signing in and out as a browser does it."""

from __future__ import annotations

import re
import threading

import pytest
from sqlalchemy import func, select, update

from gatekeeper.accounts.tables import MailRow, ReaderRow, SessionRow, SignInRow
from gatekeeper.contract import routes
from tests.support.shop import ORIGIN, SITE, Shop, visible

ATTRIBUTES = {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"}


def test_a_reader_signs_in_by_code_and_sees_the_account(shop: Shop) -> None:
    reader = shop.browser()
    answer = reader.sign_in("Ada@Example.org")
    assert answer.headers["Location"] == "/account"
    assert "ada@example.org" in visible(reader.get("/account"))


def test_the_mail_says_the_code_in_text_and_html_and_links_to_the_configured_origin(shop: Shop) -> None:
    """H04: whatever Host and X-Forwarded-Host say."""
    reader = shop.browser()
    page = reader.get("/sign-in")
    token = re.search(r'name="form_token" value="([0-9a-f]+)"', page.text)
    assert token is not None
    poison = {
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "http",
        "Forwarded": "host=evil.example",
    }
    answer = shop.app.test_client(use_cookies=False).post(
        "/sign-in",
        data={"form_token": token.group(1), "email": "ada@example.org"},
        headers={**poison, "Origin": ORIGIN, "Cookie": f"__Host-lyceum_form={reader.cookie('form')}"},
        base_url="https://evil.example",
    )
    assert answer.headers["Location"] == "/sign-in/code"
    assert "Secure" in answer.headers["Set-Cookie"]
    (mail,) = shop.mails()
    code = shop.code_for("ada@example.org")
    assert code in mail.letter.text
    assert code in mail.letter.html
    assert "evil" not in mail.letter.text + mail.letter.html
    assert f"{ORIGIN}/sign-in/link/" in mail.letter.text


def test_the_mail_speaks_the_language_of_the_page(shop: Shop) -> None:
    reader = shop.browser()
    reader.get("/sign-in?lang=zh")
    reader.ask_code("ada@example.org")
    (mail,) = shop.mails()
    assert "\u9a8c\u8bc1\u7801" in mail.letter.subject
    assert 'lang="zh"' in mail.letter.html


def test_a02_known_and_unknown_addresses_get_the_same_answer(shop: Shop) -> None:
    """The whole answer: status, headers and bytes, but for what is random."""
    shop.browser().sign_in("known@example.org")

    def told(email: str) -> list[str]:
        reader = shop.browser(address="198.51.100.9")
        reader.post("/sign-in", {"email": email}, form="/sign-in")
        assert reader.last is not None
        first = f"{reader.last.status_code} {sorted(reader.last.headers.keys())} {reader.last.text}"
        page = reader.get("/sign-in/code")
        second = re.sub(r'value="[0-9a-f]{64}"', "", page.text).replace(email, "X")
        return [first, second]

    assert told("known@example.org") == told("other@example.org")


def test_asking_makes_no_reader(shop: Shop) -> None:
    shop.browser().ask_code("ada@example.org")
    with shop.database.read() as connection:
        assert connection.execute(select(func.count()).select_from(ReaderRow)).scalar_one() == 0


def test_s01_every_cookie_is_a_host_cookie_with_all_attributes(shop: Shop) -> None:
    reader = shop.browser()
    seen: dict[str, str] = {}
    reader.get("/sign-in?lang=zh")
    answers = [reader.last]
    reader.post("/sign-in", {"email": "ada@example.org"})
    answers.append(reader.last)
    reader.post("/sign-in/code", {"code": shop.code_for("ada@example.org")}, form="/sign-in/code")
    answers.append(reader.last)
    answers += [reader.get("/account"), reader.get(routes.READER)]
    answers.append(reader.post("/sign-out", {}, form="/sign-out"))
    for answer in answers:
        assert answer is not None
        for line in answer.headers.getlist("Set-Cookie"):
            name, _, rest = line.partition("=")
            seen[name] = rest
            assert name.startswith("__Host-lyceum_"), line
            assert {part.strip() for part in rest.split(";")} >= ATTRIBUTES, line
            assert "domain=" not in line.lower()
    names = {"form", "language", "sign_in", "session", "entitlement", "passkey"}
    assert set(seen) == {f"__Host-lyceum_{name}" for name in names}


def test_s02_signing_in_makes_a_new_session_and_ends_the_browsers_old_one(shop: Shop) -> None:
    reader = shop.browser()
    reader.client.set_cookie("__Host-lyceum_session", "x" * 43, domain="gate.example.test")
    reader.sign_in("ada@example.org")
    first = reader.cookie("session")
    assert first not in {None, "x" * 43}
    reader.client.delete_cookie("__Host-lyceum_sign_in", domain="gate.example.test")
    code_page = shop.browser()
    code_page.client = reader.client  # the same browser, signed in, goes through the form again
    code_page.post("/sign-out", {}, form="/sign-out")
    reader.sign_in("ada@example.org")
    assert reader.cookie("session") != first
    stranger = shop.browser()
    stranger.client.set_cookie("__Host-lyceum_session", str(first), domain="gate.example.test")
    assert stranger.get("/account").status_code == 303


def test_s02_a_signed_in_browser_that_proves_another_address_changes_reader_and_session(shop: Shop) -> None:
    reader = shop.browser()
    reader.get("/sign-in")
    form = reader.last
    reader.sign_in("ada@example.org")
    first = reader.cookie("session")
    reader.last = form
    reader.post("/sign-in", {"email": "eve@example.org"}, form="/sign-out")
    reader.post("/sign-in/code", {"code": shop.code_for("eve@example.org")}, form="/sign-in/code")
    assert "eve@example.org" in visible(reader.get("/account"))
    stranger = shop.browser()
    stranger.client.set_cookie("__Host-lyceum_session", str(first), domain="gate.example.test")
    assert stranger.get("/account").status_code == 303


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_s05_a_mail_scanner_that_follows_the_link_uses_nothing_up(shop: Shop, method: str) -> None:
    reader = shop.browser()
    reader.ask_code("ada@example.org")
    link = shop.link_for("ada@example.org")
    scanner = shop.browser()
    for _ in range(3):
        assert scanner._open(method, link, {}).status_code == 200
        assert reader._open(method, link, {}).status_code == 200
    answer = reader.post(link, {}, form=link)
    assert answer.status_code == 303
    assert reader.get("/account").status_code == 200


def test_s05_the_link_does_nothing_in_another_browser_even_by_post(shop: Shop) -> None:
    """SafeLinks does the GET and submits the form, too."""
    reader = shop.browser()
    code = reader.ask_code("ada@example.org")
    link = shop.link_for("ada@example.org")
    scanner = shop.browser()
    scanner.ask_code("scanner@example.org")
    page = scanner.get(link)
    assert "ada@example.org" not in page.text
    assert "<form" not in page.text
    answer = scanner.post(link, {}, form="/sign-in")
    assert answer.status_code == 422
    assert scanner.get("/account").status_code == 303
    assert reader.post("/sign-in/code", {"code": code}, form="/sign-in/code").status_code == 303


def test_a_wrong_code_says_so_beside_the_field_and_counts_down(shop: Shop) -> None:
    reader = shop.browser()
    code = reader.ask_code("ada@example.org")
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    texts = []
    for _ in range(5):
        answer = reader.post("/sign-in/code", {"code": wrong}, form="/sign-in/code")
        assert answer.status_code == 422
        texts.append(visible(answer))
    assert "4 tries left" in texts[0]
    assert "One try left" in texts[3]
    assert "no longer works" in texts[4]
    assert reader.post("/sign-in/code", {"code": code}, form="/sign-in/code").status_code == 422


@pytest.mark.parametrize("typed", ["{0}", " {0} ", "{0[0]}{0[1]}{0[2]} {0[3]}{0[4]}{0[5]}", "full-width"])
def test_a_code_may_be_typed_with_spaces_or_full_width_digits(shop: Shop, typed: str) -> None:
    reader = shop.browser()
    code = reader.ask_code("ada@example.org")
    text = (
        "".join(chr(0xFF10 + int(digit)) for digit in code) if typed == "full-width" else typed.format(code)
    )
    assert reader.post("/sign-in/code", {"code": text}, form="/sign-in/code").status_code == 303


@pytest.mark.parametrize(
    "typed", ["", "12345", "abcdef", "1234567", "12345\u00b2", "\0\0\0", "\U0001f600" * 6]
)
def test_what_is_no_code_costs_no_try(shop: Shop, typed: str) -> None:
    reader = shop.browser()
    code = reader.ask_code("ada@example.org")
    for _ in range(6):
        assert reader.post("/sign-in/code", {"code": typed}, form="/sign-in/code").status_code == 422
    assert reader.post("/sign-in/code", {"code": code}, form="/sign-in/code").status_code == 303


def test_a_new_code_can_be_asked_for_on_the_code_page(shop: Shop) -> None:
    reader = shop.browser()
    first = reader.ask_code("ada@example.org")
    reader.post("/sign-in/code", {"again": "1"}, form="/sign-in/code")
    second = shop.code_for("ada@example.org")
    assert len(shop.mails()) == 2
    assert reader.post("/sign-in/code", {"code": second}, form="/sign-in/code").status_code == 303
    assert first is not None


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "ada",
        "ada@example.org\0",
        "a\nb@example.org",
        "ada@\ufdd0.org",
        "x" * 5000,
        "ada\u200b\u200b@example.org",
    ],
)
def test_x12_odd_text_in_the_address_field_is_a_form_error(shop: Shop, typed: str) -> None:
    reader = shop.browser()
    answer = reader.post("/sign-in", {"email": typed}, form="/sign-in")
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    assert shop.mail_count() == 0


@pytest.mark.parametrize(
    "raw", ["ada%ED%A0%80@example.org", "ada%FF%FE@example.org", "%00", "%C3%28@x.org", "%"]
)
def test_x12_bytes_that_are_no_utf8_are_no_error_of_ours(shop: Shop, raw: str) -> None:
    reader = shop.browser()
    page = reader.get("/sign-in")
    token = re.search(r'name="form_token" value="([0-9a-f]+)"', page.text)
    assert token is not None
    answer = reader.client.post(
        "/sign-in",
        data=f"form_token={token.group(1)}&email={raw}".encode(),
        base_url=ORIGIN,
        headers={"Origin": ORIGIN, "Content-Type": "application/x-www-form-urlencoded"},
    )
    assert answer.status_code in {303, 422}
    assert all(mail.recipient.isascii() for mail in shop.mails())


def test_a13_one_mailbox_gets_a_handful_of_mails_from_one_client(shop: Shop) -> None:
    reader = shop.browser()
    answers = [reader.post("/sign-in", {"email": "ada@example.org"}, form="/sign-in") for _ in range(8)]
    assert [answer.status_code for answer in answers] == [303] * 5 + [429] * 3
    assert shop.mail_count() == 5
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 900
    assert "minute" in visible(answers[-1])
    shop.clock.advance(minutes=15)
    assert reader.post("/sign-in", {"email": "ada@example.org"}, form="/sign-in").status_code == 303


def test_a13_many_clients_cannot_flood_one_mailbox(shop: Shop) -> None:
    statuses = [
        shop.browser(address=f"192.0.2.{host}")
        .post("/sign-in", {"email": "ada@example.org"}, form="/sign-in")
        .status_code
        for host in range(20)
    ]
    assert statuses.count(303) == 12
    assert statuses[-1] == 429


def test_a13_one_client_cannot_write_to_everybody(shop: Shop) -> None:
    reader = shop.browser()
    statuses = [
        reader.post("/sign-in", {"email": f"reader{n}@example.org"}, form="/sign-in").status_code
        for n in range(45)
    ]
    assert statuses.count(303) == 40


def test_h02_rotating_x_forwarded_for_does_not_open_the_limit(shop: Shop) -> None:
    reader = shop.browser()
    statuses = [
        reader.post(
            "/sign-in",
            {"email": "ada@example.org"},
            form="/sign-in",
            headers={"X-Forwarded-For": f"203.0.113.{n}", "X-Real-IP": f"203.0.113.{n}"},
        ).status_code
        for n in range(8)
    ]
    assert statuses == [303] * 5 + [429] * 3


def test_a03_guessing_is_limited_for_an_address_over_all_codes_and_clients(shop: Shop) -> None:
    tried = 0
    status = 0
    for host in range(12):
        reader = shop.browser(address=f"192.0.2.{host + 1}")
        code = reader.ask_code("ada@example.org")
        wrong = f"{(int(code) + 1) % 10**6:06d}"
        for _ in range(5):
            status = reader.post("/sign-in/code", {"code": wrong}, form="/sign-in/code").status_code
            tried += status == 422
        shop.clock.advance(minutes=61)
    assert tried == 60
    reader = shop.browser(address="192.0.2.200")
    code = reader.ask_code("ada@example.org")
    blocked = reader.post("/sign-in/code", {"code": code}, form="/sign-in/code")
    assert blocked.status_code == 429
    assert int(blocked.headers["Retry-After"]) > 0
    link = shop.link_for("ada@example.org")
    assert reader.post(link, {}, form=link).status_code == 303  # the owner is not locked out


def test_a15_fields_that_the_form_does_not_have_are_ignored(shop: Shop) -> None:
    reader = shop.browser()
    extra = {
        "id": "1",
        "role": "admin",
        "is_admin": "true",
        "email_verified": "1",
        "products": "rust",
        "reader": "x",
    }
    reader.post("/sign-in", {"email": "ada@example.org", **extra}, form="/sign-in")
    code = shop.code_for("ada@example.org")
    reader.post("/sign-in/code", {"code": code, "email": "eve@example.org", **extra}, form="/sign-in/code")
    answer = reader.get(routes.READER)
    assert answer.json is not None
    assert (answer.json["email"], answer.json["products"]) == ("ada@example.org", {})


def test_s07_after_signing_out_the_session_cookie_is_worth_nothing(shop: Shop) -> None:
    reader = shop.browser()
    reader.sign_in("ada@example.org")
    session = str(reader.cookie("session"))
    answer = reader.post("/sign-out", {}, form="/sign-out")
    assert reader.cookie("session") is None
    assert reader.cookie("entitlement") is None
    assert answer.headers["Clear-Site-Data"] == '"cache"'
    reader.client.set_cookie("__Host-lyceum_session", session, domain="gate.example.test")
    answer = reader.get(routes.READER)
    assert answer.json == {"signed_in": False}
    assert reader.get("/account").status_code == 303


def test_looking_at_the_sign_out_page_signs_nobody_out(shop: Shop) -> None:
    reader = shop.browser()
    reader.sign_in("ada@example.org")
    reader.get("/sign-out")
    assert reader.get("/account").status_code == 200


@pytest.mark.parametrize("cookie", ["", "x", "x" * 43, "a" * 5000, "\u00e9" * 43, "..%2f"])
def test_a_made_up_session_is_nobody(shop: Shop, cookie: str) -> None:
    reader = shop.browser()
    answer = reader.client.get(
        routes.READER, base_url=ORIGIN, headers={"Cookie": f"__Host-lyceum_session={cookie}"}
    )
    assert answer.json == {"signed_in": False}


def test_signing_in_leads_back_to_the_lesson_or_the_purchase(shop: Shop) -> None:
    targets = {
        "/sign-in?next=/buy/rust%3Flesson%3Drust%252Ftraits": "/buy/rust?lesson=rust%2Ftraits",
        f"/sign-in?next={SITE}rust/traits/": f"{SITE}rust/traits/",
        "/sign-in?lesson=rust/traits": f"{SITE}rust/traits/",
        "/sign-in?next=https://evil.example/": "/account",
        "/sign-in?lesson=none": "/account",
    }
    for number, (start, end) in enumerate(targets.items()):
        reader = shop.browser(address=f"192.0.2.{number}")
        page = reader.get(start)
        target = re.search(r'name="next" value="([^"]*)"', page.text)
        assert target is not None
        reader.post("/sign-in", {"email": f"r{number}@example.org", "next": target.group(1)})
        answer = reader.post(
            "/sign-in/code", {"code": shop.code_for(f"r{number}@example.org")}, form="/sign-in/code"
        )
        assert answer.headers["Location"] == end


def test_a_target_that_is_posted_is_checked_like_one_in_the_address(shop: Shop) -> None:
    """R01."""
    answer = shop.browser().sign_in("ada@example.org", target="//evil.example/")
    assert answer.headers["Location"] == "/account"


def test_a_target_is_checked_again_when_it_is_used(shop: Shop) -> None:
    """R01: whatever stands in the database by then."""
    reader = shop.browser()
    code = reader.ask_code("ada@example.org")
    with shop.database.write() as connection:
        connection.execute(update(SignInRow).values(target="https://evil.example/"))
    answer = reader.post("/sign-in/code", {"code": code}, form="/sign-in/code")
    assert answer.headers["Location"] == "/account"


def test_the_sign_in_page_says_what_is_being_bought(shop: Shop) -> None:
    assert "Rust course" in visible(shop.browser().get("/sign-in?next=/buy/rust"))


def test_whoever_is_signed_in_is_sent_on(shop: Shop) -> None:
    reader = shop.browser()
    reader.sign_in("ada@example.org")
    assert reader.get("/sign-in?next=/redeem").headers["Location"] == "/redeem"


def test_parallel_sign_ins_with_one_code_make_one_session(any_shop: Shop) -> None:
    reader = any_shop.browser()
    code = reader.ask_code("ada@example.org")
    page = reader.get("/sign-in/code")
    token = re.search(r'name="form_token" value="([0-9a-f]+)"', page.text)
    assert token is not None
    cookie = f"__Host-lyceum_sign_in={reader.cookie('sign_in')}; __Host-lyceum_form={reader.cookie('form')}"
    statuses: list[int] = []

    def one() -> None:
        answer = any_shop.app.test_client(use_cookies=False).post(
            "/sign-in/code",
            data={"form_token": token.group(1), "code": code},
            base_url=ORIGIN,
            headers={"Origin": ORIGIN, "Cookie": cookie},
        )
        statuses.append(answer.status_code)

    threads = [threading.Thread(target=one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with any_shop.database.read() as connection:
        sessions = connection.execute(select(func.count()).select_from(SessionRow)).scalar_one()
    assert sorted(statuses) == [303] + [422] * 7
    assert sessions == 1


def test_swept_requests_and_old_mails_are_gone_and_live_ones_stay(shop: Shop) -> None:
    shop.browser().ask_code("ada@example.org")
    shop.run_jobs()
    shop.clock.advance(days=8)
    shop.browser().ask_code("eve@example.org")
    shop.run_jobs()
    with shop.database.read() as connection:
        assert connection.execute(select(SignInRow.email)).scalars().all() == ["eve@example.org"]
        assert connection.execute(select(MailRow.recipient)).scalars().all() == ["eve@example.org"]


def test_a01_a_known_and_an_unknown_address_cost_the_same_statements(shop: Shop) -> None:
    """So there is no difference in time to measure: the same work is done for both."""
    from sqlalchemy import event

    shop.browser().sign_in("known@example.org")
    said: list[str] = []
    event.listen(
        shop.database.engine, "before_cursor_execute", lambda _c, _u, statement, *_: said.append(statement)
    )

    def statements(email: str) -> list[str]:
        said.clear()
        reader = shop.browser(address="198.51.100.9")
        reader.post("/sign-in", {"email": email}, form="/sign-in")
        return list(said)

    known, unknown = statements("known@example.org"), statements("other@example.org")
    assert len(known) > 3
    assert known == unknown


def test_d07_failed_and_successful_sign_ins_and_foreign_posts_stand_in_the_log(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    reader = shop.browser()
    code = reader.ask_code("ada@example.org")
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    reader.post("/sign-in/code", {"code": wrong}, form="/sign-in/code")
    reader.post("/sign-in/code", {"code": code}, form="/sign-in/code")
    reader.client.post("/sign-out", base_url=ORIGIN)
    said = "\n".join(record.getMessage() for record in caplog.records)
    for words in (
        "sign-in failed verdict=wrong",
        "signed in reader=",
        "foreign request refused endpoint=sign_in",
    ):
        assert words in said
    assert "ada@" not in said
    assert code not in said

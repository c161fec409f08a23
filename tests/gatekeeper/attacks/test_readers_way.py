"""A reader's whole way over real connections, straight to the server and through nginx: sign-in, redirects, sessions, refund (R, S, H, J, U)."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit
from zlib import crc32

import pytest

from tests.gatekeeper.test_service import Reader
from tests.support.gatekeeper import SITE_URL, RunningGatekeeper, running_gatekeeper
from tests.support.nginx import fronted, through_nginx, why_not
from tests.support.tiny_release import CANARY

VECTORS = Path(__file__).resolve().parents[4] / "shared" / "security" / "vectors"
SITE_ORIGIN = "http://127.0.0.1:9"
SESSION = "lyceum_session"
TOKEN = "lyceum_entitlement"


@pytest.fixture(scope="module", params=["granian", "turnstile", "nginx"])
def service(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningGatekeeper]:
    """The same service by three ways. Signed URLs live five seconds."""
    folder = tmp_path_factory.mktemp(request.param)
    environ = {"LYCEUM_URL_SECONDS": "5"}
    with ExitStack() as stack:
        if request.param == "nginx":
            if why_not():
                pytest.skip(why_not())
            yield through_nginx(stack.enter_context(fronted(folder, "gatekeeper", environ=environ)))
        else:
            environ["LYCEUM_SERVER"] = request.param
            yield stack.enter_context(running_gatekeeper(folder, environ=environ))


def lines_of(*names: str) -> list[str]:
    files = [path for name in names for path in sorted(VECTORS.glob(name))]
    if not files:
        pytest.skip("the shared vectors are not here")
    found = dict.fromkeys(
        line for path in files for line in path.read_text("utf-8", "replace").split("\n") if line
    )
    return [*found, *dict.fromkeys(unquote(line) for line in found)]


def stays(location: str, service: RunningGatekeeper) -> bool:
    """Whether a browser that follows `location` stays with the school: on this origin, or on a page that the manifest lists."""
    parts = urlsplit(location.replace("\\", "/"))
    if location.startswith(SITE_URL):
        return True
    return not parts.scheme and not parts.netloc and location[:1] == "/" and location[1:2] not in {"/", "\\"}


def test_r01_r02_no_published_redirect_leads_away(service: RunningGatekeeper) -> None:
    """R01, R02: every line of the published lists, as it is and decoded once, at the door that redirects at once"""
    lines = lines_of("oauth2-proxy/openredirects.txt", "PayloadsAllTheThings/redirect/*.txt")
    assert len(lines) > 800
    targets = [f"/api/renew?next={quote(line, safe='')}".encode() for line in lines]
    for line, answer in zip(lines, service.many(targets), strict=True):
        assert answer.status in {303, 400, 414}, line
        if answer.status == 303:
            assert stays(str(answer.header("location")), service), line
            assert len(answer.all("location")) == 1


@pytest.mark.parametrize(
    "wanted",
    ["//evil.example", "/\\evil.example", "https://evil.example/", "javascript:alert(1)", "JaVa\tScRiPt:alert(1)", "data:text/html,x",
     "/x\r\nSet-Cookie: a=b", "/x\u2028y", "/%0d%0aX-Injected: 1", "http://127.0.0.1:9@evil.example/school/"],
)  # fmt: skip
def test_r01_r04_r06_after_signing_in_a_reader_is_still_here(service: RunningGatekeeper, wanted: str) -> None:
    """R01, R04, R06: in the address, and in the form that is posted"""
    reader = Reader(service)
    status, headers, body = reader.ask("GET", f"/sign-in?next={quote(wanted, safe='')}")
    assert status == 200
    assert not re.search(r'(?:href|action|value|content)="(?:https?:)?//evil', body.decode())
    assert "x-injected" not in {name.lower() for name in headers}
    location = reader.post(
        "/sign-in", {"email": f"r{crc32(wanted.encode())}@example.org", "next": wanted}, form="/sign-in"
    )
    assert stays(location, service)
    code = re.search(r"<h2>(\d{6})", reader.get("/outbox"))
    assert code is not None
    assert stays(reader.post("/sign-in/code", {"code": code.group(1)}, form="/sign-in/code"), service)


def test_s01_every_cookie_is_bound_to_this_host(tmp_path: Path) -> None:
    """S01: of a service that browsers reach by https, over its real answers"""
    environ = {
        "LYCEUM_GATEKEEPER_URL": "https://gate.school.example",
        "LYCEUM_SITE_URL": "https://school.example/",
    }
    with running_gatekeeper(tmp_path, environ=environ) as secure:
        seen = set()
        for path in ("/sign-in", "/sign-in?lang=zh", "/redeem", "/account", "/api/reader", "/api/renew"):
            for line in secure.raw(path.encode()).all("set-cookie"):
                name, *attributes = (part.strip() for part in line.split(";"))
                seen.add(name.partition("=")[0])
                kinds = {attribute.partition("=")[0].lower() for attribute in attributes}
                assert name[:7] == "__Host-", line
                assert {"secure", "httponly", "samesite", "path"} <= kinds, line
                assert "domain" not in kinds, line
                assert "Path=/" in attributes, line
    assert len(seen) >= 2


def test_s02_s07_sessions_are_new_at_sign_in_and_dead_at_sign_out(service: RunningGatekeeper) -> None:
    """S02, S07: a session that somebody else put there is not taken over; one that was signed out opens nothing, nor does its token"""
    reader = Reader(service)
    reader.cookies[SESSION] = planted = "a" * 43
    reader.sign_in("s02@example.org")
    assert reader.cookies[SESSION] != planted
    assert json.loads(reader.get("/api/reader"))["signed_in"] is True
    assert reader.part("demo/member")[0] == 200
    kept = dict(reader.cookies)
    token = re.search(r'name="form_token" value="([0-9a-f]+)"', reader.get("/sign-out"))
    assert token is not None
    headers = {
        "Origin": f"http://127.0.0.1:{service.port}",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    assert reader.ask("POST", "/sign-out", f"form_token={token.group(1)}".encode(), headers)[0] == 200
    thief = Reader(service)
    thief.cookies = {name: kept[name] for name in (SESSION, TOKEN)}
    assert json.loads(thief.get("/api/reader")) == {"signed_in": False}
    end = time.monotonic() + 60
    while True:  # the token is dead as soon as this process has read the list of what was revoked
        thief.cookies = {TOKEN: kept[TOKEN]}
        if thief.part("demo/member")[0] == 401:
            break
        assert time.monotonic() < end
        time.sleep(0.2)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": SITE_ORIGIN},
        {"Content-Type": "text/plain"},
        {},
    ],
)
def test_s03_what_another_site_posts_changes_nothing(
    service: RunningGatekeeper, headers: dict[str, str]
) -> None:
    """S03: with the reader's cookies and even with the form's token"""
    reader = Reader(service)
    reader.sign_in(f"s03-{len(str(headers))}@example.org")
    token = re.search(r'name="form_token" value="([0-9a-f]+)"', reader.get("/account"))
    assert token is not None
    body = f"form_token={token.group(1)}".encode()
    sent = {"Content-Type": "application/x-www-form-urlencoded", **headers}
    for method, path in (
        ("POST", "/sign-out"),
        ("POST", "/account/sessions/end-all"),
        ("DELETE", "/account"),
    ):
        status, _, _ = reader.ask(method, path, body, sent)
        assert status in {403, 405}
    assert json.loads(reader.get("/api/reader"))["signed_in"] is True


def test_s05_a_mail_scanner_uses_nothing_up(service: RunningGatekeeper) -> None:
    """S05: GET and HEAD of the link, before the reader comes"""
    reader = Reader(service)
    reader.post("/sign-in", {"email": "s05@example.org"}, form="/sign-in")
    outbox = reader.get("/outbox")
    link = re.search(r"https?://[^\s\"<]+/sign-in/link/[A-Za-z0-9_-]+", outbox)
    assert link is not None
    path = urlsplit(link.group()).path
    for method in (b"GET", b"HEAD", b"GET"):
        assert service.raw(path.encode(), method=method).status == 200
    location = reader.post(path, {}, form=path)
    assert stays(location, service)
    assert json.loads(reader.get("/api/reader"))["signed_in"] is True


def test_s11_h11_c01_every_page_is_dressed(service: RunningGatekeeper) -> None:
    """S11, H11, C01, C07: pages of buying and accounts are framed by nobody and kept by nobody, so neither by the back button"""
    reader = Reader(service)
    reader.sign_in("s11@example.org")
    for path in (
        "/account",
        "/buy/demo",
        "/sign-in",
        "/redeem",
        "/sign-out",
        "/none",
        "/gate/read/demo/paid",
        "/orders/x",
    ):
        _, headers, _ = reader.ask("GET", path)
        named = {name.lower(): value for name, value in headers.items()}
        assert "frame-ancestors 'none'" in named["content-security-policy"], path
        assert "no-store" in named["cache-control"], path
        assert named["x-content-type-options"] == "nosniff", path
        assert named["referrer-policy"], path


def test_h02_h04_h06_what_a_client_says_of_itself_changes_nothing(service: RunningGatekeeper) -> None:
    """H02, H04, H05, H06: links in mails come from the settings, and no header makes a reader"""
    reader = Reader(service)
    lies = {
        "Host": "evil.example",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "http",
        "X-Forwarded-Server": "evil.example",
        "Forwarded": "host=evil.example",
        "Remote-User": "s03@example.org",
        "X-Auth-Request-Email": "s03@example.org",
    }
    token = re.search(r'name="form_token" value="([0-9a-f]+)"', reader.get("/sign-in"))
    assert token is not None
    headers = {
        "Origin": f"http://127.0.0.1:{service.port}",
        "Content-Type": "application/x-www-form-urlencoded",
        **lies,
    }
    status, answer, _ = reader.ask(
        "POST", "/sign-in", f"form_token={token.group(1)}&email=h04@example.org".encode(), headers
    )
    assert status == 303
    assert "evil" not in str(answer)
    outbox = reader.get("/outbox")
    assert "evil.example" not in outbox
    _, _, body = reader.ask("GET", "/api/reader", headers=lies)
    assert json.loads(body) == {"signed_in": False}


def test_j22_u12_after_a_refund_nothing_new_opens_and_old_links_die(service: RunningGatekeeper) -> None:
    """J22, U12: the promises, end to end: no new access within 60 s, old links dead with their own end (five minutes at most; here five
    seconds), and the reader still signed in"""
    reader = Reader(service)
    reader.sign_in("j22@example.org")
    checkout = reader.post("/buy/demo", {}, form="/buy/demo")
    order = reader.post(checkout, {"step": "pay"}, form=checkout)
    reader.get("/api/reader")
    status, part = reader.part("demo/paid")
    assert status == 200
    url, token = str(part["url"]), reader.cookies[TOKEN]
    assert CANARY in service.follow(url).body
    reader.post(f"/sandbox/refund/{order.rpartition('/')[2]}", {}, form=order)
    refunded = time.monotonic()
    old = Reader(service)
    old.cookies = {TOKEN: token}
    while old.part("demo/paid")[0] == 200:  # with the token of before the refund
        assert time.monotonic() - refunded < 60
        time.sleep(0.2)
    status, refusal = old.part("demo/paid")
    assert (status, refusal["reason"]) in {(401, "anonymous"), (403, "no-access")}
    assert json.loads(reader.get("/api/reader"))["products"] == {}
    end = time.monotonic() + 10
    while reader.part("demo/paid")[0] != 403:  # a token of the same second counts as old, and is renewed
        assert time.monotonic() < end
        reader.get("/api/reader")
        time.sleep(0.3)
    end = float(str(part["expires_at"])) + 1
    while time.time() < end:
        time.sleep(0.1)
    late = service.follow(url)
    assert late.status == 403
    assert CANARY not in late.body

"""The configurations of docs/deploy/nginx, behind a real nginx: the gatekeeper decides, nginx sends."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest

from gatekeeper.accounts.readers import find_or_create
from gatekeeper.storage.engine import open_database
from tests.support.ceph import Ceph
from tests.support.ceph import ceph as ceph
from tests.support.gatekeeper import SITE_URL, free_port
from tests.support.nginx import Fronted, fronted, running_nginx, why_not
from tests.support.tiny_release import BIG, CANARY, FILES, PARTS, PNG, tiny_manifest, write_release

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not())

OWNER = {"everything": None}
ACCEL = {"LYCEUM_ACCEL_REDIRECT": "/_lyceum/"}
SITE_ORIGIN = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def folder_school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fronted]:
    folder = tmp_path_factory.mktemp("folder")
    store = {"/srv/school/store": str(folder / "private")}
    with fronted(folder, "folder", environ=ACCEL, replaced=store) as opened:
        yield opened


@pytest.fixture(scope="module")
def bucket_school(tmp_path_factory: pytest.TempPathFactory, ceph: Ceph) -> Iterator[Fronted]:
    """The tiny release in a private bucket of a real S3 server."""
    folder = tmp_path_factory.mktemp("bucket")
    write_release(folder / "written", folder / "public", tiny_manifest(SITE_URL))
    name = ceph.new_bucket()
    client = ceph.client()
    for path in sorted((folder / "written").rglob("*")):
        if path.is_file():
            key = path.relative_to(folder / "written").as_posix()
            client.put_object(Bucket=name, Key=key, Body=path.read_bytes())
    environ = {
        **ACCEL,
        "LYCEUM_STORE": f"s3://{name}",
        "LYCEUM_S3_ENDPOINT": ceph.endpoint,
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": ceph.access_key,
        "AWS_SECRET_ACCESS_KEY": ceph.secret_key,
    }
    host = "school-private.s3.eu-central-1.amazonaws.com"
    replaced = {
        f"proxy_pass https://{host}/": f"proxy_pass {ceph.endpoint}/",
        f"Host {host}": f"Host 127.0.0.1:{ceph.port}",
    }
    with fronted(folder, "bucket", environ=environ, replaced=replaced) as opened:
        yield opened


@pytest.fixture(params=["folder", "bucket"])
def school(request: pytest.FixtureRequest) -> Fronted:
    opened: Fronted = request.getfixturevalue(f"{request.param}_school")
    return opened


def cookie(school: Fronted, products: Mapping[str, int | None] = OWNER) -> bytes:
    return school.gatekeeper.cookie(products)


def test_a_part_is_signed_by_the_gatekeeper_and_sent_by_nginx(school: Fronted) -> None:
    given = school.get("/gate/parts/demo/paid", lines=cookie(school)).json()
    answer = school.follow(given["url"], lines=f"Origin: {SITE_ORIGIN}\r\n".encode())
    assert (answer.status, answer.body) == (200, PARTS["demo/paid"][1])
    assert answer.header("content-type") == "text/html; charset=utf-8"
    assert (answer.header("content-disposition") or "")[:10] == "attachment"
    assert answer.header("access-control-allow-origin") == SITE_ORIGIN
    assert answer.header("cache-control") == "private, no-store"
    assert "sandbox" in (answer.header("content-security-policy") or "")
    assert answer.header("x-content-type-options") == "nosniff"
    assert answer.header("referrer-policy") == "no-referrer"
    for name in ("x-accel-redirect", "set-cookie"):
        assert answer.header(name) is None


def test_no_address_of_the_store_reaches_a_reader(school: Fronted) -> None:
    """U15: what is handed out leads to nginx, and its internal locations answer nobody"""
    for path in FILES:
        answer = school.get(f"/files/{path}", lines=cookie(school, {"everything": None, "other": None}))
        location = answer.header("location")
        if location is not None:
            school.follow(location)
        assert b"X-Amz" not in answer.body
        assert "X-Amz" not in str(answer.headers)
    given = school.get("/gate/parts/demo/paid", lines=cookie(school)).json()
    key = urlsplit(given["url"]).path.removeprefix("/store/")
    for inside in (f"/_lyceum/folder/{key}", f"/_lyceum/bucket/x/{key}", f"/_lyceum//folder/{key}", "/_lyceum/check",
                   "/_lyceum/folder/", "/_lyceum/gone", f"/%5flyceum/folder/{key}", f"/x/../_lyceum/folder/{key}",
                   f"/_lyceum/folder/../folder/{key}", f"/store/../_lyceum/folder/{key}"):  # fmt: skip
        for lines in (b"", cookie(school)):
            answer = school.raw(inside.encode(), lines=lines)
            assert answer.status in {400, 403, 404}, inside
            assert CANARY not in answer.body


def test_a_signature_is_needed_and_opens_one_object(school: Fronted) -> None:
    """U03, U15"""
    given = school.get("/gate/parts/demo/paid", lines=cookie(school)).json()
    parts = urlsplit(given["url"])
    other = urlsplit(str(school.get("/gate/parts/demo/member", lines=cookie(school)).json()["url"])).path
    for target in (
        parts.path,
        f"{other}?{parts.query}",
        f"{parts.path}?{parts.query}0",
        f"{parts.path}?{parts.query}&response-content-type=text%2Fplain",
        f"{parts.path}?{parts.query.replace('attachment', 'inline')}",
        f"{parts.path}/?{parts.query}",
    ):
        answer = school.raw(target.encode(), lines=cookie(school))
        assert answer.status == 403, target
        assert CANARY not in answer.body


@pytest.mark.parametrize("method", [b"PUT", b"POST", b"DELETE", b"PATCH"])
def test_a_url_for_reading_changes_nothing(school: Fronted, method: bytes) -> None:
    """U11"""
    given = school.get("/gate/parts/demo/paid", lines=cookie(school)).json()
    parts = urlsplit(given["url"])
    target = f"{parts.path}?{parts.query}".encode()
    answer = school.raw(target, method=method, lines=b"Content-Length: 0\r\n")
    assert answer.status == 405
    assert school.raw(target).body == PARTS["demo/paid"][1]


def test_head_and_ranges_are_nginxs_work(school: Fronted) -> None:
    """P13"""
    lines = cookie(school)
    answer = school.get("/files/demo/files/big.bin", lines=lines)
    target = "/files/demo/files/big.bin"
    if answer.status == 302:
        parts = urlsplit(str(answer.header("location")))
        target, lines = f"{parts.path}?{parts.query}", b""
    whole = school.raw(target.encode(), lines=lines)
    assert (whole.status, whole.body) == (200, BIG)
    some = school.raw(target.encode(), lines=lines + b"Range: bytes=10-19\r\n")
    assert (some.status, some.body) == (206, BIG[10:20])
    head = school.raw(target.encode(), method=b"HEAD", lines=lines)
    assert (head.status, head.body, head.header("content-length")) == (200, b"", str(len(BIG)))


def test_a_file_is_asked_for_by_auth_request_and_sent_without_a_redirect(folder_school: Fronted) -> None:
    answer = folder_school.get("/files/demo/files/picture.png", lines=cookie(folder_school))
    assert (answer.status, answer.body) == (200, PNG)
    assert answer.all("content-type") == ["image/png"]
    assert answer.all("content-disposition") == ['inline; filename="picture.png"']
    assert answer.all("cache-control") == ["private, no-store"]
    assert answer.header("x-content-type-options") == "nosniff"
    drawing = folder_school.get("/files/demo/files/drawing.svg", lines=cookie(folder_school))
    assert (drawing.header("content-disposition") or "")[:10] == "attachment"
    assert "sandbox" in (drawing.header("content-security-policy") or "")
    named = folder_school.get("/files/demo/files/课程 100%.pdf", lines=cookie(folder_school))
    assert named.body == FILES["demo/files/课程 100%.pdf"][1]


def test_a_refusal_is_said_by_the_gatekeeper(folder_school: Fronted) -> None:
    """With auth_request nginx could only say 401 or 403; the reader gets reason, notice or renewal all the same."""
    path = "/files/demo/files/picture.png"
    stranger = folder_school.get(path)
    assert (stranger.status, stranger.json()["reason"]) == (401, "anonymous")
    other = folder_school.get(path, lines=cookie(folder_school, {"other": None}))
    assert (other.status, other.json()["reason"]) == (403, "no-access")
    page = folder_school.get(path, lines=b"Accept: text/html\r\n")
    assert page.status == 401
    assert b"Sign in" in page.body
    unknown = folder_school.get("/files/demo/files/none.png", lines=cookie(folder_school))
    assert (unknown.status, unknown.json()) == (404, {"reason": "unknown"})
    session = f"Cookie: {folder_school.gatekeeper.settings.session_cookie}=x\r\n".encode()
    renewal = folder_school.get(path, lines=session + b"Accept: text/html\r\n")
    assert renewal.status == 302
    assert (renewal.header("location") or "").partition("?")[0] == "/api/renew"


@pytest.mark.parametrize(
    "target",
    [
        b"/files/../files/demo/files/picture.png",
        b"/x/../files/demo/files/picture.png",
        b"//files/demo/files/picture.png",
        b"/files//demo/files/picture.png",
        b"/files/./demo/files/picture.png",
        b"/%66iles/demo/files/picture.png",
        b"/files/demo/files/picture.png/",
        b"/files/demo/files/picture.png?x=1",
        b"/files/demo%2ffiles/picture.png",
        b"/files/demo/files/..%2ffiles/picture.png",
        b"/files/%2e%2e/files/demo/files/picture.png",
        b"/files/demo/files/picture.png%00",
        b"/FILES/demo/files/picture.png",
    ],
)
def test_p01_p02_nginx_and_gatekeeper_never_mean_two_things_by_one_address(
    folder_school: Fronted, target: bytes
) -> None:
    """P01, P02, P10: nginx tidies the path up to choose a location; the decision is about the line as it came, and the
    object is the one that was decided about, so that a stranger gets nothing by any spelling, and an owner the object or nothing"""
    stranger = folder_school.raw(target)
    assert stranger.status in {400, 401, 403, 404}
    assert CANARY not in stranger.body
    other = folder_school.raw(target, lines=cookie(folder_school, {"other": None}))
    assert other.status in {400, 403, 404}
    assert CANARY not in other.body
    owner = folder_school.raw(target, lines=cookie(folder_school))
    assert owner.body == PNG or CANARY not in owner.body


def test_a_symlink_in_the_store_is_not_followed(folder_school: Fronted) -> None:
    """P16"""
    store = folder_school.gatekeeper.settings.store.folder
    assert store is not None
    given = folder_school.get("/gate/parts/demo/member", lines=cookie(folder_school)).json()
    place = store / urlsplit(given["url"]).path.removeprefix("/store/")
    kept = place.read_bytes()
    place.unlink()
    place.symlink_to("/etc/passwd")
    try:
        answer = folder_school.follow(given["url"])
        assert answer.status in {403, 404}
        assert b"root:" not in answer.body
    finally:
        place.unlink()
        place.write_bytes(kept)


def test_the_log_holds_no_signature_and_no_token(school: Fronted) -> None:
    """U07"""
    lines = cookie(school)
    seals = []
    for _ in range(10):
        url = school.get("/gate/parts/demo/paid", lines=lines).json()["url"]
        seals.append(url.rpartition("=")[2])
        school.follow(url)
        school.follow(url.replace("attachment", "inline"))
    school.raw(b"/store/private/none?signature=" + b"5" * 64)
    log = school.nginx.log + school.gatekeeper.log.read_text("utf-8", "replace")
    assert "/store/private/" in log
    for secret in (*seals, "5" * 64, "X-Amz-Signature", lines.decode().partition("=")[2].strip()):
        assert secret not in log


def test_a_gatekeeper_that_is_away_is_503_and_not_kept(tmp_path_factory: pytest.TempPathFactory) -> None:
    """H11, C01, R9: nginx's own word has the same headers"""
    folder = tmp_path_factory.mktemp("away")
    with running_nginx(folder, "gatekeeper", port=free_port(), gatekeeper=free_port()) as nginx:
        answer = nginx.raw(b"/gate/parts/demo/paid")
    assert (answer.status, answer.json()) == (503, {"reason": "unavailable"})
    assert answer.header("cache-control") == "private, no-store"
    assert answer.header("retry-after") == "5"
    for name in ("content-security-policy", "x-content-type-options", "referrer-policy"):
        assert answer.header(name)


def test_what_is_nginxs_own_is_not_there_for_strangers(school: Fronted) -> None:
    for target in (b"/delivery/check/files/demo/files/picture.png", b"/readyz", b"/delivery/check/"):
        answer = school.raw(target, lines=cookie(school))
        assert (answer.status, answer.json()) == (404, {"reason": "unknown"})


def test_a_bucket_that_refuses_shows_none_of_its_words(bucket_school: Fronted, ceph: Ceph) -> None:
    """The object was deleted behind the gatekeeper's back."""
    given = bucket_school.get("/gate/parts/demo/member", lines=cookie(bucket_school)).json()
    key = urlsplit(given["url"]).path.removeprefix("/store/")
    name = bucket_school.gatekeeper.settings.store.bucket
    client = ceph.client()
    data = client.get_object(Bucket=name, Key=key)["Body"].read()
    client.delete_object(Bucket=name, Key=key)
    try:
        answer = bucket_school.follow(given["url"])
        assert (answer.status, answer.json()) == (404, {"reason": "unknown"})
        assert answer.header("cache-control") == "private, no-store"
    finally:
        client.put_object(Bucket=name, Key=key, Body=data)


def test_h02_what_a_client_says_of_its_address_reaches_the_gatekeeper_by_no_way(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """H02: also in nginx's own question, and the limit is told to the reader as 429"""
    folder = tmp_path_factory.mktemp("claimed")
    environ = {**ACCEL, "LYCEUM_ADDRESS_LIMIT": "40"}
    with fronted(
        folder, "folder", environ=environ, replaced={"/srv/school/store": str(folder / "private")}
    ) as own:
        for target in (b"/files/demo/files/picture.png", b"/gate/parts/demo/paid"):
            statuses = set()
            for number in range(120):
                lines = f"X-Forwarded-For: 198.51.100.{number}\r\nX-Real-IP: 10.0.0.{number}\r\n".encode()
                statuses.add(own.raw(target, lines=cookie(own) + lines).status)
            assert 429 in statuses
            assert statuses <= {200, 429}


def test_what_nginx_sends_after_asking_counts_for_the_alarm(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("asked")
    environ = {**ACCEL, "LYCEUM_SHARING_NETWORKS": "1"}
    with fronted(
        folder, "folder", environ=environ, replaced={"/srv/school/store": str(folder / "private")}
    ) as own:
        database = open_database(own.gatekeeper.settings.database_url.reveal_text())
        with database.write() as connection:
            reader = find_or_create(connection, "ada@example.org", language="en", now=datetime.now(UTC)).id
        database.close()
        token = own.gatekeeper.token(OWNER, reader=reader)
        lines = f"Cookie: {own.gatekeeper.settings.entitlement_cookie}={token}\r\n".encode()
        assert own.raw(b"/files/demo/files/picture.png", lines=lines).status == 200
        end = time.monotonic() + 20
        while "link-sharing alarm" not in own.gatekeeper.log.read_text():
            assert time.monotonic() < end
            time.sleep(0.1)

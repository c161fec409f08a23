"""CloudFront: signed URLs for one object, signed cookies for one course, and a seal that binds an object to its course."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gatekeeper.contract.access import MEMBER
from gatekeeper.delivery.assemble import COURSE_SEALS
from gatekeeper.delivery.cloudfront import group, seal
from gatekeeper.delivery.policy import CloudFrontUrls, PolicySigner
from gatekeeper.secrets import Secret, derive
from tests.support.edge import Edge, EdgeFunction, node, running_edge
from tests.support.gatekeeper import RunningGatekeeper, free_port, running_gatekeeper
from tests.support.raw_http import RawAnswer, exchange
from tests.support.tiny_release import DEMO, FILES, OTHER, PARTS, PNG

OWNER = {"everything": None}
PICTURE = "demo/files/picture.png"


@pytest.fixture(scope="module")
def key() -> RSAPrivateKey:
    return generate_private_key(public_exponent=65537, key_size=2048)


def pem(key: RSAPrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.fixture(scope="module")
def school(
    tmp_path_factory: pytest.TempPathFactory, key: RSAPrivateKey
) -> Iterator[tuple[RunningGatekeeper, Edge]]:
    if not node():
        pytest.skip("no Node here to run the edge's function; Debian: apt install nodejs")
    folder, port = tmp_path_factory.mktemp("cloudfront"), free_port()
    environ = {
        "LYCEUM_CLOUDFRONT_URL": f"http://127.0.0.1:{port}",
        "LYCEUM_CLOUDFRONT_KEY_ID": "K2EXAMPLE",
        "LYCEUM_CLOUDFRONT_KEY": pem(key),
        "LYCEUM_CLOUDFRONT_DOMAIN": "example.org",
        "LYCEUM_URL_SECONDS": "5",
    }
    with running_gatekeeper(folder, environ=environ) as own:
        function = EdgeFunction(folder, derive(own.settings.secret_key, COURSE_SEALS).hex())
        try:
            with running_edge(folder / "private", key.public_key(), function, port=port) as edge:
                yield own, edge
        finally:
            function.close()


def ask(edge: Edge, url: str, *, cookies: str = "") -> RawAnswer:
    parts = urlsplit(url)
    assert f"{parts.scheme}://{parts.netloc}" == edge.origin
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    lines = f"Cookie: {cookies}\r\n" if cookies else ""
    request = f"GET {target} HTTP/1.1\r\nHost: cdn\r\n{lines}Connection: close\r\n\r\n"
    return exchange("127.0.0.1", edge.port, request.encode())


def pairs(answer: RawAnswer) -> str:
    """The answer's cookies as a browser sends them back."""
    return "; ".join(line.partition(";")[0] for line in answer.all("set-cookie"))


def test_a_signed_url_opens_its_object_and_no_other(school: tuple[RunningGatekeeper, Edge]) -> None:
    """U03"""
    own, edge = school
    url = own.get("/gate/parts/demo/paid", lines=own.cookie(OWNER)).json()["url"]
    assert ask(edge, url).body == PARTS["demo/paid"][1]
    address, _, query = url.partition("?")
    other = str(own.get(f"/files/{PICTURE}", lines=own.cookie(OWNER)).header("location")).partition("?")[0]
    for spoiled in (
        address,
        f"{other}?{query}",
        f"{address}?{query.replace('Policy=e', 'Policy=f')}",
        f"{address}x?{query}",
    ):
        assert ask(edge, spoiled).status == 403


def test_the_cookies_of_a_course_open_its_sealed_objects(school: tuple[RunningGatekeeper, Edge]) -> None:
    own, edge = school
    given = own.get(f"/delivery/cookies/{PICTURE}", lines=own.cookie(OWNER))
    assert given.status == 302
    url = str(given.header("location"))
    assert ask(edge, url, cookies=pairs(given)).body == PNG
    assert ask(edge, url).status == 403
    other = own.get("/delivery/cookies/demo/files/code.zip", lines=own.cookie(OWNER))
    assert (
        ask(edge, str(other.header("location")), cookies=pairs(given)).status == 200
    )  # one course, one policy


def test_the_cookies_are_bound_to_the_course_and_safe(school: tuple[RunningGatekeeper, Edge]) -> None:
    """S01, as far as CloudFront's names allow"""
    own, _ = school
    given = own.get(f"/delivery/cookies/{PICTURE}", lines=own.cookie(OWNER))
    lines = given.all("set-cookie")
    assert [line.partition("=")[0] for line in lines] == [
        "CloudFront-Policy",
        "CloudFront-Signature",
        "CloudFront-Key-Pair-Id",
    ]
    root = f"/c/{group('demo', DEMO)}/"
    for line in lines:
        attributes = {part.strip() for part in line.split(";")[1:]}
        assert attributes == {
            "Domain=example.org",
            f"Path={root}",
            "Max-Age=5",
            "Secure",
            "HttpOnly",
            "SameSite=Lax",
        }
    assert given.header("cache-control") == "private, no-store"


def test_p18_cookies_of_one_course_or_rule_open_nothing_of_another(
    school: tuple[RunningGatekeeper, Edge],
) -> None:
    """P18: nor does an object of another course under this course's address"""
    own, edge = school
    mine = own.get(f"/delivery/cookies/{PICTURE}", lines=own.cookie({"demo": None}))
    theirs = own.get("/delivery/cookies/other/files/code.zip", lines=own.cookie({"other": None}))
    url = str(theirs.header("location"))
    assert ask(edge, url, cookies=pairs(mine)).status == 403
    their_key = urlsplit(url).path.split("/", 4)[4]
    my_root = "/".join(str(mine.header("location")).split("/")[:5])
    their_seal = urlsplit(url).path.split("/")[3]
    my_seal = str(mine.header("location")).split("/")[5]
    for forged in (their_seal, my_seal, "0" * 32, ""):
        assert ask(edge, f"{my_root}/{forged}/{their_key}", cookies=pairs(mine)).status == 403
    for detour in ("x/../", "%2e%2e/", "../"):
        assert ask(edge, f"{my_root}/{detour}{my_seal}/{their_key}", cookies=pairs(mine)).status == 403


@pytest.mark.parametrize(("products", "status"), [(None, 401), ({"other": None}, 403), ({"demo": 1}, 403)])
def test_who_may_not_have_the_file_gets_no_cookie(
    school: tuple[RunningGatekeeper, Edge], products: dict[str, int | None] | None, status: int
) -> None:
    own, _ = school
    lines = own.cookie(products) if products is not None else b""
    answer = own.get(f"/delivery/cookies/{PICTURE}", lines=lines)
    assert (answer.status, answer.all("set-cookie"), answer.header("location")) == (status, [], None)


def test_u02_u12_urls_and_cookies_die_with_their_policy(school: tuple[RunningGatekeeper, Edge]) -> None:
    """U02, U12"""
    own, edge = school
    url = own.get("/gate/parts/demo/paid", lines=own.cookie(OWNER)).json()["url"]
    given = own.get(f"/delivery/cookies/{PICTURE}", lines=own.cookie(OWNER))
    sealed, cookies = str(given.header("location")), pairs(given)
    assert ask(edge, url).status == ask(edge, sealed, cookies=cookies).status == 200
    time.sleep(5.2)
    assert ask(edge, url).status == ask(edge, sealed, cookies=cookies).status == 403


def test_groups_and_seals_do_not_run_into_each_other() -> None:
    groups = {
        group("demo", DEMO),
        group("demo", MEMBER),
        group("other", DEMO),
        group("demo", OTHER),
        group("demo.", DEMO),
    }
    assert len(groups) == 5
    assert "/" not in group("a/b", DEMO)
    assert seal(b"k", "a", "b") != seal(b"k", "b", "a") != seal(b"l", "b", "a")


def test_a_policy_names_one_address_and_lives_five_minutes_at_most(key: RSAPrivateKey) -> None:
    secret = Secret(pem(key))
    for seconds in (0, 301):
        with pytest.raises(ValueError, match="seconds"):
            PolicySigner(secret, key_id="K", lifetime_seconds=seconds)
    signer = PolicySigner(secret, key_id="K", lifetime_seconds=300)
    for resource in (
        "https://*.example.org/x",
        "https://cdn.example.org/c/*/x",
        "https://cdn.example.org/x?y",
    ):
        with pytest.raises(ValueError, match="one address"):
            signer.sign(resource, now=0)
    url = CloudFrontUrls(signer, origin="https://cdn.example.org").sign(
        "private/ab", media_type="", disposition="", now=1000
    )
    policy = url.url.partition("Policy=")[2].partition("&")[0]
    told = json.loads(base64.b64decode(policy.translate(str.maketrans("-_~", "+=/"))))
    assert told == {
        "Statement": [
            {
                "Resource": "https://cdn.example.org/private/ab",
                "Condition": {"DateLessThan": {"AWS:EpochTime": 1300}},
            }
        ]
    }
    assert url.expires_at == 1300


def test_u07_no_policy_or_signature_reaches_the_log(school: tuple[RunningGatekeeper, Edge]) -> None:
    """U07"""
    own, _ = school
    url = own.get("/gate/parts/demo/paid", lines=own.cookie(OWNER)).json()["url"]
    own.get(f"/delivery/cookies/{PICTURE}", lines=own.cookie(OWNER))
    log = own.log.read_text("utf-8", "replace")
    assert "Signature=" not in log
    assert url.rpartition("Signature=")[2].partition("&")[0] not in log
    assert len(FILES) > 0


def test_the_seal_key_is_what_the_service_seals_with(tmp_path: Path) -> None:
    from click.testing import CliRunner

    from gatekeeper.cli import cli
    from gatekeeper.environment import read_settings

    environ = {"LYCEUM_MODE": "demo", "LYCEUM_STATE": str(tmp_path)}
    settings = read_settings(environ)
    told = CliRunner(env=environ).invoke(cli, ["seal-key"]).output.strip()
    assert told == derive(settings.secret_key, COURSE_SEALS).hex()
    assert told != settings.secret_key.reveal().hex()

"""Services that readers sign in through, on loopback.

    with real_provider() as provider:        oidc-provider-mock from PyPI, a process of its own; clients must be registered
    with careful_provider() as provider:     checks client, code, redirect address and PKCE; lies in its tokens when told to
    with github() as server:                 OAuth and API in GitHub's documented shapes, PKCE checked

`visit(address, …)` is the browser's part there: it agrees, and gives back where the service sends the browser.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import unescape
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import requests
from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.support.gatekeeper import free_port
from tests.support.provider_server import Asked, Said, answering, private_pem, rsa_key

CLIENT, SECRET = "lyceum-client", "a secret of the client"


@dataclass(frozen=True, slots=True)
class RealProvider:
    """A running oidc-provider-mock."""

    issuer: str

    def register(self, back: str) -> tuple[str, str]:
        """A new client that may come back to this address: its id and secret."""
        answer = requests.post(f"{self.issuer}/oauth2/clients", json={"redirect_uris": [back]}, timeout=10)
        answer.raise_for_status()
        told = answer.json()
        return told["client_id"], told["client_secret"]

    def user(self, subject: str, **claims: Any) -> None:
        requests.put(f"{self.issuer}/users/{subject}", json=claims, timeout=10).raise_for_status()

    def agree(self, address: str, subject: str) -> str:
        """Signs in there as `subject`; where the browser is sent."""
        answer = requests.post(address, data={"sub": subject}, allow_redirects=False, timeout=10)
        assert answer.status_code in {302, 303}, answer.text
        return answer.headers["Location"]

    def deny(self, address: str) -> str:
        answer = requests.post(address, data={"action": "deny"}, allow_redirects=False, timeout=10)
        return answer.headers["Location"]


@contextmanager
def real_provider() -> Iterator[RealProvider]:
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "oidc_provider_mock",
        "--port",
        str(port),
        "--require-registration",
        "true",
        "--require-nonce",
        "true",
    ]
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    issuer = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 30
        while True:
            assert process.poll() is None, "oidc-provider-mock ended"
            assert time.monotonic() < deadline, "oidc-provider-mock did not start"
            try:
                requests.get(f"{issuer}/.well-known/openid-configuration", timeout=1).raise_for_status()
                break
            except requests.RequestException:
                time.sleep(0.05)
        yield RealProvider(issuer)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(20)


@dataclass
class Visits:
    """What authorization endpoints remember: code → the request's parameters."""

    codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def authorize(self, asked: Asked) -> Said:
        parameters = dict(parse_qsl(asked.query))
        code = secrets.token_urlsafe(12)
        self.codes[code] = parameters
        back = urlencode({"code": code, "state": parameters["state"]})
        return Said(status=302, body=b"", headers={"Location": f"{parameters['redirect_uri']}?{back}"})

    def redeem(self, form: dict[str, str]) -> dict[str, str] | None:
        """The parameters of the visit behind this code, once, if redirect address and PKCE's verifier fit."""
        visit = self.codes.pop(form.get("code", ""), None)
        if visit is None or visit.get("code_challenge_method") != "S256":
            return None
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        is_good = challenge == visit["code_challenge"] and form.get("redirect_uri") == visit["redirect_uri"]
        return visit if is_good else None


@dataclass
class CarefulProvider:
    """claims: of the ID token, over the true ones; a claim that is None is left out. now: its clock; answers: how often each path was asked."""

    issuer: str = ""
    claims: dict[str, Any] = field(default_factory=dict)
    userinfo: dict[str, Any] | None = None
    document: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    key: str = "careful provider"
    signed_with: str | None = None
    raw: Any = None
    now: int = 0
    asked: list[str] = field(default_factory=list)
    visits: Visits = field(default_factory=Visits)

    def tell_the_truth(self, now: int) -> None:
        self.claims, self.userinfo, self.document, self.header = {}, None, {}, {}
        self.signed_with, self.raw, self.now = None, None, now
        self.asked.clear()

    def answer(self, asked: Asked) -> Said:
        self.asked.append(asked.path)
        match asked.path:
            case "/.well-known/openid-configuration":
                told = {
                    "issuer": self.issuer,
                    "authorization_endpoint": f"{self.issuer}/authorize",
                    "token_endpoint": f"{self.issuer}/token",
                    "jwks_uri": f"{self.issuer}/keys",
                    "userinfo_endpoint": f"{self.issuer}/userinfo",
                }
                return _json({**told, **self.document})
            case "/keys":
                return _json({"keys": [signing_key(self.key).as_dict(private=False)]})
            case "/authorize":
                return self.visits.authorize(asked)
            case "/token":
                return self._token(asked)
            case "/userinfo" if self.userinfo is not None:
                assert asked.headers["authorization"] == "Bearer an access token"
                return _json(self.userinfo)
        return Said(status=404, body=b"{}")

    def _token(self, asked: Asked) -> Said:
        basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if asked.headers.get("authorization") != f"Basic {basic}":
            return _json({"error": "invalid_client"}, status=401)
        visit = self.visits.redeem(dict(parse_qsl(asked.body.decode())))
        if visit is None:
            return _json({"error": "invalid_grant"}, status=400)
        if self.raw is not None:
            return _json(self.raw)
        told = {
            "iss": self.issuer,
            "sub": "subject-1",
            "aud": CLIENT,
            "iat": self.now,
            "exp": self.now + 300,
            "nonce": visit.get("nonce"),
            "email": "ada@example.org",
            "email_verified": True,
            **self.claims,
        }
        claims = {name: value for name, value in told.items() if value is not None}
        key = signing_key(self.signed_with or self.key)
        header = {"alg": "RS256", "kid": signing_key(self.key).kid, **self.header}
        token = jwt.encode(header, claims, key, algorithms=[header["alg"]])
        return _json({"access_token": "an access token", "token_type": "Bearer", "id_token": token})


@contextmanager
def careful_provider() -> Iterator[CarefulProvider]:
    provider = CarefulProvider()
    with answering(provider.answer) as address:
        provider.issuer = address
        yield provider


@dataclass
class Github:
    """user, emails: what its API says. Answers as GitHub's documentation shows them."""

    url: str = ""
    user: Any = field(default_factory=lambda: {"login": "ada-l", "id": 1815, "node_id": "MDQ6VXNlcjE="})
    emails: Any = field(
        default_factory=lambda: [
            {"email": "old@example.org", "primary": False, "verified": True, "visibility": None},
            {"email": "ada@example.org", "primary": True, "verified": True, "visibility": "public"},
        ]
    )
    visits: Visits = field(default_factory=Visits)

    def answer(self, asked: Asked) -> Said:
        match asked.path:
            case "/login/oauth/authorize":
                assert parse_qs(asked.query)["scope"] == ["user:email"]
                return self.visits.authorize(asked)
            case "/login/oauth/access_token":
                form = dict(parse_qsl(asked.body.decode()))
                assert asked.headers["accept"] == "application/json"
                if (form.get("client_id"), form.get("client_secret")) != (CLIENT, SECRET):
                    return _json({"error": "incorrect_client_credentials"})
                if self.visits.redeem(form) is None:
                    return _json(
                        {
                            "error": "bad_verification_code",
                            "error_description": "The code passed is incorrect or expired.",
                        }
                    )
                return _json(
                    {"access_token": "gho_16C7e42F292c6912", "scope": "user:email", "token_type": "bearer"}
                )
            case "/user" | "/user/emails":
                assert asked.headers["authorization"] == "Bearer gho_16C7e42F292c6912"
                assert asked.headers["x-github-api-version"] == "2022-11-28"
                return _json(self.user if asked.path == "/user" else self.emails)
        return Said(status=404, body=b"{}")


@contextmanager
def github() -> Iterator[Github]:
    server = Github()
    with answering(server.answer) as address:
        server.url = address
        yield server


def visit(address: str) -> str:
    """Goes to the service, which agrees at once; where the browser is sent."""
    answer = requests.get(address, allow_redirects=False, timeout=10)
    assert answer.status_code == 302, answer.text
    return answer.headers["Location"]


def address_on(page: str) -> str:
    """The service's address on the page that leads there."""
    found = re.search(r'<a class="button" href="([^"]+)"', page)
    assert found is not None, page
    return unescape(found.group(1))


def path_of(address: str) -> str:
    """Path and query, as the browser asks for it here."""
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}"


def _json(value: Any, *, status: int = 200) -> Said:
    return Said(status=status, body=json.dumps(value).encode())


def signing_key(name: str) -> RSAKey:
    """The RSA key of this name, with its id."""
    key = RSAKey.import_key(private_pem(rsa_key(name)))
    key.ensure_kid()
    return key

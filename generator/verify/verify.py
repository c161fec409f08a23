"""A verification from beginning to end: statement, files, what lies beyond them, what must not answer."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from datetime import timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gatekeeper.contract import signature, statement
from gatekeeper.contract.statement import Statement
from generator.errors import StoreError
from generator.verify import private
from generator.verify.fetch import CONNECTIONS, Stranger
from generator.verify.findings import Finding, Kind, Verification
from generator.verify.pages import Progress, Release, look
from generator.verify.patience import Patience
from generator.verify.private import Tried
from generator.verify.site import SiteAddress, site_address
from generator.verify.store import StoreView


def verify(
    url: str,
    *,
    keys: Mapping[str, Ed25519PublicKey],
    expected: str = "",
    store: StoreView | None = None,
    connections: int = CONNECTIONS,
    wait: timedelta = timedelta(0),
    sleep: Callable[[float], None] = time.sleep,
    progress: Progress,
) -> Verification:
    """Fetch the school at `url` as a stranger would and compare it with its release statement.

    keys: key id → key, of those who may have signed; empty: the signature is not looked at, and a note says so. expected: the release that
    must be shown, "" for the store's, or any where there is none. wait: how long the site may take to show it, caches considered.
    Raises StoreError if the site does not answer at all, SettingsError if `url` is no address.
    """
    site = site_address(url)
    expected = expected or (store.release if store else "")
    patience = Patience(wait, sleep)
    with Stranger(connections) as stranger:
        said, findings, notes, key = _statement(site, keys, expected, stranger, patience)
        if said is None:
            return Verification(
                url=site.base,
                release="",
                created="",
                commit="",
                key=None,
                files=0,
                size_bytes=0,
                asked=0,
                findings=tuple(findings),
                notes=tuple(notes),
            )
        release = Release(
            site=site,
            files=said.files,
            own=frozenset({statement.PATH}),
            nothing=_nothing(site, stranger, notes),
        )
        seen = look(release, stranger, patience, progress)
        tried = Tried()
        private.try_site(release, said.release, store, stranger, progress, tried)
        private.try_gatekeepers(site, seen.locked, store, stranger, progress, tried)
        if store is not None:
            private.try_store(store, stranger, progress, tried)
    return Verification(
        url=site.base,
        release=said.release,
        created=said.created,
        commit=said.commit,
        key=key,
        files=seen.files,
        size_bytes=seen.size_bytes,
        asked=tried.asked,
        findings=(*findings, *seen.findings, *tried.findings),
        notes=(*notes, *seen.notes, *tried.notes),
    )


def _statement(
    site: SiteAddress,
    keys: Mapping[str, Ed25519PublicKey],
    expected: str,
    stranger: Stranger,
    patience: Patience,
) -> tuple[Statement | None, list[Finding], list[str], str | None]:
    """The site's statement, what is wrong with it, notes, and the id of the key that signed it."""
    where = site.url(statement.PATH)
    while True:
        fetched = stranger.get(where, follow=lambda target: site.path(target) is not None, keep=True)
        said, trouble = None, f"answers {fetched.status}"
        if fetched.status == 200:
            try:
                said = statement.loads(fetched.body)
            except statement.StatementError as error:
                trouble = str(error)
        if (said is not None and expected in {"", said.release}) or not patience.more():
            break
    if fetched.status == 0:
        raise StoreError(
            f"the site does not answer: {fetched.trouble}",
            where=site.base,
            hint="check the address and try again",
        )
    if said is None:
        finding = Finding(
            kind=Kind.STATEMENT, where=where, what=f"there is no release statement to compare with: {trouble}"
        )
        return None, [finding], [], None
    findings: list[Finding] = []
    notes: list[str] = []
    key = None
    if keys:
        try:
            key = signature.verify(
                statement.document(said), said.signature, keys, purpose=signature.STATEMENT
            )
        except signature.SignatureError as error:
            what = str(error) if said.signature else "the statement is not signed"
            findings.append(Finding(kind=Kind.SIGNATURE, where=where, what=what))
    else:
        notes.append("the signature was not looked at: give the school's public key with --key")
    if expected and said.release != expected:
        what = f"release {said.release} is shown, not {expected}"
        findings.append(Finding(kind=Kind.RELEASE, where=where, what=what))
    if said.site != site.base:
        notes.append(f"the release was made for {said.site}")
    return said, findings, notes, key


def _nothing(site: SiteAddress, stranger: Stranger, notes: list[str]) -> str:
    """SHA-256 of what the host answers, with status 200, for an address that cannot exist; "" if it does not."""
    fetched = stranger.get(site.url(f"lyceum-verify-{secrets.token_hex(16)}/nothing.txt"))
    if fetched.status != 200:
        return ""
    notes.append("the host answers 200 for addresses that do not exist; it should answer 404")
    return fetched.sha256

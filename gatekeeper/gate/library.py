"""The library: the current release's manifest, loaded, verified, indexed once and swapped whole.

- The current release is the last pointer of the chain (`contract.keys`). The hint in `current.json` is needed only to
  begin with; afterwards the known pointer is looked at again, so that a store that was made anew is noticed, and the next
  one is asked for: two small reads a refresh.
- What is believed, and what is not, says `contract.trust`: signatures, the order of releases, rollback. What is refused there, does not
  parse or cannot be fetched changes nothing: the last good release stays (rule R6: a reader never meets half a release).
- Where the public site is a folder of this machine, the release is current that this shows: pages and parts change at one stroke, and a
  publisher that was killed between pointer and site has changed nothing.
- Readers take `library.manifest` once per request and use nothing else, so a swap in between cannot mix two releases.
- A large manifest neither stops the process while it is read nor when the one before is given up (`stores.manifests`).
"""

from __future__ import annotations

import gc
import logging
import threading
from collections.abc import Callable, Mapping

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gatekeeper.contract import keys, manifest, pointer, trust
from gatekeeper.contract.manifest import Manifest
from gatekeeper.errors import StoreError
from gatekeeper.stores import manifests
from gatekeeper.stores.reader import StoreReader

_log = logging.getLogger(__name__)

_HELD_SECONDS = 10.0  # the longest that an answer under way holds a manifest
_BIT = 1000
_LOOKS_BACK = 20  # pointers, for the one whose release the public site shows


class Library:
    """`manifest` is the current release, or None as long as none could be loaded.

    release_keys: whose signature is believed; empty only where the operator allows unsigned releases. shown: tells which release the
    public site shows, where it lies on this machine; then the two halves change together.
    """

    def __init__(
        self,
        store: StoreReader,
        release_keys: Mapping[str, Ed25519PublicKey],
        *,
        shown: Callable[[], str] | None = None,
    ) -> None:
        self._store = store
        self._shown = shown or (lambda: "")
        self._keys = release_keys
        self._pointer: pointer.Pointer | None = None
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._trouble = ""
        self.manifest: Manifest | None = None

    def refresh(self) -> bool:
        """Looks for a newer release once; True if the manifest was swapped.

        Raises StoreError if the store is away, has no release, or holds one that is not believed or understood; the manifest stays.
        """
        with self._lock:
            try:
                newest = self._newest()
                if newest is None:
                    raise StoreError("the store holds no release", hint="publish one with `lyceum publish`")
                if self._pointer is not None and newest.release == self._pointer.release:
                    self._check_succession(newest, self.manifest)
                    self._pointer = newest
                    return False
                fresh = self._load(newest)
                self._check_succession(newest, fresh)
            except (manifest.ManifestError, pointer.PointerError, trust.TrustError) as error:
                raise StoreError(
                    f"the current release cannot be used: {error}", hint="publish it again"
                ) from error
            given_up = [self.manifest]
            self.manifest, self._pointer = fresh, newest
        gc.freeze()
        manifests.take_apart(given_up)
        return True

    def _load(self, newest: pointer.Pointer) -> Manifest:
        data = self._store.get(keys.manifest_key(newest.release))
        if data is None:
            raise StoreError(f"release {newest.release} has no manifest", hint="publish it again")
        signed = self._store.get(keys.manifest_signature_key(newest.release)) if self._keys else None
        trust.check_manifest(data, signed, self._keys)
        fresh = manifests.read(data, pause_seconds=0.0 if self.manifest is None else manifests.PAUSE_SECONDS)
        if fresh.release != newest.release:
            raise StoreError(
                f"the manifest of release {newest.release} names another one", hint="publish it again"
            )
        return fresh

    def _check_succession(self, newest: pointer.Pointer, fresh: Manifest | None) -> None:
        trust.check_succession(
            newest,
            "" if fresh is None else fresh.created,
            believed=self._pointer,
            running_created=None if self.manifest is None else self.manifest.created,
            keys=self._keys,
        )

    def keep_fresh(self, interval_seconds: float) -> None:
        """Refreshes now and then every `interval_seconds` in a thread of its own, until `stop`; trouble is logged once."""
        self._try_refresh()
        threading.Thread(
            target=self._refresh_forever, args=(interval_seconds,), name="library", daemon=True
        ).start()

    def stop(self) -> None:
        self._stopped.set()

    def _refresh_forever(self, interval_seconds: float) -> None:
        while not self._stopped.wait(interval_seconds):
            self._try_refresh()

    def _try_refresh(self) -> None:
        try:
            swapped = self.refresh()
        except StoreError as error:
            if str(error) != self._trouble:
                self._trouble = str(error)
                _log.warning("refresh failed, keeping the last release: %s; %s", error, error.hint)
            return
        if self._trouble:
            self._trouble = ""
            _log.info("refresh works again")
        if swapped and self.manifest is not None:
            _log.info("release loaded: %s, %d lessons", self.manifest.release, len(self.manifest.lessons))

    def _newest(self) -> pointer.Pointer | None:
        shown = self._shown()  # before the chain, which then has its pointer
        known = self._read(self._pointer.number) if self._pointer is not None else None
        if known is None:
            hint = self._store.get(keys.CURRENT)
            known = self._read(pointer.loads_hint(hint)) if hint is not None else None
        number = known.number if known is not None else 0
        refused: ValueError | None = (
            None  # a pointer that is not believed; a publisher may have put right what it spoiled
        )
        while number < pointer.MAXIMUM_NUMBER:
            number += 1
            try:
                if (following := self._read(number)) is None:
                    break
                known, refused = following, None
            except (pointer.PointerError, trust.TrustError) as error:
                refused = error
        if refused is not None:
            raise refused
        return None if known is None else self._as_shown(known, shown)

    def _as_shown(self, newest: pointer.Pointer, shown: str) -> pointer.Pointer:
        """The newest pointer whose release the public site shows: a publisher creates the pointer first, and shows the site then.

        `newest` itself where that cannot be known, or where the site shows something that no pointer of late tells of.
        """
        if shown in {"", newest.release}:
            return newest
        if self._pointer is not None and self._pointer.release == shown:
            return self._pointer
        for number in range(newest.number - 1, max(0, newest.number - _LOOKS_BACK), -1):
            earlier = self._read(number)
            if earlier is not None and earlier.release == shown:
                return earlier
        return newest

    def _read(self, number: int) -> pointer.Pointer | None:
        data = self._store.get(keys.pointer_key(number))
        if data is None:
            return None
        return trust.read_pointer(data, number, self._keys)

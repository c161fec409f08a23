"""The library: the current release's manifest, loaded, checked and swapped whole.

- The current release is the last pointer of the chain (`contract.keys`). The hint in `current.json` is needed only to
  begin with; afterwards the known pointer is looked at again, so that a store that was made anew is noticed, and the next
  one is asked for: two small reads a refresh.
- A release counts only if its manifest parses, names itself by the same id, and is whole. Otherwise, and whenever the store
  is away, the last good one stays (rule R6: a reader never meets half a release).
- Readers take `library.manifest` once per request and use nothing else, so a swap in between cannot mix two releases.
"""

from __future__ import annotations

import logging
import threading

from gatekeeper.contract import keys, manifest, pointer
from gatekeeper.contract.manifest import Manifest
from gatekeeper.errors import StoreError
from gatekeeper.stores.reader import StoreReader

_log = logging.getLogger(__name__)


class Library:
    """`manifest` is the current release, or None as long as none could be loaded."""

    def __init__(self, store: StoreReader) -> None:
        self._store = store
        self._pointer: pointer.Pointer | None = None
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._trouble = ""
        self.manifest: Manifest | None = None

    def refresh(self) -> bool:
        """Looks for a newer release once; True if the manifest was swapped.

        Raises StoreError if the store is away, has no release, or holds one that cannot be understood; the manifest stays.
        """
        with self._lock:
            try:
                newest = self._newest()
                if newest is None:
                    raise StoreError("the store holds no release", hint="publish one with `lyceum publish`")
                if self._pointer is not None and newest.release == self._pointer.release:
                    self._pointer = newest
                    return False
                data = self._store.get(keys.manifest_key(newest.release))
                if data is None:
                    raise StoreError(f"release {newest.release} has no manifest", hint="publish it again")
                fresh = manifest.loads(data)
            except (manifest.ManifestError, pointer.PointerError) as error:
                raise StoreError(
                    f"the current release cannot be used: {error}", hint="publish it again"
                ) from error
            if fresh.release != newest.release:
                raise StoreError(
                    f"the manifest of release {newest.release} names another one", hint="publish it again"
                )
            self.manifest = fresh
            self._pointer = newest
            return True

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
        known = self._read(self._pointer.number) if self._pointer is not None else None
        if known is None:
            hint = self._store.get(keys.CURRENT)
            known = self._read(pointer.loads_hint(hint)) if hint is not None else None
        number = known.number if known is not None else 0
        while number < pointer.MAXIMUM_NUMBER and (following := self._read(number + 1)) is not None:
            known, number = following, number + 1
        return known

    def _read(self, number: int) -> pointer.Pointer | None:
        data = self._store.get(keys.pointer_key(number))
        if data is None:
            return None
        read = pointer.loads(data)
        if read.number != number:
            raise pointer.PointerError(f"pointer {number} calls itself {read.number}")
        return read

"""Fetches signals from the gatekeeper, day by day: `day-2026-11-20.parquet` in the folder, and `days.json` that says which state each is of.

- Only days whose state is another are fetched. A day that the gatekeeper no longer has is removed here, too; so what a reader had deleted, and
  what is too old, goes with the next export.
- `since` looks at later days alone and leaves the earlier files as they are.
- The key goes to the gatekeeper's own address and nowhere else: over https or to this machine, and no redirect is followed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

import urllib3

from gatekeeper.contract import routes
from gatekeeper.contract.loopback import LOOPBACK
from gatekeeper.contract.signals import KINDS
from generator.errors import LyceumError, SettingsError, StoreError
from generator.signals import files
from generator.signals.files import Row

STATES = "days.json"
_DAY_FILE = re.compile(r"day-(\d{4}-\d\d-\d\d)\.parquet", re.ASCII)
_PATIENCE = urllib3.Timeout(connect=10.0, read=60.0)
_TRIES = urllib3.Retry(total=3, redirect=0, backoff_factor=0.5, status_forcelist=[429, 502, 503])


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalsAccess:
    """gatekeeper_url: an origin without a final slash. key: as hex."""

    gatekeeper_url: str
    key: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """Days by name. signals: in all files of the folder's export."""

    fetched: tuple[str, ...]
    unchanged: tuple[str, ...]
    removed: tuple[str, ...]
    signals: int


def export(
    access: SignalsAccess,
    folder: Path,
    *,
    since: date | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> Exported:
    """Brings the folder up to date. Raises SettingsError for an address that must not get the key, StoreError if the gatekeeper
    does not answer as it should; days that were fetched before that stay."""
    _check_address(access)
    files.schema()
    with urllib3.PoolManager(timeout=_PATIENCE, retries=_TRIES) as pool:
        gatekeeper = _Gatekeeper(access, pool)
        there = gatekeeper.days(since)
        here = _states(folder)
        wanted = [
            day for day in there if here.get(day) != there[day].state or not _file(folder, day).is_file()
        ]
        for number, day in enumerate(wanted):
            if progress is not None:
                progress(day, number, len(wanted))
            files.write(_file(folder, day), files.table_of(list(gatekeeper.signals(day))))
            here[day] = there[day].state
            _remember(folder, here)
    gone = [
        day
        for day in sorted({*here, *_days_here(folder)})
        if day not in there and (since is None or day >= since.isoformat())
    ]
    for day in gone:
        _file(folder, day).unlink(missing_ok=True)
        here.pop(day, None)
    if gone:
        _remember(folder, here)
    return Exported(
        fetched=tuple(wanted),
        unchanged=tuple(sorted(there.keys() - set(wanted))),
        removed=tuple(gone),
        signals=sum(day.signals for day in there.values()),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Day:
    signals: int
    state: str


class _Gatekeeper:
    """The door of `gatekeeper.signals`, seen from outside."""

    def __init__(self, access: SignalsAccess, pool: urllib3.PoolManager) -> None:
        self._access = access
        self._pool = pool

    def days(self, since: date | None) -> dict[str, _Day]:
        asked = "" if since is None else f"?since={since.isoformat()}"
        body, _ = self._ask(f"{routes.SIGNAL_DAYS}{asked}")
        try:
            return {
                date.fromisoformat(day["day"]).isoformat(): _Day(
                    signals=int(day["signals"]), state=str(day["state"])
                )
                for day in json.loads(body)["days"]
            }
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise self._nonsense() from error

    def signals(self, day: str) -> Iterator[Row]:
        after: str | None = "0"
        while after is not None:
            body, after = self._ask(f"{routes.SIGNAL_DAYS}/{day}?after={after}")
            for line in body.splitlines():
                try:
                    _number, reader, lesson, kind, at, value, list_, place, variant, product = json.loads(
                        line
                    )
                except (ValueError, TypeError, RecursionError) as error:
                    raise self._nonsense() from error
                if kind in KINDS:  # what a later version adds says nothing here
                    yield Row(reader, lesson, kind, at, value, list_, place, variant, product)

    def _ask(self, path: str) -> tuple[bytes, str | None]:
        """The body, and where it goes on."""
        try:
            answer = self._pool.request(
                "GET",
                self._access.gatekeeper_url + path,
                headers={"Authorization": f"Bearer {self._access.key}"},
                redirect=False,
            )
        except urllib3.exceptions.HTTPError as error:
            raise StoreError(
                f"the gatekeeper cannot be reached: {type(error).__name__}",
                where=self._access.gatekeeper_url,
                hint="is it running, and is LYCEUM_GATEKEEPER_URL its address?",
            ) from error
        if answer.status != 200:
            hints = {
                403: "LYCEUM_SIGNALS_KEY is not the gatekeeper's",
                404: "set LYCEUM_SIGNALS_KEY at the gatekeeper, too; an older gatekeeper keeps no signals",
            }
            raise StoreError(
                f"the gatekeeper answered {answer.status}",
                where=self._access.gatekeeper_url,
                hint=hints.get(answer.status, "look into its log"),
            )
        following = answer.headers.get("Lyceum-Next")
        if following is not None and not following.isdigit():
            raise self._nonsense()
        return answer.data, following

    def _nonsense(self) -> StoreError:
        return StoreError(
            "the gatekeeper's answer cannot be understood",
            where=self._access.gatekeeper_url,
            hint="are both sides of the same version?",
        )


def _check_address(access: SignalsAccess) -> None:
    if not access.key:
        raise SettingsError(
            "LYCEUM_SIGNALS_KEY is not set",
            hint="make one with `openssl rand -hex 32` and set it at the gatekeeper and here",
        )
    place = urlsplit(access.gatekeeper_url)
    if not place.hostname:
        raise SettingsError("no gatekeeper is named", hint="set LYCEUM_GATEKEEPER_URL")
    if place.scheme != "https" and place.hostname not in LOOPBACK:
        raise SettingsError(
            "the gatekeeper is not reached by https",
            where=access.gatekeeper_url,
            hint="the key would be readable on the way",
        )


def _file(folder: Path, day: str) -> Path:
    return folder / f"day-{day}.parquet"


def _days_here(folder: Path) -> list[str]:
    return [found[1] for path in folder.glob("day-*.parquet") if (found := _DAY_FILE.fullmatch(path.name))]


def _states(folder: Path) -> dict[str, str]:
    """Day → state of its file; empty if nothing is known, and then everything is fetched."""
    try:
        known = json.loads((folder / STATES).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError):
        return {}
    return {str(day): str(state) for day, state in known.items()} if isinstance(known, dict) else {}


def _remember(folder: Path, states: dict[str, str]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        place = folder / f".{STATES}.part"
        place.write_text(json.dumps(states, indent=1, sort_keys=True), encoding="utf-8")
        place.replace(folder / STATES)
    except OSError as error:
        raise LyceumError(
            f"signals cannot be written: {error.strerror}",
            where=str(folder),
            hint="name another folder with --out",
        ) from error

"""Fetching signals from the service itself, over real HTTP."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pyarrow import parquet
from werkzeug.serving import make_server

from gatekeeper.accounts.life.deletion import erase
from gatekeeper.accounts.readers import find_by_address
from gatekeeper.signals import door, pseudonyms
from generator.cli import main
from generator.errors import SettingsError, StoreError
from generator.recommend.counting import load_interactions
from generator.signals.export import STATES, SignalsAccess, export
from tests.gatekeeper.signals.telling import KEY, collecting, event, tell, turn
from tests.generator.release.test_figures import answering
from tests.support.shop import Shop

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIEnvironment

BOB = "bob-0123456789abcdef"


class Served:
    """The service on a port of its own. paths: what was asked for."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.paths: list[str] = []
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.access = SignalsAccess(gatekeeper_url=self.url, key=KEY)

    def _answer(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        self.paths.append(environ["PATH_INFO"])
        return self.shop.app(environ, start_response)

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with collecting(tmp_path / "shop") as shop:
        running = Served(shop)
        yield running
        running.close()


def files_of(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def rows(folder: Path) -> list[dict[str, Any]]:
    return [row for path in sorted(folder.glob("*.parquet")) for row in parquet.read_table(path).to_pylist()]


def test_days_become_parquet_files_that_counting_reads(served: Served, tmp_path: Path) -> None:
    tell(served.shop.browser(), event("a"), event("b", "time", value=30, age=86_400_000))
    tell(served.shop.browser(), event("c", "clicked", list="related", place=2, variant="model"), reader=BOB)
    turn(served.shop)
    done = export(served.access, tmp_path / "out")
    assert done.fetched == ("2026-11-21", "2026-11-22")
    assert done.signals == 3
    assert files_of(tmp_path / "out") == ["day-2026-11-21.parquet", "day-2026-11-22.parquet", STATES]
    last = rows(tmp_path / "out")[-1]
    assert last | {"reader": "", "at": 0} == {
        "reader": "", "lesson": "rust/traits", "kind": "clicked", "at": 0, "value": None,
        "list": "related", "place": 2, "variant": "model", "product": None,
    }  # fmt: skip
    assert len(load_interactions(tmp_path / "out")) == 1
    assert load_interactions(tmp_path / "out").lessons == ("rust/traits",)


def test_only_days_that_changed_are_fetched_again(served: Served, tmp_path: Path) -> None:
    tell(served.shop.browser(), event("a"), event("b", age=86_400_000))
    turn(served.shop)
    export(served.access, tmp_path)
    served.paths.clear()
    assert export(served.access, tmp_path).fetched == ()
    assert served.paths == ["/api/signals/days"]
    tell(served.shop.browser(), event("c"))
    turn(served.shop)
    done = export(served.access, tmp_path)
    assert (done.fetched, done.unchanged) == (("2026-11-22",), ("2026-11-21",))
    (tmp_path / "day-2026-11-21.parquet").unlink()
    assert export(served.access, tmp_path).fetched == ("2026-11-21",)
    (tmp_path / STATES).write_text("[broken")
    assert len(export(served.access, tmp_path).fetched) == 2


def test_a_deleted_reader_and_a_day_that_is_gone_leave_the_export_too(served: Served, tmp_path: Path) -> None:
    page = served.shop.browser()
    page.sign_in("ann@example.org")
    tell(page, event("a"), event("b", age=86_400_000))
    tell(served.shop.browser(), event("c"), reader=BOB)
    turn(served.shop)
    export(served.access, tmp_path)
    assert len(rows(tmp_path)) == 3
    with served.shop.database.write() as connection:
        ann = find_by_address(connection, "ann@example.org")
        assert ann is not None
        erase(connection, ann.id, now=served.shop.clock())
    done = export(served.access, tmp_path)
    assert (done.fetched, done.removed) == (("2026-11-22",), ("2026-11-21",))
    assert len(rows(tmp_path)) == 1


def test_after_a_rotation_every_day_has_the_new_names(served: Served, tmp_path: Path) -> None:
    tell(served.shop.browser(), event("a"), event("b", age=86_400_000))
    turn(served.shop)
    export(served.access, tmp_path)
    before = {row["reader"] for row in rows(tmp_path)}
    with served.shop.database.write() as connection:
        pseudonyms.rotate(connection, now=served.shop.clock())
    assert len(export(served.access, tmp_path).fetched) == 2
    after = {row["reader"] for row in rows(tmp_path)}
    assert len(after) == 1
    assert not before & after


def test_since_leaves_earlier_days_alone(served: Served, tmp_path: Path) -> None:
    (tmp_path / "day-2026-01-01.parquet").write_bytes(b"kept")
    (tmp_path / "import-0.parquet").write_bytes(b"kept")
    tell(served.shop.browser(), event("a"), event("b", age=86_400_000))
    turn(served.shop)
    done = export(served.access, tmp_path, since=date(2026, 11, 22))
    assert (done.fetched, done.removed) == (("2026-11-22",), ())
    assert export(served.access, tmp_path).removed == ("2026-01-01",)
    assert (tmp_path / "import-0.parquet").read_bytes() == b"kept"


def test_a_large_day_is_fetched_in_pieces(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "MOST_ROWS", 2)
    tell(served.shop.browser(), *(event(f"e{n}") for n in range(5)))
    turn(served.shop)
    export(served.access, tmp_path)
    assert len(rows(tmp_path)) == 5


@pytest.mark.parametrize(
    ("access", "error", "what"),
    [
        (
            SignalsAccess(gatekeeper_url="http://127.0.0.1:1", key=""),
            SettingsError,
            "LYCEUM_SIGNALS_KEY is not set",
        ),
        (
            SignalsAccess(gatekeeper_url="http://gate.example.org", key=KEY),
            SettingsError,
            "not reached by https",
        ),
        (SignalsAccess(gatekeeper_url="", key=KEY), SettingsError, "no gatekeeper"),
    ],
)
def test_the_key_goes_nowhere_where_others_could_read_it(
    access: SignalsAccess, error: type[Exception], what: str, tmp_path: Path
) -> None:
    with pytest.raises(error, match=what):
        export(access, tmp_path)
    assert KEY not in repr(access)


def test_a_wrong_key_is_said_and_nothing_is_written(served: Served, tmp_path: Path) -> None:
    wrong = SignalsAccess(gatekeeper_url=served.url, key="00" * 32)
    with pytest.raises(StoreError, match="answered 403") as caught:
        export(wrong, tmp_path / "out")
    assert "LYCEUM_SIGNALS_KEY" in caught.value.hint
    assert not (tmp_path / "out").exists()


NONSENSE = [
    b"",
    b"[]",
    b'{"days": 1}',
    b'{"days": [{"day": "../../x", "signals": 1, "state": "a"}]}',
    b"[" * 5000,
]


@pytest.mark.parametrize("body", NONSENSE)
def test_an_answer_that_makes_no_sense_is_no_days(body: bytes, tmp_path: Path) -> None:
    with (
        answering(200, body) as (address, _),
        pytest.raises(StoreError, match="cannot be understood"),
    ):
        export(SignalsAccess(gatekeeper_url=address, key=KEY), tmp_path)


def test_the_key_follows_no_redirect(tmp_path: Path) -> None:
    with (
        answering(200, b'{"days": []}') as (elsewhere, asked),
        answering(302, b"", Location=f"{elsewhere}/api/signals/days") as (address, _),
    ):
        with pytest.raises(StoreError, match="answered 302"):
            export(SignalsAccess(gatekeeper_url=address, key=KEY), tmp_path)
        assert asked == []


def test_the_command_brings_them_where_the_school_looks_for_them(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    content = tmp_path / "school" / "content"
    content.mkdir(parents=True)
    (content / "school.yml").write_text(
        "name: S\nlanguages: [en]\nbase_url: http://127.0.0.1/\naccess: free\n"
    )
    tell(served.shop.browser(), event("a"))
    turn(served.shop)
    monkeypatch.setenv("LYCEUM_GATEKEEPER_URL", served.url)
    monkeypatch.setenv("LYCEUM_SIGNALS_KEY", KEY)
    with pytest.raises(SystemExit) as ended:
        main(["signals", "export", "--school", str(tmp_path / "school"), "--json"])
    assert ended.value.code == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["fetched"] == ["2026-11-22"]
    assert KEY not in said.out + said.err
    assert len(load_interactions(tmp_path / "school" / ".lyceum" / "signals")) == 1

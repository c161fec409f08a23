"""Hashing a few passwords at a time."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator

import argon2
import pytest

from gatekeeper.accounts.passwords import hashing
from gatekeeper.accounts.passwords.hashing import BusyError, Hasher, places_for

PASSWORD = "correct horse battery staple"


@pytest.fixture
def hasher() -> Iterator[Hasher]:
    made = Hasher(1)
    yield made
    made.close()


def test_a07_a_hash_is_argon2id_with_at_least_the_parameters_of_owasp(hasher: Hasher) -> None:
    phc = hasher.hash(PASSWORD)
    parameters = argon2.extract_parameters(phc)
    assert phc.startswith("$argon2id$v=19$")
    assert parameters.memory_cost >= 19 * 1024
    assert parameters.time_cost >= 2
    assert parameters.parallelism == 1
    assert parameters.salt_len >= 16
    assert hasher.hash(PASSWORD) != phc
    assert hasher.is_right(phc, PASSWORD)
    assert not hasher.is_right(phc, PASSWORD + " ")


def test_a05_all_of_a_long_password_counts(hasher: Hasher) -> None:
    phc = hasher.hash("a" * 1023 + "b")
    assert not hasher.is_right(phc, "a" * 1023 + "c")
    assert hasher.is_right(phc, "a" * 1023 + "b")


def test_a07_a_hash_of_other_parameters_verifies_and_is_known_to_be_old(hasher: Hasher) -> None:
    old = argon2.PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1).hash(PASSWORD)
    assert hasher.is_right(old, PASSWORD)
    assert hasher.is_old(old)
    assert not hasher.is_old(hasher.hash(PASSWORD))


def test_a01_nobody_s_hash_costs_what_a_reader_s_costs_and_no_password_has_it(hasher: Hasher) -> None:
    nobodys = argon2.extract_parameters(hasher._nobodys)
    assert nobodys == argon2.extract_parameters(hasher.hash(PASSWORD))
    assert not hasher.is_right(None, "")
    assert not hasher.is_right(None, PASSWORD)


def test_a_hash_that_is_none_lets_nobody_in(hasher: Hasher) -> None:
    assert not hasher.is_right("plain text", "plain text")


def test_a08_more_than_may_run_and_wait_are_refused_at_once(
    hasher: Hasher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """64 at once on one place: one runs, one waits, 62 are told to come again; afterwards there is room again."""
    monkeypatch.setattr(hashing, "LONGEST_WAIT_SECONDS", 60.0)
    started, go_on, at_once, most_at_once = threading.Event(), threading.Event(), [0], [0]
    lock = threading.Lock()

    def slow(_phc: str, _password: str) -> bool:
        with lock:
            at_once[0] += 1
            most_at_once[0] = max(most_at_once[0], at_once[0])
        started.set()
        assert go_on.wait(20)
        with lock:
            at_once[0] -= 1
        return True

    monkeypatch.setattr(hasher, "_verify", slow)
    answers: list[str] = []

    def enter() -> None:
        try:
            hasher.is_right(None, PASSWORD)
            said = "let in"
        except BusyError:
            said = "busy"
        with lock:
            answers.append(said)
            if len(answers) == 62:
                go_on.set()

    threads = [threading.Thread(target=enter) for _ in range(64)]
    for thread in threads:
        thread.start()
    assert started.wait(20)
    for thread in threads:
        thread.join(20)
    assert sorted(answers) == ["busy"] * 62 + ["let in"] * 2
    assert most_at_once == [1]
    assert hasher.is_right(None, PASSWORD)


def test_a08_a_hash_that_takes_too_long_is_given_up_and_holds_nobody_up_for_good(
    hasher: Hasher, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = threading.Event()
    monkeypatch.setattr(hashing, "LONGEST_WAIT_SECONDS", 0.01)
    monkeypatch.setattr(hasher, "_verify", lambda _phc, _password: go_on.wait(20))
    for _ in range(2):
        with pytest.raises(BusyError):
            hasher.is_right(None, PASSWORD)
    go_on.set()
    monkeypatch.setattr(hashing, "LONGEST_WAIT_SECONDS", 20.0)
    for _ in range(4):
        assert hasher.is_right(None, PASSWORD)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere priorities belong to processes")
def test_a08_hashing_lets_the_gate_go_first(hasher: Hasher) -> None:
    own = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    theirs = hasher._run(lambda: os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
    assert theirs == max(own, hashing.LOWER_PRIORITY)


def test_after_the_end_nothing_is_hashed(hasher: Hasher) -> None:
    hasher.close()
    with pytest.raises(BusyError):
        hasher.hash(PASSWORD)


@pytest.mark.parametrize(
    ("cores", "processes", "threads", "places"),
    [(1, 1, 8, 1), (2, 1, 8, 1), (8, 1, 32, 4), (8, 4, 32, 1), (64, 2, 8, 2), (16, 1, 1, 1)],
)
def test_a08_places_follow_cores_processes_and_threads(
    cores: int, processes: int, threads: int, places: int
) -> None:
    assert places_for(cores=cores, processes=processes, threads=threads) == places

from __future__ import annotations

from gatekeeper.accounts.marks import Marker, is_same, new_secret


def test_marks_of_different_kinds_keys_and_splits_differ() -> None:
    one, other = Marker(b"a" * 32), Marker(b"b" * 32)
    marks = {
        one.mark("code", "1", "23"),
        one.mark("code", "12", "3"),
        one.mark("link", "1", "23"),
        other.mark("code", "1", "23"),
        one.mark("code", "123"),
    }
    assert len(marks) == 5
    assert is_same(one.mark("code", "1"), one.mark("code", "1"))
    assert not is_same(one.mark("code", "1"), one.mark("code", "2"))


def test_s12_ten_thousand_session_values_are_all_different_and_256_bits_long() -> None:
    values = [new_secret() for _ in range(10_000)]
    assert len(set(values)) == 10_000
    assert {len(value) for value in values} == {43}  # 32 bytes in base64url
    by_place = [len({value[place] for value in values}) for place in range(42)]
    assert min(by_place) == 64  # every place takes every value

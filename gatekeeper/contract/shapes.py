"""What a value from JSON must be. Each raises TypeError or ValueError, which the reader of a document turns into its own error."""

from __future__ import annotations


def text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"text expected, not {value!r}")
    return value


def count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise TypeError(f"a whole number from 0 expected, not {value!r}")
    return value


def mapping(value: object) -> dict[str, dict[str, object]]:
    if not isinstance(value, dict):
        raise TypeError(f"an object expected, not {value!r}")
    return value


def texts_list(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError(f"a list expected, not {value!r}")
    return tuple(text(item) for item in value)


def texts(value: object) -> dict[str, str]:
    return {text(key): text(item) for key, item in mapping(value).items()}


def counts(value: object) -> dict[str, int]:
    return {text(key): count(item) for key, item in mapping(value).items()}

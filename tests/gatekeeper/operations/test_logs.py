from __future__ import annotations

import json
import logging
import sys

import pytest

from gatekeeper.operations.logs import JsonLine, TextLine, configuration, without_secrets

JWT = "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJhIn0.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"


def record(message: str, *facts: object, failure: bool = False) -> logging.LogRecord:
    info = None
    if failure:
        try:
            raise ValueError(f"with ada@example.org and {JWT}")
        except ValueError:
            info = sys.exc_info()
    return logging.LogRecord("gatekeeper.some", logging.WARNING, "x.py", 1, message, facts, info)


SECRETS = [
    JWT,
    JWT[:40],
    "ada.lovelace+school@mail.example.org",
    "/store/private/x?expires=1&signature=0123456789abcdef",
    "https://b.s3.example/x?X-Amz-Credential=AKIA%2F1&X-Amz-Signature=00ff",
    "X-Amz-Security-Token=abc",
    "CloudFront: Policy=eyJTdGF0ZW1lbnQi&Signature=abc~_&Key-Pair-Id=K2",
    "redis://user:pass-word@cache:6379",
    "postgresql://lyceum:geheim@db/x",
]


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("formatter", [TextLine(), JsonLine()])
def test_u07_d04_what_looks_like_a_secret_leaves_as_stars(formatter: logging.Formatter, secret: str) -> None:
    """U07, D04: in the message, in its facts, in a trace"""
    for line in (
        formatter.format(record(f"failed at {secret} again")),
        formatter.format(record("failed: %s", secret)),
    ):
        assert "**********" in line
        for word in (
            "0123456789abcdef",
            "AKIA",
            "00ff",
            "Security-Token=abc",
            "abc~_",
            "pass-word",
            "geheim",
            "lovelace",
            JWT[:40],
        ):
            assert word not in line
    trace = formatter.format(record("failed", failure=True))
    assert "ValueError" in trace
    assert "ada@example.org" not in trace
    assert JWT not in trace


@pytest.mark.parametrize(
    "plain",
    [
        "release loaded: 20261101T080000Z-0123abcd, 12 lessons",
        "gate failed: GET '/files/a@b'",
        "link-sharing alarm reader=0a1b networks=9",
    ],
)
def test_what_is_no_secret_stays_as_it_is(plain: str) -> None:
    assert without_secrets(plain) == plain


def test_a_json_line_has_its_fields_and_the_facts_of_the_message() -> None:
    line = json.loads(JsonLine().format(record("alarm reader=%s networks=%d level=high", "0a1b", 9)))
    assert line["event"] == "alarm reader=0a1b networks=9 level=high"
    assert (line["reader"], line["networks"]) == ("0a1b", "9")
    assert (line["level"], line["logger"]) == (
        "warning",
        "gatekeeper.some",
    )  # a fact never takes a name of ours
    assert line["time"].endswith("Z")
    assert "trace" not in line


def test_both_forms_are_one_line_an_event_and_only_json_needs_escapes() -> None:
    assert "\n" not in JsonLine().format(record("two\nlines", failure=True))
    assert TextLine().format(record("done")).endswith("WARNING gatekeeper.some: done")


def test_the_configuration_names_the_wanted_formatter() -> None:
    for is_json, name in ((True, "JsonLine"), (False, "TextLine")):
        assert configuration(is_json=is_json)["formatters"]["line"]["()"].endswith(name)

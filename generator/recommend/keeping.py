"""Recommendations as text, so that a build can keep what a model said: JSON, rows in Base64."""

from __future__ import annotations

import base64
import dataclasses
import json
from collections.abc import Mapping
from typing import Any

from generator.recommend.publish import Popular
from generator.recommend.recommendations import Reason, Recommendations, Suggestion


def dumps(found: Recommendations, popular: Popular) -> bytes:
    return json.dumps(
        {
            "model": found.model,
            "lessons": {id_: list(map(_suggestion, ones)) for id_, ones in found.lessons.items()},
            "courses": {id_: list(map(_suggestion, ones)) for id_, ones in found.courses.items()},
            "popular": list(map(_suggestion, found.popular)),
            "rows": {id_: base64.b64encode(row).decode() for id_, row in found.rows.items()},
            "keys": dict(found.keys),
            "digest": found.digest,
            "by_segment": dataclasses.asdict(popular),
        },
        ensure_ascii=False,
    ).encode()


def loads(text: bytes) -> tuple[Recommendations, Popular]:
    kept = json.loads(text)
    found = Recommendations(
        model=kept["model"],
        lessons=_lists(kept["lessons"]),
        courses=_lists(kept["courses"]),
        popular=_list(kept["popular"]),
        rows={id_: base64.b64decode(row) for id_, row in kept["rows"].items()},
        keys=kept["keys"],
        digest=kept["digest"],
    )
    return found, Popular(**kept["by_segment"])


def _suggestion(one: Suggestion) -> list[object]:
    return [one.lesson, one.reason.value, one.subject, one.explored]


def _lists(kept: Mapping[str, list[list[Any]]]) -> dict[str, tuple[Suggestion, ...]]:
    return {id_: _list(ones) for id_, ones in kept.items()}


def _list(kept: list[list[Any]]) -> tuple[Suggestion, ...]:
    return tuple(
        Suggestion(lesson=lesson, reason=Reason(reason), subject=subject, explored=explored)
        for lesson, reason, subject, explored in kept
    )

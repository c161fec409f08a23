"""Ghost's page hits, as its own analytics keep them: `analytics_events` or `_mv_hits` of the school's Tinybird workspace, as CSV or JSON lines.

    {"timestamp": "2026-11-20 08:30:00", "session_id": "…", "action": "page_hit", "payload": {"member_uuid": "…", "pathname": "/traits/", …}}

- `payload` may be an object, a text that holds one, or its fields may be columns. A member who is not signed in is "undefined"; then the session counts.
- Programs say so in `user-agent`.
- Ghost's admin gives out no events: its list of members and its table of posts say how many, never who read what when. They are refused.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from generator.errors import LyceumError
from generator.signals.reading import is_program

_NOBODY = {"", "undefined", "null"}
_READERS = ("member_uuid", "member_id", "session_id")
_OF_MEMBERS = {"email", "subscribed_to_emails"}
_OF_POSTS = {"title", "url", "post_access"}
_HINT = "export analytics_events from your Tinybird workspace, or take the web server's access log with --from log"


def shaped(values: Mapping[str, str]) -> Mapping[str, str]:
    """The line with reader, pathname, action and timestamp. Raises LyceumError for what holds no events."""
    for columns, what in ((_OF_MEMBERS, "Ghost's list of members"), (_OF_POSTS, "Ghost's table of posts")):
        if columns <= values.keys():
            raise LyceumError(f"this is {what}; it does not say who read what", hint=_HINT)
    flat = {**_payload(values.get("payload", "")), **values}
    if "pathname" not in flat or "timestamp" not in flat:
        there = ", ".join(flat) or "no columns"
        raise LyceumError("these are no page hits of Ghost's", hint=f"{_HINT}; there are: {there}")
    reader = next((flat[name] for name in _READERS if flat.get(name, "") not in _NOBODY), "")
    action = flat.get("action", "page_hit")
    if flat.get("user-agent") and is_program(flat["user-agent"]):
        action = "by a program"
    return {**flat, "reader": reader, "action": action}


def _payload(text: str) -> Mapping[str, str]:
    try:
        found = json.loads(text) if text else {}
    except (ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {
        str(name): value if isinstance(value, str) else json.dumps(value) for name, value in found.items()
    }

"""Moodle's log, in the two shapes that it can be had in.

    the table     mdl_logstore_standard_log, as the database gives it out: userid, relateduserid, action, target, contextlevel,
                  contextinstanceid, other, timecreated (seconds) …
    the download  Reports → Logs → Download as CSV or JSON: nine columns, or ten with the course first, whose headings are in the
                  downloader's language and in JSON are missing: [course,] time, user, affected user, context, component, event,
                  description, origin, IP address

Of the download's columns only the description is always English and names people and activities by number, so that is read:

    The user with id '1046' viewed the 'page' activity with course module id '643'.
    The user with id '2' has submitted the attempt with id '77' for the quiz with course module id '644'.
    The user with id '3' updated the completion state for the course module with id '643' for the user with id '1046'.

- Who completed something is the affected user, who may be another than the one that did it.
- Only what happens in an activity counts (context level 70): course 41 is not course module 41.
- Times of the download are in the time zone of whoever downloaded it, days first unless their Moodle is American.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from generator.errors import LyceumError

TIME_FORMS = "auto|%d/%m/%y, %H:%M:%S|%d/%m/%y, %H:%M"
_IN_AN_ACTIVITY = "70"
_NOBODY = {"", "0", "-1", "NULL", "\\N"}
_USER = re.compile(r"user with (?:the )?id '(-?\d+)'")
_MODULE = re.compile(r"course module (?:with )?id '(\d+)'")
_VERB = re.compile(r"id '-?\d+' (?:has )?(\w+)")
_UNDONE = re.compile(r'"completionstate"\W{1,4}0\b|"completionstate";i:0\b')


def shaped(values: Mapping[str, str]) -> Mapping[str, str]:
    """The line with userid, contextinstanceid, context, action and timecreated. Raises LyceumError for a line of neither shape."""
    if {"contextinstanceid", "timecreated", "action"} <= values.keys():
        return _of_table(values)
    cells = list(values.values())
    if len(cells) in (9, 10):
        return _of_download(values, cells)
    raise LyceumError(
        "this is neither Moodle's log table nor a download of its log",
        hint="take Reports → Logs → Download as CSV, or the table mdl_logstore_standard_log; there are: "
        + (", ".join(values) or "no columns"),
    )


def _of_table(values: Mapping[str, str]) -> Mapping[str, str]:
    did, reader = values["action"], values.get("userid", "")
    target = values.get("target", "")
    if values.get("contextlevel", _IN_AN_ACTIVITY) != _IN_AN_ACTIVITY:
        did = f"{did} {target}"
    elif target == "course_module_completion":
        did = "not completed" if _UNDONE.search(values.get("other", "")) else "completed"
        reader = _first(values.get("relateduserid", ""), reader)
    if values.get("anonymous") == "1" or reader in _NOBODY:
        did = "by nobody"
    return {"context": "", **values, "userid": reader, "action": did}


def _of_download(values: Mapping[str, str], cells: list[str]) -> Mapping[str, str]:
    time, context, event, description = cells[-9], cells[-6], cells[-4], cells[-3]
    users, module, verb = _USER.findall(description), _MODULE.search(description), _VERB.search(description)
    did, reader = event, users[0] if users else ""
    if module and "completion state" in description:
        did, reader = "completed", users[-1]
    elif module and verb and verb[1] in {"viewed", "submitted"}:
        did = verb[1]
    if reader in _NOBODY:
        did = "by nobody"
    return {
        **values,
        "userid": reader,
        "contextinstanceid": module[1] if module else "",
        "context": context,
        "action": did,
        "timecreated": time,
    }


def _first(*names: str) -> str:
    return next((name for name in names if name not in _NOBODY), "")

"""The access difference in words: a few lines for the terminal, Markdown for the comment of a pull request."""

from __future__ import annotations

from collections.abc import Sequence

from generator.release.access_diff import AccessChange, AccessDiff, ProductChange

MARK = "<!-- lyceum access diff -->"  # by which a workflow finds its own comment again
_MOST = 50  # rows of a table; a comment has a limit of 65,536 characters


def as_text(diff: AccessDiff) -> str:
    """Without colours and without a final line break."""
    lines = [f"access    {_summary(diff)}, against {diff.against}"]
    for change in _first(diff.lessons):
        lines.append(f"  {_sign(change)} {change.id}: {change.before or 'new'} → {change.after or 'gone'}")
    for change in _first(diff.files):
        lines.append(
            f"  {_sign(change)} file {change.id}: {change.before or 'new'} → {change.after or 'gone'}"
        )
    lines += [f"  product {change.id}: {_product(change)}" for change in diff.products]
    lines.append(f"readers   {_readers(diff)}")
    return "\n".join(lines)


def as_markdown(diff: AccessDiff) -> str:
    """A whole comment, with a final line break. Titles and names are the author's: they are shown as text, never as markup."""
    lines = [MARK, "### Who may read what", ""]
    if diff.is_empty:
        return "\n".join([*lines, f"Nothing changes, against {_text(diff.against)}.", ""])
    verdict = f"**{len(diff.losses)} lost to somebody who can read it now.** " if diff.losses else ""
    lines += [f"{verdict}{_summary(diff)}, against {_text(diff.against)}.", ""]
    if diff.lessons:
        lines += ["| lesson | now | then | |", "|---|---|---|---|"]
        lines += [_row(_lesson(change), change) for change in _first(diff.lessons)]
        lines += _more(diff.lessons)
    if diff.files:
        lines += ["| file | now | then | |", "|---|---|---|---|"]
        lines += [_row(_code(change.id), change) for change in _first(diff.files)]
        lines += _more(diff.files)
    if diff.products:
        lines += ["| product | change |", "|---|---|"]
        lines += [f"| {_code(change.id)} | {_text(_product(change))} |" for change in diff.products]
        lines.append("")
    lines += [f"Readers: {_text(_readers(diff))}.", ""]
    return "\n".join(lines)


def _summary(diff: AccessDiff) -> str:
    if diff.is_empty:
        return "nothing changes"
    counts = [
        (len(diff.lessons), "lesson"),
        (len(diff.files), "file"),
        (len(diff.products), "product"),
    ]
    said = ", ".join(f"{count} {noun}{'s' if count != 1 else ''}" for count, noun in counts if count)
    return f"{said} changed"


def _readers(diff: AccessDiff) -> str:
    if diff.readers is None:
        return f"not counted ({diff.readers_note})" if diff.readers_note else "not counted"
    found = diff.readers
    return f"{found.lose} of {found.readers} would lose something, {found.gain} would gain"


def _product(change: ProductChange) -> str:
    old, new = change.grants_before, change.grants_after
    if old is None:
        said = ["new, grants " + ", ".join(new or ())]
    elif new is None:
        said = ["gone"]
    elif set(old) != set(new):
        said = [f"grants {', '.join(new)} instead of {', '.join(old)}"]
    else:
        said = []
    if change.opens:
        said.append(f"opens {_counted(change.opens)}")
    if change.closes:
        said.append(f"no longer opens {_counted(change.closes)}")
    return "; ".join(said)


def _counted(ids: Sequence[str]) -> str:
    return ", ".join(ids[:3]) + (f" and {len(ids) - 3} more" if len(ids) > 3 else "")


def _sign(change: AccessChange) -> str:
    return "!" if change.loses else "+" if change.gains else "~"


def _lesson(change: AccessChange) -> str:
    return f"{_code(change.id)} {_text(change.title)}"


def _row(name: str, change: AccessChange) -> str:
    verdict = {"!": "**lost**", "+": "gained", "~": ""}[_sign(change)]
    return f"| {name} | {_text(change.before or '—')} | {_text(change.after or '—')} | {verdict} |"


def _first(changes: Sequence[AccessChange]) -> Sequence[AccessChange]:
    """At most as many as are shown, what is lost first."""
    return sorted(changes, key=lambda change: (not change.loses, change.id))[:_MOST]


def _more(changes: Sequence[AccessChange]) -> list[str]:
    rest = len(changes) - _MOST
    return [f"| … {rest} more | | | |", ""] if rest > 0 else [""]


def _code(text: str) -> str:
    return f"<code>{_text(text)}</code>"


def _text(text: str) -> str:
    """As HTML text inside a table's cell; a mention or a reference stays a word."""
    named = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "|": "&#124;", "@": "&#64;", "#": "&#35;", "`": "&#96;"}
    named |= {sign: f"&#{ord(sign)};" for sign in "*_[]()!~\\:$"}
    return "".join(named.get(sign, " " if ord(sign) < 32 else sign) for sign in text)

"""What would change in what is sold, in a few lines for the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from generator.products.diff import Change, FieldChange, SoldDiff
from generator.site.money import price_text

_SIGN = {"new": "+", "gone": "-", "changed": "~"}
_MONEY = frozenset({"prices", "amounts"})


def as_text(diff: SoldDiff, *, against: str) -> str:
    """Without a final line break."""
    if diff.is_empty:
        return f"products  nothing changes, against {against}"
    lines = [
        f"products  {_counted(diff.products, 'product')}, {_counted(diff.coupons, 'coupon')}, against {against}"
    ]
    lines += [f"  {_line(change)}" for change in diff.products]
    lines += [f"  {_line(change, 'coupon ')}" for change in diff.coupons]
    return "\n".join(lines)


def _line(change: Change, noun: str = "") -> str:
    state = "new" if change.is_new else "gone" if change.is_gone else "changed"
    if change.is_gone:
        return f"{_SIGN[state]} {noun}{change.id}: gone"
    said = [_field(field, is_new=change.is_new) for field in change.fields if _is_worth_saying(change, field)]
    return f"{_SIGN[state]} {noun}{change.id}: {'; '.join(['new', *said] if change.is_new else said)}"


def _is_worth_saying(change: Change, field: FieldChange) -> bool:
    """Of something new only what is not as it usually is."""
    return not change.is_new or (
        not field.field.startswith("title.")
        and field.after not in (None, 0, False, [])
        and field.field != "active"
    )


def _field(field: FieldChange, *, is_new: bool) -> str:
    name, _, key = field.field.partition(".")
    if name in _MONEY:
        before, after = _money(field.before, key), _money(field.after, key)
        label = key if name == "prices" else f"{key} off"
    else:
        before, after, label = _value(field.before), _value(field.after), field.field.replace("_", " ")
    return f"{label} {after}" if is_new else f"{label} {before} → {after}"


def _money(amount: object, currency: str) -> str:
    return price_text(amount, currency, "en") if isinstance(amount, int) else "none"


def _value(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(str, value))
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {inner}" for key, inner in value.items())
    return str(value)


def _counted(changes: Sequence[Change], noun: str) -> str:
    return f"{len(changes)} {noun}{'' if len(changes) == 1 else 's'}"

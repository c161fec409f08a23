"""A document against its model: what is wrong, in an author's words, at the line of the very key."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from generator.catalogue.document import Document, Key
from generator.catalogue.fields import AuthorFields, CouponFields, ProductFields, SearchFields
from generator.catalogue.findings import Findings, did_you_mean

# What other systems call it → what it is called here.
_ELSEWHERE = {
    "author": "authors",
    "category": "tags",
    "categories": "tags",
    "date": "updated",
    "description": "summary",
    "draft": "status: draft",
    "free": "access: free",
    "keywords": "tags",
    "lang": "language",
    "nav_order": "a leading number in the file name",
    "order": "a leading number in the file name",
    "aliases": "moved_from",
    "redirect_from": "moved_from",
    "sidebar_position": "a leading number in the file name",
    "slug": "the file name",
    "tier": "products",
    "tiers": "products",
    "visibility": "access",
    "weight": "a leading number in the file name",
    "currency": "prices: {USD: 1900}",
    "price": "prices: {USD: 1900}",
}

Fields = TypeVar("Fields", bound=BaseModel)


def check(
    model: type[Fields], document: Document, findings: Findings, *, language: str = "en"
) -> Fields | None:
    """The document as `model`, or None after reporting each mistake at its own line.

    A field without a value is a mistake: `access:` alone must not mean the default.
    """
    empty = list(_empty(document.values, (), set()))
    mistakes: list[ErrorDetails] = []
    checked: Fields | None = None
    try:
        checked = model.model_validate(document.values, context={"language": language})
    except ValidationError as error:
        mistakes = error.errors(include_url=False)
    strange = {details["loc"][:-1] for details in mistakes if details["loc"][-1:] == ("[key]",)}
    for details in mistakes:
        if details["input"] is not None:
            key = tuple(part for part in details["loc"] if part != "[key]")
            what, hint = _complaint(model, key, details)
            findings.error(document.path, document.line(*key), what, hint)
    for key in empty:
        if key not in strange:
            hint = 'write a value, or take it out; a word that YAML reads as nothing needs quotes: "null"'
            findings.error(document.path, document.line(*key), f"{_name(key)}: nothing", hint)
    return None if empty else checked


def _empty(value: object, key: Key, seen: set[int]) -> Iterator[Key]:
    """Keys of what YAML reads as nothing; what aliases share is looked at once."""
    if value is None:
        yield key
    elif isinstance(value, dict | list) and id(value) not in seen:
        seen.add(id(value))
        for name, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _empty(item, (*key, name), seen)


def _name(key: Key) -> str:
    return ".".join(str(part) for part in key if isinstance(part, str)) or "the file"


def _complaint(model: type[BaseModel], key: tuple[int | str, ...], details: ErrorDetails) -> tuple[str, str]:
    name = _name(key)
    given, kind, context = details["input"], details["type"], details.get("ctx", {})
    if kind == "lyceum":
        return f"{name}: {context['what']}", context["hint"]
    if kind == "missing":
        return f"no '{key[-1]}'", f"add a line '{key[-1]}: …'"
    if kind == "extra_forbidden":
        unknown = str(key[-1])
        fields = _fields_at(model, key[:-1])
        there = f"use '{_ELSEWHERE[unknown]}'" if unknown in _ELSEWHERE else ""
        known = "known are: " + ", ".join(fields)
        return f"unknown field '{unknown}'", there or did_you_mean(unknown, fields, otherwise=known)
    choices = _choices(context)
    if details["loc"][-1:] == ("[key]",) and choices:
        what = f"{'.'.join(str(part) for part in key[:-1])}: '{given}' is not one of {', '.join(choices)}"
        return what, did_you_mean(
            str(given), choices, otherwise="inside { } a text with a comma must stand in quotes"
        )
    if isinstance(given, bool) and kind not in {"bool_type"}:
        word = "true" if given else "false"
        if choices:
            return (
                f"{name}: the YAML boolean '{word}' is not one of {', '.join(choices)}",
                f"write one of the words: {name}: {choices[0]}",
            )
        return f"{name}: a YAML boolean, not a text", "put the value in quotes"
    if choices:
        return f"{name}: '{given}' is not one of {', '.join(choices)}", did_you_mean(str(given), choices)
    if kind == "string_type":
        if isinstance(given, int):
            return f"{name}: a number, not a text", f'quote it: "{given}"'
        return (
            f"{name}: a text is expected",
            "write a text, in quotes if it holds : # [ ] { } or starts with a sign",
        )
    if kind in {"list_type", "dict_type", "model_type"}:
        return (
            f"{name}: a {'list' if kind == 'list_type' else 'map of fields'} is expected",
            f"write {key[-1] if key else 'it'}: " + ("[a, b]" if kind == "list_type" else "{name: value}"),
        )
    if kind in {"too_short", "string_too_short"}:
        return f"{name}: empty", "give at least one"
    if kind in {"int_type", "int_parsing"}:
        return f"{name}: '{given}' is not a whole number", "write digits, without quotes"
    if kind == "bool_type":
        return f"{name}: '{given}' is neither true nor false", "write true or false"
    return f"{name}: {details['msg'][:1].lower()}{details['msg'][1:]}", ""


def _choices(context: dict[str, Any]) -> list[str]:
    expected = context.get("expected")
    return re.findall(r"'([^']*)'", expected) or [expected] if isinstance(expected, str) else []


def _fields_at(model: type[BaseModel], key: tuple[int | str, ...]) -> list[str]:
    """The field names of the model that stands at `key`, as far as it can be told."""
    inner: dict[str, type[BaseModel]] = {
        "products": ProductFields,
        "coupons": CouponFields,
        "authors": AuthorFields,
        "search": SearchFields,
    }
    return sorted((inner.get(str(key[0]), model) if key else model).model_fields)

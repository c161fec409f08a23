"""Templates at less cost: Jinja's own environment with three of its steps done in a shorter way, and MkDocs' `url` filter with a memory.

An environment of another class, or one whose steps somebody has changed, keeps them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, cast

from jinja2 import Environment, pass_context
from jinja2.runtime import Context
from jinja2.utils import LRUCache
from mkdocs.utils import normalize_url
from mkdocs.utils.templates import url_filter

_OF_DICTS = frozenset(dir(dict))
_KEPT_ADDRESSES = 1024


def hasten(environment: Environment) -> None:
    """Before any template is loaded, and after the environment has its globals."""
    if type(environment) is not Environment:
        return
    changed = vars(environment)
    if isinstance(cast(object, environment.cache), LRUCache):
        environment.cache = {}  # as with cache_size -1: no template is dropped, and none is put in order
    if "make_globals" not in changed:
        environment.make_globals = _own_globals(environment)  # type: ignore[assignment, method-assign]
    if "getattr" not in changed:
        environment.getattr = _attribute_of(environment)  # type: ignore[assignment, method-assign]
    if environment.filters.get("url") is url_filter:
        environment.filters["url"] = _url_filter()


def _own_globals(
    environment: Environment,
) -> Callable[[Mapping[str, Any] | None], MutableMapping[str, Any]]:
    """Jinja looks through a template's globals at each inclusion, and its `ChainMap` is slow to look through."""

    def make_globals(more: Mapping[str, Any] | None) -> MutableMapping[str, Any]:
        return environment.globals | dict(more or {})

    return make_globals


def _attribute_of(environment: Environment) -> Callable[[Any, str], Any]:
    """Jinja asks a dict for an attribute first, and most facts stand in dicts."""
    of_anything = environment.getattr

    def attribute_of(thing: Any, name: str) -> Any:
        if type(thing) is not dict or name in _OF_DICTS:
            return of_anything(thing, name)
        try:
            return thing[name]
        except KeyError:
            return environment.undefined(obj=thing, name=name)

    return attribute_of


def _url_filter() -> Callable[[Context, str], str]:
    """A page links to the same addresses again and again; the way from one address to another is always the same."""

    known: dict[tuple[str, str], str] = {}

    @pass_context
    def url(context: Context, address: str) -> str:
        page = context["page"]
        if page is None:
            return url_filter(context, address)  # type: ignore[arg-type]  # MkDocs' name for a context
        way = (str(address), page.url)
        if way not in known:
            if len(known) > _KEPT_ADDRESSES:
                known.clear()
            known[way] = normalize_url(way[0], page=page)
        return known[way]

    return url

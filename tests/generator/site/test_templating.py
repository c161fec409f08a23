"""Templates say the same at less cost, and an environment of somebody else's keeps its own ways."""

from __future__ import annotations

from collections import UserDict
from types import SimpleNamespace
from typing import Any

import pytest
from jinja2 import DictLoader, Environment, StrictUndefined
from jinja2.sandbox import SandboxedEnvironment
from mkdocs.utils.templates import url_filter

from generator.site.templating import hasten

PAGES = [SimpleNamespace(url=url) for url in ("", "a/", "a/b/", "a/b.html", "c/d/e/")]
ADDRESSES = [
    "",
    ".",
    "./",
    "a/",
    "a/b/#x",
    "../up/",
    "/root",
    "https://example.org/",
    "#here",
    "c/d/e/f.svg",
    "中/",
]


def environment(**templates: str) -> Environment:
    made = Environment(loader=DictLoader(templates), auto_reload=False)
    made.filters["url"] = url_filter
    return made


def both(**templates: str) -> tuple[Environment, Environment]:
    plain, quick = environment(**templates), environment(**templates)
    hasten(quick)
    return plain, quick


@pytest.mark.parametrize("page", [*PAGES, None])
def test_addresses_are_those_of_mkdocs(page: SimpleNamespace | None) -> None:
    plain, quick = both(page="{% for a in addresses %}{{ a | url }} {% endfor %}" * 2)
    facts = {"page": page, "base_url": "../..", "addresses": ADDRESSES}
    assert quick.get_template("page").render(facts) == plain.get_template("page").render(facts)


THINGS: list[Any] = [
    {"name": "n", "items": "own", "": "empty"},
    {},
    UserDict(name="user"),
    type("Special", (dict,), {"__missing__": lambda _, key: f"missing {key}"})(),
    SimpleNamespace(name="attribute"),
    None,
    "text",
    [1],
]


@pytest.mark.parametrize("name", ["name", "items", "keys", "absent", "__class__"])
@pytest.mark.parametrize("number", range(len(THINGS)))
def test_an_attribute_is_what_jinja_finds(number: int, name: str) -> None:
    plain, quick = both()
    thing = THINGS[number]
    found, expected = quick.getattr(thing, name), plain.getattr(thing, name)
    assert str(found) == str(expected)
    assert type(found) is type(expected)


def test_what_is_absent_is_as_undefined_as_the_environment_says() -> None:
    _, quick = both()
    quick.undefined = StrictUndefined
    assert isinstance(quick.getattr({}, "absent"), StrictUndefined)


def test_globals_reach_templates_and_stay_theirs() -> None:
    plain, quick = both(
        outer="{% set mine = 1 %}{% import 'inner' as i %}{{ i.say() }}{% include 'part' %}{{ school }}",
        inner="{% macro say() %}{{ school }} {{ more }}{% endmacro %}",
        part="{{ mine }}{{ more }}",
    )
    for one in (plain, quick):
        one.globals["school"] = "S"
    for more in ({"more": "M"}, {"more": "N"}, None):
        said = [one.get_template("outer", globals=more).render() for one in (plain, quick)]
        assert said[0] == said[1]
        assert "S" in said[0]
    assert "more" not in quick.globals


def test_another_kind_of_environment_keeps_its_ways() -> None:
    other = SandboxedEnvironment()
    other.filters["url"] = url_filter
    before = (other.cache, other.filters["url"], dict(vars(other)))
    hasten(other)
    assert (other.cache, other.filters["url"], dict(vars(other))) == before


def test_a_changed_step_stays() -> None:
    one = environment(page="{{ 'x' | url }}{{ facts.name }}")
    one.filters["url"] = str.upper
    one.getattr = lambda thing, name: f"{name} of {sorted(thing)}"  # type: ignore[assignment, method-assign]
    hasten(one)
    assert one.get_template("page").render(facts={"name": 1}) == "Xname of ['name']"

"""The recommend stage of a build: from the school and what readers did to the lists that its pages print.

Without signals the lists are made of titles and tags (`recommend.plain`), and nothing of it is remembered. With signals models are
fitted, which costs seconds and large libraries; what they said is kept, and used as long as nothing that it was made of has
changed: the signals (`recommend.sources`), the lessons with their titles, tags, access and public texts, the settings and the code.
Where the libraries for it are not installed, lists are made as without signals, and a warning says so.

A build of the texts of some lessons alone (`alone`) prints the lists as they were, so that it stays as quick as it is: a reworded
sentence moves no reader. The lists are behind then; the next build that reads the school brings them up to date, and `lyceum publish`
always does (`settles`). What a page prints of its list is in its front matter, so no page keeps an old one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from generator.errors import Problem, Severity
from generator.recommend.sources import Source, missing, source_of
from generator.site import inputs
from generator.site.cache import Cache
from generator.site.project import Project

if TYPE_CHECKING:
    from generator.access.edition import Edition
    from generator.recommend.lists import Lists
    from generator.recommend.publish import Popular
    from generator.recommend.recommendations import Recommendations

SEEN = "recommend/seen"  # what `seen` said
_KEY = "recommend/key"
_FOUND = "recommend/found"
_BEHIND = "recommend/behind"


def seen(project: Project) -> bytes:
    """What tells without reading them that signals or the means to learn from them are others; nothing where there are no signals."""
    source = _source(project)
    mark = source.mark()
    return mark + b" unread" if mark and missing(source) else mark


def fall_behind(cache: Cache) -> None:
    """Some texts were made anew alone."""
    if cache.get(SEEN):
        cache.put(_BEHIND, b"1")


def is_settled(cache: Cache, changed: Collection[str]) -> bool:
    """Whether the lists are those of the texts. changed: the author's files that are about to be built."""
    return not cache.get(SEEN) or not (changed or cache.get(_BEHIND))


def lists(edition: Edition, project: Project, cache: Cache) -> Lists:
    """What every page prints, and the files beside them."""
    from generator.recommend.lists import lists_of
    from generator.recommend.plain import plain
    from generator.recommend.publish import files
    from generator.site.offers import opened_lessons

    opens: Mapping[str, int] = opened_lessons(edition)
    source = _source(project)
    lacking = missing(source) if source.mark() else ()
    cache.put_problems("recommend", [_warning(source)] if lacking else [])
    if lacking or not source.mark():
        cache.put(_BEHIND, b"")
        found = plain(edition)
        return lists_of(found, edition, opens, files(found, edition, opens))
    found, popular = _from_signals(edition, project, source, cache)
    return lists_of(found, edition, opens, files(found, edition, opens, popular))


def _source(project: Project) -> Source:
    return source_of(project.behaviour, project.signals)


def _warning(source: Source) -> Problem:
    return Problem(
        source.where,
        "there are signals, but not the libraries that learn from them: lists are made of course order and tags",
        "pip install 'lyceum[recommend]'",
        Severity.WARNING,
    )


def _from_signals(
    edition: Edition, project: Project, source: Source, cache: Cache
) -> tuple[Recommendations, Popular]:
    from generator.recommend import keeping

    key = _key(edition, source)
    kept = cache.get(_FOUND)
    if kept is None or cache.get(_KEY) != key:
        from generator.recommend.stage import recommend

        found, popular = recommend(edition, source, project.cache, project.build)
        cache.put(_FOUND, keeping.dumps(found, popular))
        cache.put(_KEY, key)
    else:
        found, popular = keeping.loads(kept)
    cache.put(_BEHIND, b"1" if source.is_elsewhere else b"")  # whoever publishes asks an engine again
    return found, popular


def _key(edition: Edition, source: Source) -> bytes:
    """Everything that recommendations are made of."""
    from generator.recommend.stage import code

    lessons = [
        (
            lesson.id,
            lesson.title,
            lesson.summary,
            lesson.tags,
            lesson.language,
            lesson.access.value,
            lesson.moved_from,
            inputs.sha256(_informing(edition, lesson.id).encode()).hex(),
        )
        for course in edition.courses
        for lesson in course.lessons
    ]
    settings = (edition.school.members, edition.school.private_text)
    return inputs.key(source.state(), repr(lessons), repr(settings), code())


def _informing(edition: Edition, lesson: str) -> str:
    """The text of a lesson that may say what it is like."""
    cut = edition.lessons[lesson]
    private = cut.private_markdown if edition.school.private_text else None
    return cut.public_markdown if private is None else f"{cut.public_markdown}\0{private}"

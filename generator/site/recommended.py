"""The recommend stage of a build: from the school and what readers did to the lists that its pages print.

Without signals the lists are made of titles and tags (`recommend.plain`), and so is nothing here remembered. With signals a model is fitted, which
costs seconds and large libraries; what it said is kept, and used as long as nothing that it was made of has changed: the
signals' files, the lessons with their titles, tags, access and public texts, and the settings.

A build of the texts of some lessons alone (`alone`) prints the lists as they were, so that it stays as quick as it is: a reworded
sentence moves no reader. The next build that reads the school brings them up to date, and `lyceum publish` always does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from generator.recommend.lists import Lists, lists_of
from generator.site.offers import opened_lessons

if TYPE_CHECKING:
    from generator.access.edition import Edition
    from generator.recommend.recommendations import Recommendations
    from generator.site.cache import Cache
    from generator.site.project import Project


def lists(edition: Edition, project: Project, cache: Cache) -> Lists:
    """What every page prints, and the files beside them."""
    from generator.recommend.publish import files

    opens: Mapping[str, int] = opened_lessons(edition)
    found = _recommendations(edition, project, cache)
    return lists_of(found, edition, opens, files(found, edition, opens))


def _recommendations(edition: Edition, project: Project, cache: Cache) -> Recommendations:
    from generator.recommend.plain import plain

    return plain(edition)

"""The recommend stage as one step: signals in, recommendations and popularity lists out, and the members' report beside the build.

    interactions → models, chosen on validation → Recommendations
    events       → popularity lists by coarse segment; members: build/reports/members.md and .json

The libraries for it are imported here and nowhere before, so that a build without anything new to work out does not pay for them.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from generator.recommend.publish import Popular

if TYPE_CHECKING:
    from generator.access.edition import Edition
    from generator.recommend.interactions import Events
    from generator.recommend.recommendations import Recommendations
    from generator.recommend.sources import Source

_ROOMS = ("recommend", "members")


def code() -> str:
    """A digest of the code that works out recommendations: what a changed checkout says is worked out anew."""
    import hashlib

    digest = hashlib.sha256()
    home = Path(__file__).parents[1]
    for path in sorted(place for room in _ROOMS for place in (home / room).rglob("*.py")):
        data = path.read_bytes()
        digest.update(f"{path.relative_to(home).as_posix()} {len(data)}\n".encode() + data)
    return digest.hexdigest()


def recommend(edition: Edition, source: Source, cache: Path, build: Path) -> tuple[Recommendations, Popular]:
    """cache: where a build keeps what it learned. build: where the report goes. Raises what reading the source raises."""
    from generator.recommend.popular import popular
    from generator.recommend.ranking import rank

    events = source.events()
    listed = {lesson.id: lesson.language for course in edition.courses for lesson in course.lessons}
    _report(events, edition, build)
    found = rank(edition, source.interactions(), cache).recommendations
    return found, popular(events, listed)


def _report(events: Events, edition: Edition, build: Path) -> None:
    from generator.members import report
    from generator.members.activity import activity_of

    settings = edition.school.members
    now = edition.now if edition.now.tzinfo else datetime.now(UTC)
    report.write(report.report(activity_of(events, settings), now, settings), build)

"""One page after another: stage it, render it if anything that it depends on has changed, write it, read it for the leak check.

This is what the workers of a build do; each has all that is here by being forked, and sends back a `PageResult`.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from generator.access.edition import Edition, LessonEdition
from generator.errors import Problem
from generator.site import address, inputs, reports
from generator.site.cache import Anchor, PageRecord, Stamp, packed
from generator.site.describe import Meta
from generator.site.links import Origin
from generator.site.navigation import NOWHERE, Place, Shown
from generator.site.outputs import SITE, STAGE, Outputs, write
from generator.site.parts import Part
from generator.site.render import Rendered, Renderer
from generator.site.stage import Half, Page, Staged

if TYPE_CHECKING:
    from generator.site.leaks.screen import Reading
    from generator.site.leaks.units import FileReading, Unit

# A lesson, the HTML of its page and of its private half → the HTML that is written.
Finish = Callable[[LessonEdition, bytes, bytes | None], bytes]
Known = Mapping[str, tuple[bytes, str]]  # staged path → key, look-ups as JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class PageResult:
    """A page as it is now. record: None when it is what the cache has. problems: of its links.

    stamps: what was written. face: of its lesson. unit, reading: for the leak check, with a record.
    """

    path: str
    record: PageRecord | None
    problems: tuple[Problem, ...]
    face: bytes | None = None
    stamps: Mapping[str, Stamp] = field(default_factory=dict)
    unit: Unit | None = None
    reading: FileReading | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """Everything that the pages of a build have in common. stage: a staged path's page. slices: with their digests.

    known: what the cache has, {} to make everything anew. reading: None when nothing is read for the leak check.
    """

    edition: Edition
    stage: Callable[[str], Staged]
    lessons: Mapping[str, str | None]
    places: Mapping[str, Place]
    shown: Mapping[str, Shown]
    slices: Mapping[str, bytes]
    making: bytes
    renderer: Renderer
    exists: Callable[[str], bool]
    known: Known
    outputs: Outputs
    reading: Reading | None
    finish: Finish | None = None

    def make(self, path: str) -> PageResult:
        """The page staged at `path`."""
        staged = self.stage(path)
        content = staged.page.content
        place = self.places.get(path, NOWHERE)
        cut = self.edition.lessons.get(self.lessons[path] or "")
        key = inputs.key(
            self.making, content, place.digest(self.slices), *_of_half(staged.half), *_of_source(cut)
        )
        stamps = self._stamps(STAGE + path, content)
        face = None if cut is None else face_of(cut, staged.page.meta)
        if self._is_known(path, key):
            return PageResult(path=path, record=None, problems=staged.problems, face=face, stamps=stamps)
        shown = self.shown.get(place.course or "")
        rendered = self.renderer.page(path, staged.page, place, shown)
        part, lookups = (None, {}) if staged.half is None else self.renderer.half(staged.half, rendered)
        html = shown_html(rendered.html)
        if self.finish and cut:
            html = self.finish(cut, html, part.html if part else None)
        record = record_of(path, key, self.lessons[path], staged, rendered, part, lookups, html)
        if html:
            stamps |= self._stamps(SITE + record.address, html)
        reading = self.reading
        return PageResult(
            path=path,
            record=record,
            problems=staged.problems,
            face=face,
            stamps=stamps,
            unit=reading.lesson(cut, part.html if part else None) if reading and cut else None,
            reading=reading.file(record.address, html) if reading and html else None,
        )

    def _is_known(self, path: str, key: bytes) -> bool:
        known = self.known.get(path)
        if known is None or known[0] != key:
            return False
        return all(self.exists(asked) == there for asked, there in json.loads(known[1]).items())

    def _stamps(self, path: str, data: bytes) -> dict[str, Stamp]:
        sha256 = hashlib.sha256(data).digest()
        if self.outputs.has(path, sha256):
            return {}
        return {path: write(self.outputs.build / path, data, sha256)}


def _of_half(half: Half | None) -> tuple[str, ...]:
    return () if half is None else (half.markdown,)


def _of_source(cut: LessonEdition | None) -> tuple[str | int | bytes, ...]:
    """What warnings and the leak check say of a lesson beside its page: where lines are, and the text as its author wrote it."""
    if cut is None:
        return ()
    return (cut.lesson.body_line, cut.private_line, cut.public_markdown, cut.private_markdown or "")


def face_of(cut: LessonEdition, meta: Meta) -> bytes:
    """A digest of everything that is seen of a lesson outside of its own texts."""
    lesson = dataclasses.replace(cut.lesson, body="", body_line=0)
    return inputs.key(
        repr(lesson),
        repr((cut.rule, cut.private_markdown is None, cut.outline, cut.minutes)),
        repr(sorted(map(str, cut.public_files))),
        repr(sorted(map(str, cut.private_files))),
        repr(meta),
    )


def shown_html(html: bytes) -> bytes:
    """MkDocs writes no page that is empty."""
    return html if html.strip() else b""


def record_of(
    path: str,
    key: bytes,
    lesson: str | None,
    staged: Staged,
    rendered: Rendered,
    part: Part | None,
    lookups: Mapping[str, bool],
    html: bytes,
) -> PageRecord:
    half = staged.half
    messages = [*reports.of_page(rendered.messages, staged.page, path)]
    anchors = [*anchors_of(rendered.anchors, staged.page, is_half=False)]
    ids = rendered.ids
    if half is not None and part is not None:
        messages += reports.of_part(part, half)
        anchors += anchors_of(part.anchors, half, is_half=True)
        ids = ids | part.ids
    return packed_page(
        path=path,
        key=key,
        lesson=lesson,
        address_=address.output_of(path),
        lookups={**rendered.lookups, **lookups},
        ids=ids,
        messages=tuple(dict.fromkeys(messages)),
        anchors=tuple(anchors),
        html=html,
        part=None if part is None else part.html,
    )


def packed_page(
    *,
    path: str,
    key: bytes,
    lesson: str | None,
    address_: str,
    lookups: Mapping[str, bool],
    ids: frozenset[str],
    messages: tuple[Problem, ...],
    anchors: tuple[Anchor, ...],
    html: bytes,
    part: bytes | None,
) -> PageRecord:
    """The record of a page whose bytes are `html` and `part`."""
    return PageRecord(
        path=path,
        key=key,
        lesson=lesson,
        address=address_,
        lookups=lookups,
        ids=ids,
        messages=messages,
        anchors=anchors,
        html=packed(html),
        html_sha256=hashlib.sha256(html).digest(),
        part=None if part is None else packed(part),
        part_sha256=None if part is None else hashlib.sha256(part).digest(),
        part_size=None if part is None else len(part),
    )


def anchors_of(links: Mapping[str, Mapping[str, str]], text: Page | Half, *, is_half: bool) -> list[Anchor]:
    found = []
    for target, fragments in links.items():
        for fragment, link in fragments.items():
            origin: Origin | None = text.origins.get(link)
            found.append(
                Anchor(
                    half=is_half,
                    target=target,
                    fragment=fragment,
                    place=reports.where(text, origin),
                    link=origin.destination if origin else link,
                )
            )
    return found

"""The school `tests/sites/leak-observatory`, read and cut by the real stages, with its files drawn and its parts rendered."""

from __future__ import annotations

import io
import shutil
import tarfile
import zipfile
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from markdown import markdown

from generator import access, catalogue
from generator.access.edition import Edition
from generator.site.leaks import Hit, Secrets, examine
from tests.generator.site.leaks.screening import assert_suspected, hits_of_a_build

SCHOOL = Path(__file__).parents[3] / "sites" / "leak-observatory"
NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)

# Runs that stand in the school's private texts, word for word.
EIGHT_WORDS = "carborundum number eighty and push the upper disc"
SEVEN_WORDS = "carborundum number eighty and push the upper"
SIXTEEN_CHARACTERS = "上盘在下盘上走三分之一的短行程每"
FIFTEEN_CHARACTERS = "上盘在下盘上走三分之一的短行程"
SHARED = "Put the lamp two metres from the wall and look at how sharp the shadow of your hand has become."
LAMP = b'<svg xmlns="http://www.w3.org/2000/svg"><title>A lamp</title></svg>\n'
WORKBOOK_MEMBER = b"The third answer is one tenth of a wave at the rim.\n"


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")


def png(*chunks: tuple[bytes, bytes]) -> bytes:
    """A picture of one grey dot with more chunks in it."""
    head = (1).to_bytes(4, "big") * 2 + bytes([8, 0, 0, 0, 0])
    pieces = [(b"IHDR", head), *chunks, (b"IDAT", zlib.compress(b"\0\x7f")), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*piece) for piece in pieces)


def zipped(**members: bytes) -> bytes:
    """A zip archive; of a name's double underscores each is a dot."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__", "."), data)
    return buffer.getvalue()


def tarred(data: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        member = tarfile.TarInfo("inner/notes.txt")
        member.size = len(data)
        archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


@dataclass(frozen=True, slots=True, kw_only=True)
class Observatory:
    edition: Edition
    parts: dict[str, bytes]
    public: Path

    @property
    def chart(self) -> bytes:
        return (self.edition.school.root / "optics/files/stroke-chart.png").read_bytes()

    @property
    def workbook(self) -> bytes:
        return (self.edition.school.root / "optics/files/answers-workbook.zip").read_bytes()

    @property
    def secrets(self) -> Secrets:
        return Secrets.of(self.edition, self.parts)

    def write(self, **files: str | bytes) -> None:
        for name, content in files.items():
            self.put(name.replace("__", "."), content)

    def put(self, name: str, content: str | bytes) -> None:
        path = self.public / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    def hits(self, secrets: Secrets | None = None) -> tuple[Hit, ...]:
        """What the exact check finds; the screen has to suspect the same files, and to come to the same hits in the end."""
        hits = examine(self.public, secrets or self.secrets)[1]
        assert_suspected(self.public, secrets or self.secrets, hits)
        if secrets is None:
            assert hits_of_a_build(self.edition, self.parts, self.public) == hits
        return hits


def observatory(folder: Path) -> Observatory:
    shutil.copytree(SCHOOL, folder / "school")
    files = folder / "school/content/optics/files"
    files.mkdir()
    (files / "lamp.svg").write_bytes(LAMP)
    (files / "stroke-chart.png").write_bytes(png((b"tEXt", b"Title\0Strokes")))
    (files / "answers-workbook.zip").write_bytes(zipped(answers__txt=WORKBOOK_MEMBER))
    school, warnings = catalogue.read(folder / "school/content")
    assert warnings == ()
    edition = access.split(school, NOW)
    parts = {
        id_: markdown(cut.private_markdown).encode()
        for id_, cut in edition.lessons.items()
        if cut.private_markdown is not None
    }
    public = folder / "public"
    public.mkdir()
    return Observatory(edition=edition, parts=parts, public=public)

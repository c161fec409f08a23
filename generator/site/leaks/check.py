"""The leak check: every public file against every secret.

It runs after each build and before each publish, on what will be published, byte by byte. What it cannot look into it does
not let pass. See `words` for what a phrase is, `private` for what is secret, `containers` and `markup` for how files are read.
"""

from __future__ import annotations

import hashlib
import itertools
import os
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path

from generator.errors import LeakError
from generator.site.leaks import canaries, containers, markup, names
from generator.site.leaks.attestation import TOOL, Attestation, public_digest
from generator.site.leaks.containers import Leaf
from generator.site.leaks.private import MINIMUM_FILE_BYTES, Secrets
from generator.site.leaks.reader import Reader
from generator.site.leaks.report import Hit, hits_of
from generator.site.leaks.search import Found, Search, explained, has_words_of
from generator.site.leaks.sources import is_of_a_theme
from generator.site.leaks.words import Vocabulary

MAXIMUM_HITS = 200  # more would only hide the first ones
Progress = Callable[[str, int, int], None]


def check(public: Path, secrets: Secrets, *, progress: Progress | None = None) -> Attestation:
    """States that nothing secret stands in any file below `public`. Raises LeakError with every hit."""
    attestation, hits = examine(public, secrets, progress=progress)
    refuse(hits)
    return attestation


def refuse(hits: Sequence[Hit]) -> None:
    """Raises LeakError with the hits, if there are any."""
    if hits:
        shown = [str(hit) for hit in hits[:MAXIMUM_HITS]]
        if len(hits) > MAXIMUM_HITS:
            shown.append(f"and {len(hits) - MAXIMUM_HITS} more")
        raise LeakError(shown)


def examine(
    public: Path,
    secrets: Secrets,
    *,
    only: Collection[str] | None = None,
    progress: Progress | None = None,
) -> tuple[Attestation, tuple[Hit, ...]]:
    """What was searched, and every hit in the order of the public files. only: paths of the files to look at; all, if None."""
    attestation, hits, _ = explore(public, secrets, only=only, progress=progress)
    return attestation, hits


def explore(
    public: Path,
    secrets: Secrets,
    *,
    only: Collection[str] | None = None,
    progress: Progress | None = None,
) -> tuple[Attestation, tuple[Hit, ...], tuple[str, ...]]:
    """As `examine`; and the addresses of the pages whose public Markdown, rendered, explained what looked like a hit."""
    examination = _Examination(secrets)
    paths = _files_below(public)
    relative = [path.relative_to(public).as_posix() for path in paths]
    if only is not None:
        paths = [path for path, name in zip(paths, relative, strict=True) if name in only]
        relative = [name for name in relative if name in only]
    digests: dict[str, str] = {}
    size_bytes = 0
    for index, path in enumerate(paths):
        data = path.read_bytes()
        size_bytes += len(data)
        digests[relative[index]] = examination.look(index, relative[index], data).hex()
        if progress is not None:
            progress("public files", index + 1, len(paths))
    hits = examination.hits(paths, relative)
    attestation = Attestation(
        tool=TOOL,
        files=len(paths),
        size_bytes=size_bytes,
        phrases=examination.phrases,
        hits=len(hits),
        digest=public_digest(digests),
    )
    return attestation, hits, tuple(examination.explained_by)


def _files_below(folder: Path) -> list[Path]:
    """Every file below a folder, sorted; links to folders are followed no further than the link, as a web server may."""
    found = [
        os.path.join(here, name)  # noqa: PTH118 - ten times as fast as paths, for tens of thousands of files
        for here, _, names in os.walk(folder)
        for name in names
    ]
    return [Path(path) for path in sorted(found)]


class _Examination:
    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets
        self._vocabulary = Vocabulary()
        learnt = [self._vocabulary.learn(text.text) for text in secrets.texts]
        self._names = names.Names(self._vocabulary, secrets.names)
        self._vocabulary.close()
        self._names.close(self._vocabulary)
        public = [self._vocabulary.read(text) for text in secrets.public_texts]
        self._search = Search(self._vocabulary, learnt, public)
        self._reader = Reader(self._vocabulary)
        self._fingerprints = secrets.fingerprints()
        self._found: list[tuple[int, Hit]] = []
        self._files_met: list[tuple[int, str, bytes]] = []
        self.explained_by: list[str] = []

    @property
    def phrases(self) -> int:
        return self._search.phrases + len(self._secrets.names) + len(self._secrets.canaries)

    def look(self, index: int, path: str, data: bytes) -> bytes:
        """Read one public file; returns the SHA-256 of its bytes."""
        digest = hashlib.sha256(data).digest()
        if is_of_a_theme(self._secrets.theme, path, data):
            return digest
        address = self._vocabulary.read(path)
        self._search.look(index, address)
        self._names.look(index, address, "")
        try:
            for leaf in leaves(path, data):
                self._look_at_leaf(index, path, leaf, digest if leaf.data is data else None)
        except containers.UnreadableError as error:
            self._add(index, "", "", f"cannot be checked: {error}", path)
        return digest

    def _look_at_leaf(self, index: int, path: str, leaf: Leaf, digest: bytes | None) -> None:
        if self._fingerprints and leaf.is_file and len(leaf.data) >= MINIMUM_FILE_BYTES:
            digest = digest or hashlib.sha256(leaf.data).digest()
            if digest in self._fingerprints:
                self._files_met.append((index, leaf.name, digest))
        numbers, text = self._reader.read(leaf)
        self._search.look(index, numbers)
        self._names.look(index, numbers, leaf.suffix)
        if self._secrets.canaries:
            told = (leaf.name, *markup.read(text, leaf.suffix))
            for canary in canaries.found(self._secrets.canaries, leaf.data, told):
                self._add(index, "", "", f"holds the canary {canary}", leaf.name)

    def hits(self, paths: Sequence[Path], relative: Sequence[str]) -> tuple[Hit, ...]:
        self._add_files()
        self._add_names(paths, relative)
        return tuple([hit for _, hit in sorted(self._found, key=lambda pair: pair[0])]) + self._phrases(
            relative
        )

    def _phrases(self, relative: Sequence[str]) -> tuple[Hit, ...]:
        found = self._search.found()
        if len(found):
            found = found.only(~explained(self._vocabulary, found, self._secrets.theme_texts()))
        if len(found):  # as the pages themselves show their lessons
            pages = {relative[file] for file in set(found.files.tolist())}
            own = [url for url in self._secrets.public_markdown if f"{url}index.html" in pages]
            found = found.only(~explained(self._vocabulary, found, self._rendered(own)))
        if len(found):  # as feeds, indexes and other pages show them
            texts = self._secrets.public_markdown
            others = [url for url in texts if self._resembles(texts[url], found)]
            found = found.only(~explained(self._vocabulary, found, self._rendered(others)))
        return tuple(hits_of(found, self._vocabulary, self._secrets.texts, relative))

    def _resembles(self, text: str, found: Found) -> bool:
        return has_words_of(found, self._vocabulary.read(text), len(self._vocabulary))

    def _rendered(self, addresses: Sequence[str]) -> Iterator[str]:
        """The public Markdown of these pages as it is shown."""
        if addresses:
            from generator.site.leaks.rendering import renderer  # slow to import and seldom needed

            self.explained_by += addresses
            render = renderer(self._secrets.settings)
            yield from (render(self._secrets.public_markdown[address]) for address in addresses)

    def _add_files(self) -> None:
        """Bytes that a public source file has, too, are not private."""
        if not self._files_met:
            return
        public = self._secrets.public_fingerprints()
        for index, name, digest in self._files_met:
            if digest not in public:
                private = self._fingerprints[digest]
                where = private.partition("!")[0]
                self._add(index, where.partition("/")[0], where, f"the private file {private}", name)

    def _add_names(self, paths: Sequence[Path], relative: Sequence[str]) -> None:
        public = names.Texts(self._secrets.public_texts)
        theme = names.Texts(self._secrets.theme_texts())
        met = self._names.met()
        secret = {name: not public.hold(name) and (name.is_file or not theme.hold(name)) for _, name in met}
        for index, group in itertools.groupby(met, key=lambda pair: pair[0]):
            suspects = [name for _, name in group if secret[name]]
            file = names.Texts(readings(relative[index], paths[index].read_bytes()) if suspects else ())
            for name in suspects:
                if file.hold(name):
                    kind = "the private name" if name.is_file else "the private title or tag"
                    self._add(index, name.lesson, name.path, f"{kind} “{name.text}”", relative[index])

    def _add(self, index: int, lesson: str, where: str, what: str, public_file: str) -> None:
        self._found.append((index, Hit(lesson=lesson, where=where, public_file=public_file, what=what)))


def leaves(name: str, data: bytes) -> Iterator[Leaf]:
    """A public file, what is packed in it, and what stands in their texts as base64."""
    for leaf in containers.unpack(name, data):
        yield leaf
        text = containers.text_of(leaf.data)
        if text is None:
            continue
        for number, inner in enumerate(markup.embedded(text, leaf.suffix)):
            yield from containers.unpack(f"{leaf.name}!embedded {number}", inner)


def readings(name: str, data: bytes) -> Iterator[str]:
    """A public file's address and everything that can be read in it, as texts."""
    yield name
    for leaf in leaves(name, data):
        text = containers.text_of(leaf.data)
        text = containers.printable(leaf.data) if text is None else text
        yield text
        yield from markup.read(text, leaf.suffix)

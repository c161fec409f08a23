"""Where a school's settings, stage and site lie.

A school may have a `mkdocs.yml` and a `theme/` of its own beside `content/`; what it lacks comes from the house: the
`default/` folder of the installed package, or the root of a source checkout.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from generator.errors import SettingsError

_PACKAGED = Path(__file__).parent / "default"
_CHECKOUT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A school's folder and what its settings say for this build.

    root: holds `content/`. folder: where stage and site are written; None: `root/build`.
    base_url, gatekeeper_url: instead of those in school.yml when not None. behaviour: the folder of signals; None: `root/.lyceum/signals`.
    """

    root: Path
    folder: Path | None = None
    base_url: str | None = None
    gatekeeper_url: str | None = None
    behaviour: Path | None = None

    @property
    def content(self) -> Path:
        return self.root / "content"

    @property
    def build(self) -> Path:
        return self.folder or self.root / "build"

    @property
    def staged(self) -> Path:
        """The public edition: what MkDocs is given and nothing else (rule R1)."""
        return self.build / "public"

    @property
    def site(self) -> Path:
        return self.build / "site"

    @property
    def config(self) -> Path:
        return self.build / "mkdocs.yml"

    @property
    def cache(self) -> Path:
        return self.root / ".cache" / "lyceum"

    @property
    def signals(self) -> Path:
        """What readers did, as `lyceum signals` leaves it: `*.parquet`. Not for git: it is about people."""
        return self.behaviour or self.root / ".lyceum" / "signals"

    @property
    def settings(self) -> Path:
        """The `mkdocs.yml` that the staged one inherits: the school's own, or the house's."""
        own = self.root / "mkdocs.yml"
        return own if own.is_file() else _house() / "mkdocs.yml"

    @property
    def theme(self) -> Path:
        own = self.root / "theme"
        return own if own.is_dir() else _house() / "theme"

    def relative_to_build(self, path: Path) -> str:
        """`path` as `mkdocs.yml` in the build folder writes it: relative, so that the stage may be moved with its school."""
        return Path(os.path.relpath(path, self.build)).as_posix()


def _house() -> Path:
    for folder in (_PACKAGED, _CHECKOUT):
        if (folder / "mkdocs.yml").is_file():
            return folder
    raise SettingsError(
        "the house's mkdocs.yml and theme are missing",
        where=str(_PACKAGED),
        hint="install lyceum[generator] again",
    )

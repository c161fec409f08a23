"""Stands before a publish: says what changes for readers, and stops when somebody would lose access that nobody allowed to be lost."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from generator.cli.output import say
from generator.errors import AccessLossError, LyceumError

if TYPE_CHECKING:
    from gatekeeper.contract.manifest import Manifest
    from generator.release.access_diff import AccessDiff
    from generator.release.history import Tip
    from generator.release.known import Known


class AccessGuard:
    """For one release about to be published. public: paths of its public files. root: the school's folder."""

    def __init__(self, manifest: Manifest, public: Collection[str], root: Path) -> None:
        self._manifest = manifest
        self._public = public
        self._root = root
        self._diff: AccessDiff | None = None

    def compare(self, tip: Tip, before: Known) -> AccessDiff:
        """Against what the running release is known to be. Raises LyceumError if that cannot be known."""
        from gatekeeper.contract.manifest import ManifestError, loads
        from generator.cli.diff_access import compared
        from generator.release.access_diff import NOTHING, view_of_manifest

        running, name = NOTHING, "no release: nothing is published yet"
        if tip.pointer is not None:
            name = f"release {tip.release}"
            try:
                running = view_of_manifest(loads(before.described), before.public)
            except ManifestError as error:
                raise LyceumError(
                    f"release {tip.release} cannot be read, so nobody can say who would lose access",
                    hint="publish with --allow-loss if that does not matter",
                ) from error
        after = view_of_manifest(self._manifest, self._public)
        self._diff = compared(running, after, against=name, root=self._root)
        return self._diff

    def approve(self, tip: Tip, before: Known) -> None:
        """Raises AccessLossError if somebody would lose access, after saying to what."""
        from generator.release.access_report import as_text

        diff = self.compare(tip, before)
        if diff.losses:
            say(as_text(diff))
        self.refuse_loss()

    def refuse_loss(self) -> None:
        """Raises AccessLossError for what `compare` has found."""
        if self._diff is not None and self._diff.losses:
            raise AccessLossError(self._diff.losses)

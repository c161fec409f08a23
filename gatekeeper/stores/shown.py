"""Which release the public site shows, where it is a folder of this machine: its link `site` leads to the folder of that release."""

from __future__ import annotations

from collections.abc import Callable

from gatekeeper.contract import keys
from gatekeeper.contract.address import StoreAddress


def shown_release(public: StoreAddress | None) -> Callable[[], str] | None:
    """A look at the link: the release's id, or "" while there is none. None where the public site is elsewhere."""
    if public is None or public.folder is None:
        return None
    link = public.folder / keys.SITE

    def look() -> str:
        try:
            return link.readlink().name
        except OSError:
            return ""

    return look

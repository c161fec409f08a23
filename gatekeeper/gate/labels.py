"""How an object of the private store is labelled when it leaves: media type and disposition.

Only bitmap pictures open in the browser's window. Everything else, HTML, SVG, PDF and archives alike, is an attachment:
`fetch()` and `<img>` do not look at the disposition, so parts still unlock and drawings still show, but whoever opens the
signed URL as a page gets a download and runs nothing (attack case U16).
"""

from __future__ import annotations

import re
from urllib.parse import quote

from gatekeeper.contract.manifest import ObjectEntry

_PICTURES = frozenset({"image/png", "image/jpeg", "image/webp", "image/gif", "image/avif"})
_MEDIA_TYPE = re.compile(r"[a-z0-9.+-]+/[a-z0-9.+-]+(?:; ?charset=[a-zA-Z0-9-]+)?", re.ASCII)
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*", re.ASCII)


def labels(entry: ObjectEntry, name: str) -> tuple[str, str]:
    """Media type and Content-Disposition for `entry`. name: the file name that a reader sees, any text."""
    media_type = entry.media_type if _MEDIA_TYPE.fullmatch(entry.media_type) else "application/octet-stream"
    kind = "inline" if media_type in _PICTURES else "attachment"
    if _PLAIN_NAME.fullmatch(name):
        return media_type, f'{kind}; filename="{name}"'
    # RFC 6266 and RFC 8187; a lone surrogate, which no file system of ours gives, becomes a question mark
    encoded = quote(name.encode("utf-8", "replace"), safe="")
    return media_type, f"{kind}; filename=\"download\"; filename*=UTF-8''{encoded}"

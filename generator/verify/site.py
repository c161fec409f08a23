"""The addresses of a public site: which URL shows a file, which file a URL shows, and what is not the site's at all."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, unquote, urljoin, urlsplit, urlunsplit

from gatekeeper.contract import routes
from generator.errors import SettingsError

_INDEX = "index.html"
_SAFE = "/:@!$&'()*+,=~"  # what RFC 3986 lets stand in a path; without ";", which urljoin may drop
_GATEKEEPER = frozenset(
    route.strip("/").split("/")[0]
    for route in (
        routes.PARTS,
        routes.FILES,
        routes.STORE,
        routes.HEALTH,
        routes.READY,
        routes.READER,
        routes.SIGN_IN,
        routes.SIGN_OUT,
        routes.BUY,
        routes.ACCOUNT,
        routes.REDEEM,
        routes.OUTBOX,
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteAddress:
    """base: absolute, with a final slash."""

    base: str

    @property
    def origin(self) -> str:
        parts = urlsplit(self.base)
        return f"{parts.scheme}://{parts.netloc}"

    def url(self, path: str) -> str:
        """Where a reader finds the public file `path`: a folder's index at the folder."""
        folder, _, name = path.rpartition("/")
        shown = (f"{folder}/" if folder else "") if name == _INDEX else path
        return self.base + quote(shown, safe=_SAFE)

    def path(self, url: str) -> str | None:
        """The public file that `url` shows, query and fragment aside; None if it is not of this site."""
        try:
            parts, base = urlsplit(url), urlsplit(self.base)
            same = (parts.scheme, parts.hostname, _port(parts.scheme, parts.port)) == (
                base.scheme,
                base.hostname,
                _port(base.scheme, base.port),
            )
        except ValueError:
            return None
        whole, root = parts.path or "/", base.path
        if (
            not same or whole[: len(root)] != root
        ):  # the base ends with a slash, so this is a comparison of parts
            return None
        path = unquote(whole[len(root) :])
        return f"{path}{_INDEX}" if not path or path.endswith("/") else path

    def is_gatekeepers(self, url: str) -> bool:
        """Whether `url`, on the site's own origin, is a route of the gatekeeper, which may answer there, too."""
        return unquote(urlsplit(url).path).strip("/").split("/")[0] in _GATEKEEPER


def site_address(url: str) -> SiteAddress:
    """Raises SettingsError unless `url` is a plain http(s) address."""
    try:
        parts = urlsplit(url)
        is_good = parts.scheme in {"http", "https"} and bool(parts.hostname) and "@" not in parts.netloc
        is_good = is_good and not parts.query and not parts.fragment
        _ = parts.port
    except ValueError:
        is_good = False
    if not is_good:
        raise SettingsError(
            f"{url!r} is not the address of a site", hint="write it like https://school.example.org/"
        )
    return SiteAddress(base=url.rstrip("/") + "/")


def joined(base: str, reference: str) -> str | None:
    """The absolute address that `reference` means on the page `base`, without its fragment and query; None if it is none."""
    try:
        parts = urlsplit(urljoin(base, reference.strip()))
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            return None
        # Letters that no path may hold literally are written as a browser would write them; what is escaped stays so.
        path = quote(parts.path, safe=_SAFE + "%")
    except ValueError:
        return None
    return urlunsplit((parts.scheme, parts.netloc, path, "", ""))


def shown(url: str) -> str:
    """`url` as a report may repeat it: a query could be a signature."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))


def _port(scheme: str, port: int | None) -> int | None:
    return port or {"http": 80, "https": 443}.get(scheme)

"""`lyceum serve`: the school as one role sees it, live: save a lesson and the page in the browser is new.

The preview is built in this process and kept up to date piece by piece. Watching files and reloading the browser is
done by MkDocs' own live-reload server.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import click

from generator.cli import EXIT_CODES
from generator.cli.output import report_error, report_problems, say
from generator.cli.project import school_option
from generator.cli.site_host import check_free
from generator.errors import LyceumError

_NAMED_PAGES = 5  # more are only counted


@click.command(epilog=EXIT_CODES)
@school_option
@click.option(
    "--as",
    "role",
    default="anonymous",
    show_default=True,
    metavar="ROLE",
    help="Who looks: anonymous, member, or owner:PRODUCT for a reader who bought PRODUCT.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", type=click.IntRange(1, 65535), default=8002, show_default=True, help="Port to listen on."
)
def command(root: Path, role: str, host: str, port: int) -> None:
    """Preview the school with live reload, as one kind of reader sees it.

    A mistake in the content is printed with file and line, and the last good pages stay on the screen until it is mended. Ctrl-C ends
    it. The preview holds private text for the roles that may read it: it is for your own machine.

    \b
    Examples:
      lyceum serve
      lyceum serve --as owner:async-python --port 8010
    """
    from generator import catalogue
    from generator.cli.pipeline import moment
    from generator.site import live
    from generator.site.preview import Preview, Role
    from generator.site.project import Project

    school, _ = catalogue.read(root / "content")
    preview = Preview(Project(root=root, base_url=f"http://{host}:{port}/"), Role.parse(role, school))

    def refresh() -> None:
        started = time.perf_counter()
        refreshed = preview.refresh(moment())
        report_problems(refreshed.warnings)
        what = "everything" if refreshed.everything else _named(refreshed.pages)
        say(f"{time.strftime('%H:%M:%S')} built {what} in {time.perf_counter() - started:.2f} s")

    def refresh_or_report() -> None:
        """For the watcher: an author's mistake is shown and the last good pages stay."""
        try:
            refresh()
        except LyceumError as error:
            report_error(error)
            say("the last good pages stay until this is mended")

    check_free(host, port, "--port")
    refresh()
    watched = [path for path in (root / "content", root / "theme", root / "mkdocs.yml") if path.exists()]
    live.serve(
        preview.site,
        watched,
        host,
        port,
        refresh_or_report,
        ready=lambda: say(f"http://{host}:{port}/ (Ctrl-C ends it)"),
    )
    say("\nstopped")


def _named(pages: Sequence[str]) -> str:
    if len(pages) > _NAMED_PAGES:
        return f"{len(pages)} pages"
    return ", ".join(page or "the catalogue" for page in pages) or "no page"

"""seal-key: what the function at CloudFront's edge needs to know (docs/deploy/cloudfront.md)."""

from __future__ import annotations

import click

from gatekeeper.cli.opened import settings_here
from gatekeeper.cli.root import EXIT_CODES, cli


@cli.command("seal-key", epilog=EXIT_CODES)
def seal_key() -> None:
    """Print the key with which CloudFront's function checks that an object belongs to its course. It is a secret.

    \b
    Examples:
      gatekeeper seal-key
      gatekeeper seal-key > seal.hex
    """
    from gatekeeper.delivery.assemble import COURSE_SEALS
    from gatekeeper.secrets import derive

    click.echo(derive(settings_here().secret_key, COURSE_SEALS).hex())

"""The operator's command line: `gatekeeper`. It reads the same settings as the service and holds no rule of its own.

Data goes to standard output, the rest to standard error. What a command needs is imported when it runs, so that `--help` is quick.
"""

from __future__ import annotations

from gatekeeper.cli import backups, codes, delivery, keys, mail, orders, readers, running, signals, why
from gatekeeper.cli.root import cli

__all__ = [
    "backups",
    "cli",
    "codes",
    "delivery",
    "keys",
    "mail",
    "main",
    "orders",
    "readers",
    "running",
    "signals",
    "why",
]


def main() -> None:
    """The entry point of the `gatekeeper` command."""
    cli(prog_name="gatekeeper")

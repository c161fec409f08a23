"""`python -m gatekeeper.cli`: the same as `gatekeeper`."""

from gatekeeper.cli import main

main()

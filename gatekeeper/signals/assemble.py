"""Puts the room into the service."""

from __future__ import annotations

from flask import Flask

from gatekeeper.signals import door, routes
from gatekeeper.signals.room import EXTENSION, open_room
from gatekeeper.web.service import Service

__all__ = ["EXTENSION", "install"]


def install(app: Flask, served: Service) -> None:
    """Its routes, and the room itself as an extension; nothing is connected or started."""
    app.extensions[EXTENSION] = open_room(
        served.settings, served.database, clock=served.clock, manifest=lambda: served.manifest
    )
    app.register_blueprint(routes.blueprint)
    app.register_blueprint(door.blueprint)

"""What holds for every test."""

from __future__ import annotations

from hypothesis import settings

# No test is judged by its time: the machines are shared.
settings.register_profile("lyceum", settings(), deadline=None)
settings.load_profile("lyceum")

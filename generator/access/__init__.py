"""School → Edition: the one place where it is decided who may have what (rule R2)."""

from __future__ import annotations

from generator.access.splitting import split

__all__ = ["split"]

"""content/ → School: courses, lessons and products, typed and validated. No I/O after reading."""

from __future__ import annotations

from generator.catalogue.reading import read

__all__ = ["read"]

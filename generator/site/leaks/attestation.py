"""What a leak check states (`generator.site.attestation`, which is quick to import)."""

from __future__ import annotations

from generator.site.attestation import TOOL, Attestation, public_digest

__all__ = ["TOOL", "Attestation", "public_digest"]

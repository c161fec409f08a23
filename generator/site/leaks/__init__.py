"""The leak check: proof, after every build and before every publish, that nothing private stands in a public file.

attestation   what a check states
private       what must not become public: texts, names, bytes
words         what counts as a word; windows of 8 words or 16 characters; rolling hashes
containers    files inside files
markup        how a text can stand in a file
reader        public files → word numbers, quickly
search        private windows in public sequences
names         short private strings, found whole
canaries      planted strings, in every encoding
report        hits, in an author's words
check         all of it in order
"""

from __future__ import annotations

from generator.site.leaks.attestation import Attestation, public_digest
from generator.site.leaks.check import check, examine
from generator.site.leaks.private import Secrets
from generator.site.leaks.report import Hit

__all__ = ["Attestation", "Hit", "Secrets", "check", "examine", "public_digest"]

"""The leak check: proof, after every build and before every publish, that nothing private stands in a public file.

attestation   what a check states
sources       which texts are private, and which public
private       what must not become public: texts, names, bytes
words         what counts as a word; windows of 8 words or 16 characters; rolling hashes
containers    files inside files
markup        how a text can stand in a file
reader        public files → word numbers, quickly
search        private windows in public sequences
names         short private strings, found whole
canaries      planted strings, in every encoding
report        hits, in an author's words
check         all of it in order: the exact check

The screen, which reads only what changed and calls the exact check for what it suspects:

lasting       window hashes that are the same in every process
units         what is kept of a lesson and of a public file
pieces        files cut into pieces that many share
screen        texts and files → units and readings
sets          sorted arrays as sets
shelf         millions of hashes by owner, on disk
ledger        what is secret and where it stands, told by changes
public_files, findings, known_names, copies   its parts: pieces, what was found, names, bytes
settling      suspects → hits
"""

from __future__ import annotations

from generator.site.leaks.attestation import Attestation, public_digest
from generator.site.leaks.check import check, examine, refuse
from generator.site.leaks.ledger import Ledger, Verdict
from generator.site.leaks.private import Secrets, names_of
from generator.site.leaks.report import Hit
from generator.site.leaks.screen import Reading
from generator.site.leaks.settling import settle
from generator.site.leaks.units import (
    SCHOOL,
    THEME,
    FileReading,
    Unit,
    awaited_key,
    course_key,
    lesson_key,
)

__all__ = [
    "SCHOOL",
    "THEME",
    "Attestation",
    "FileReading",
    "Hit",
    "Ledger",
    "Reading",
    "Secrets",
    "Unit",
    "Verdict",
    "awaited_key",
    "check",
    "course_key",
    "examine",
    "lesson_key",
    "names_of",
    "public_digest",
    "refuse",
    "settle",
]

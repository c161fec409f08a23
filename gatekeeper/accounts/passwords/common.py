"""The passwords that are guessed first: 30,000 of them, as the zxcvbn project counted them in leaked lists.

`common/passwords.txt.gz` holds one a line in lower case, most frequent first: the list `passwords` of zxcvbn 4.5.0 (PyPI), whose
licence (MIT) lies beside it. Read at the first use: a process that sets no password does not pay for it.
"""

from __future__ import annotations

import gzip
from functools import cache
from pathlib import Path

_FILE = Path(__file__).parent / "common" / "passwords.txt.gz"


@cache
def common_passwords() -> frozenset[str]:
    """All of them, in lower case."""
    return frozenset(gzip.decompress(_FILE.read_bytes()).decode().split())

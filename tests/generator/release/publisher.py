"""A publisher to be killed: `python -m tests.generator.release.publisher folder|bucket ROOT`.

For each number N on standard input a child process is made that publishes releases N, N+1, N+2, … one after the other until it is
killed; its process id is printed. The parent imports everything once and reaps its children.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from generator.release import publish
from tests.generator.release.made import folder_buckets, folders, made


def main() -> None:
    kind, root = sys.argv[1], Path(sys.argv[2])
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            stores = folders(root) if kind == "folder" else folder_buckets(root)
            number = int(line)
            while True:
                publish(made(root / "builds", number), stores)
                number += 1
        print(child, flush=True)


if __name__ == "__main__":
    main()

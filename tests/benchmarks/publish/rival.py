"""The programs that we are measured against, and the server that all of them talk to."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from generator.release.s3 import S3Store
from generator.release.settings import S3Access
from tests.support.ceph import Ceph

ROOT = Path(__file__).resolve().parents[3]
AT_ONCE = 24  # as many requests at once as we make; s5cmd keeps to its own default, which is faster


@dataclass(frozen=True, kw_only=True)
class Bench:
    """tools: name → program, those that could be had."""

    root: Path
    server: Ceph
    tools: Mapping[str, str]

    @property
    def access(self) -> S3Access:
        return S3Access(
            endpoint=self.server.endpoint,
            region="us-east-1",
            is_virtual_hosted=False,
            access_key=self.server.access_key,
            secret_key=self.server.secret_key,
        )

    def bucket(self) -> S3Store:
        return S3Store(self.access, bucket=self.server.new_bucket())

    def copy(self, tool: str, source: Path, bucket: str) -> float:
        """Seconds that `tool` takes to bring the folder `source` into `bucket`."""
        environment = os.environ | {
            "AWS_ACCESS_KEY_ID": self.server.access_key,
            "AWS_SECRET_ACCESS_KEY": self.server.secret_key,
            "AWS_REGION": "us-east-1",
        }
        began = time.perf_counter()
        subprocess.run(
            self._command(tool, source, bucket), env=environment, check=True, stdout=subprocess.DEVNULL
        )
        return time.perf_counter() - began

    def _command(self, tool: str, source: Path, bucket: str) -> list[str]:
        program, endpoint = self.tools[tool], self.server.endpoint
        match tool:
            case "rclone copy":
                return [
                    *(program, "copy", str(source), f":s3:{bucket}", "--config", os.devnull, "-q"),
                    *(
                        "--s3-provider",
                        "Ceph",
                        "--s3-endpoint",
                        endpoint,
                        "--s3-env-auth",
                        "--s3-no-check-bucket",
                    ),
                    *("--transfers", str(AT_ONCE), "--checkers", str(AT_ONCE)),
                ]
            case "s5cmd cp":
                return [program, "--endpoint-url", endpoint, "cp", f"{source}/", f"s3://{bucket}/"]
            case _:
                return [
                    *(program, "s3", "sync", str(source), f"s3://{bucket}"),
                    *("--endpoint-url", endpoint, "--only-show-errors"),
                ]


def tools() -> dict[str, str]:
    own = Path(sys.executable).parent
    beside = ROOT / "build" / "bench" / "bin"
    places = f"{own}{os.pathsep}{beside}"
    found = {
        "rclone copy": shutil.which("rclone", path=places),
        "aws s3 sync": shutil.which("aws", path=str(beside)),
        "s5cmd cp": shutil.which("s5cmd", path=str(beside)),
    }
    return {name: program for name, program in found.items() if program}

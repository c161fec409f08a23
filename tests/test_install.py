"""Rule R5 at import time: the service runs without the generator's libraries and the generator without the service's."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

IMPORT_ALL = """
import importlib, pkgutil, sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {missing!r}:
            raise ModuleNotFoundError(f"{{name}} is not installed here", name=name)

sys.meta_path.insert(0, Absent())
import {package}
count = 0
for module in pkgutil.walk_packages({package}.__path__, "{package}."):
    if ".migrations." not in module.name:
        importlib.import_module(module.name)
        count += 1
print(count)
"""

AUTHOR = (
    "mkdocs",
    "material",
    "markdown",
    "pymdownx",
    "jinja2",
    "boto3",
    "botocore",
    "pydantic",
    "yaml",
    "numpy",
    "babel",
    "jieba",
)
READER = (
    "flask",
    "werkzeug",
    "sqlalchemy",
    "alembic",
    "granian",
    "jwt",
    "msgspec",
    "httptools",
    "uvloop",
    "stripe",
)


@pytest.mark.parametrize(
    ("package", "missing"),
    # Flask brings Jinja2 with it, MkDocs too.
    [("gatekeeper", [name for name in AUTHOR if name != "jinja2"]), ("generator", list(READER))],
)
def test_each_side_runs_without_the_others_libraries(package: str, missing: list[str]) -> None:
    code = IMPORT_ALL.format(missing=set(missing), package=package)
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    assert int(done.stdout) > 20

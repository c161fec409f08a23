"""Rule R5: the two sides share the contract and nothing else, and the contract needs the standard library alone (its
signatures excepted: nobody should write their own Ed25519)."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SIGNING = {"gatekeeper/contract/signature.py", "gatekeeper/contract/trust.py"}
ROOT = Path(__file__).resolve().parents[1]


def imports(package: str) -> Iterator[tuple[str, str]]:
    """(file, imported module) for every import below a package folder."""
    for path in sorted((ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{path}: relative import"
                names = [node.module or ""]
            for name in names:
                yield path.relative_to(ROOT).as_posix(), name


def within(module: str, package: str) -> bool:
    return module.split(".")[: len(package.split("."))] == package.split(".")


def test_the_generator_imports_only_the_contract_of_the_gatekeeper() -> None:
    strangers = [
        (path, name)
        for path, name in imports("generator")
        if within(name, "gatekeeper")
        and not within(name, "gatekeeper.contract")
        and name != "gatekeeper.contract"
    ]
    assert strangers == []


def test_the_gatekeeper_never_imports_the_generator() -> None:
    assert [(path, name) for path, name in imports("gatekeeper") if within(name, "generator")] == []


def test_the_contract_needs_the_standard_library_alone_and_cryptography_for_signatures() -> None:
    strangers = [
        (path, name)
        for path, name in imports("gatekeeper/contract")
        if name.split(".")[0] not in sys.stdlib_module_names
        and not within(name, "gatekeeper.contract")
        and not (path in SIGNING and within(name, "cryptography"))
    ]
    assert strangers == []


@pytest.mark.parametrize("heavy", ["mkdocs", "material", "markdown", "pymdownx"])
def test_only_the_site_and_access_stages_know_the_site_generator(heavy: str) -> None:
    rooms = {"/".join(path.split("/")[:2]) for path, name in imports("generator") if within(name, heavy)}
    assert rooms <= {"generator/site", "generator/access", "generator/catalogue", "generator/markdown"}
    assert [(path, name) for path, name in imports("gatekeeper") if within(name, heavy)] == []


def test_the_gate_knows_no_framework_and_no_database() -> None:
    found = {name.split(".")[0] for _, name in imports("gatekeeper/gate")}
    assert found & {"flask", "werkzeug", "sqlalchemy", "alembic", "boto3", "botocore"} == set()

"""The attack cases that this project is tried against, and which tests try them: writes the table of docs/security.md.

    python -m tests.support.cases

A case counts as tried when its id stands in a test's name or docstring (`P01`, `test_p01_…`). What is not tried yet says so, with the
reason; a test compares the table with what this prints.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PATH = ROOT / "docs" / "security.md"
START, END = "<!-- cases -->", "<!-- end of cases -->"

GROUPS = {
    "P": "Path, URL and object access",
    "H": "Header trust and HTTP framing",
    "R": "Redirect after login",
    "J": "Entitlement tokens",
    "S": "Sessions, cookies, CSRF",
    "U": "Signed URLs and the private store",
    "C": "Caches and CDN",
    "L": "Leaks in the generated site",
    "W": "Payments, webhooks, coupons, refunds",
    "A": "Accounts and enumeration",
    "X": "Untrusted input",
    "E": "Behaviour events",
    "D": "Deletion, privacy, logs, errors",
    "Z": "Reliability",
}

CASES = {
    "P01": "other spellings of a gated path (`//`, `/./`, `%2e`)", "P02": "encoded slash or backslash in an id",
    "P04": "slash, dot and suffix variants of gated routes", "P08": "control characters in path, query and key",
    "P09": "Windows names and odd ends in store keys", "P10": "query and fragment must not influence a decision",
    "P13": "HEAD and odd verbs", "P15": "a generated traversal corpus", "P16": "symlinks that point outside",
    "P18": "an entitlement for one course used for another", "P20": "huge paths and parameters",
    "P21": "a lesson that stops being free", "P22": "dot files, databases, listings on the public host",
    "H01": "rewritten URL headers", "H02": "rotating X-Forwarded-For against limits", "H04": "Host poisoning of links",
    "H05": "X-Forwarded-Proto", "H06": "identity headers from the client", "H10": "CORS origins", "H11": "security headers everywhere",
    "R01": "open-redirect list of oauth2-proxy", "R02": "redirect lists of PayloadsAllTheThings", "R04": "line breaks in `next`",
    "R06": "script schemes in `next`",
    "J01": "`alg` none and kin", "J02": "public key as HMAC secret", "J03": "Wycheproof", "J04": "missing claims",
    "J05": "audience and issuer confusion", "J07": "a lifetime above policy", "J08": "tokens of another purpose",
    "J10": "keys named by the token", "J14": "huge tokens", "J18": "clock skew", "J20": "key rotation", "J21": "weak secrets",
    "J22": "tokens minted before a refund", "J24": "token in the URL", "J25": "mangled segments",
    "S01": "cookie attributes", "S02": "session fixation", "S03": "cross-site requests", "S05": "mail scanners follow links",
    "S07": "cookie reuse after sign-out", "S08": "other devices after a password change", "S10": "idle and absolute timeout",
    "S11": "framing", "S12": "session ids",
    "U01": "SigV4 known answers", "U02": "expiry", "U03": "changed URL parts", "U04": "folder-store signature tricks",
    "U06": "Referer", "U07": "secrets in logs", "U11": "other verbs on a GET URL", "U12": "URLs after a refund",
    "U15": "unsigned access to the private store", "U16": "active content from the store",
    "C01": "no-store on gated answers", "C02": "cache deception", "C03": "a cache that ignores cookies",
    "C06": "cache headers of the public site", "C07": "back button after sign-out", "C08": "nothing kept in the browser",
    "L01": "canaries in every private field", "L02": "search index", "L03": "feeds", "L04": "llms.txt and Markdown copies",
    "L05": "print page and exports", "L06": "index and tag pages", "L07": "meta tags and JSON-LD", "L09": "headings in the contents",
    "L10": "pictures and archives", "L11": "drafts in navigation and sitemap", "L12": "routes to the source",
    "L15": "includes that pull private text", "L16": "old releases", "L18": "fail closed", "L20": "aliases and redirects",
    "W01": "webhook signature headers", "W02": "webhook timestamps", "W04": "re-serialised bodies", "W05": "one event fifty times",
    "W06": "events in any order", "W10": "another account or mode", "W11": "amount and currency", "W12": "WeChat Pay notifications",
    "W15": "Alipay notifications", "W18": "a handler that fails", "W19": "the return page alone", "W20": "parallel redemption",
    "W23": "refunds and disputes", "W27": "a lost webhook", "W28": "secret rotation",
    "A01": "enumeration by answer or time", "A02": "enumeration by side doors", "A03": "guessing", "A05": "password rules",
    "A07": "password hashing", "A08": "parallel logins", "A10": "reset tokens", "A12": "parallel registration", "A13": "mail bombing",
    "A15": "mass assignment",
    "X01": "script injection in comments", "X02": "sanitising order", "X04": "Markdown bombs", "X05": "sanitiser bombs",
    "X06": "empty and odd text", "X09": "other people's comments", "X11": "naughty strings", "X12": "NUL and surrogates",
    "X13": "odd JSON bodies", "X16": "API schema", "X17": "uploads",
    "E01": "event floods", "E03": "duplicate events", "E05": "event store down",
    "D01": "deleting an account", "D04": "planted secrets in logs", "D06": "a forced 500", "D07": "security events",
    "Z01": "killed publisher", "Z02": "switching under readers", "Z04": "two publishers, unsuitable stores",
    "Z05": "order and rollback", "Z06": "full disk", "Z07": "killed service during webhooks", "Z08": "SQLite settings",
    "Z09": "a locked database", "Z10": "store faults", "Z12": "unknown outcomes", "Z14": "load", "Z15": "slow clients", "Z17": "soak",
    "Z18": "SIGTERM", "Z19": "restore drill", "Z20": "migrations", "Z21": "both databases", "Z27": "same input, same bytes",
}  # fmt: skip

_NO_COMMENTS = "comments do not exist yet"

OPEN = {
    "X01": _NO_COMMENTS, "X04": _NO_COMMENTS, "X05": _NO_COMMENTS, "X06": _NO_COMMENTS, "X09": _NO_COMMENTS,
    "X16": "the service's JSON is a few small answers and one telling (E01, X13); a schema comes with more of them", "X17": "there are no uploads",
    "Z14": "ten minutes near the maximum are `make soak-gate`; ten times a design load is not tried",
    "Z17": "ten minutes are `make soak-gate`; hours are not tried",
}  # fmt: skip


def tried() -> dict[str, list[str]]:
    """Case id → the tests that name it, as `path::test`."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        whole = _ids(ast.get_docstring(tree) or "")
        for node in ast.walk(tree):
            if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) or not node.name.startswith(
                "test_"
            ):
                continue
            name = f"{path.relative_to(ROOT / 'tests').as_posix()}::{node.name}"
            for case in (
                _ids(node.name.upper().replace("_", " ")) | _ids(ast.get_docstring(node) or "") | _marks(node)
            ):
                found[case].append(name)
        for case in whole:
            found[case].append(path.relative_to(ROOT / "tests").as_posix())
    return found


def _marks(node: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    """Ids in the ids and values of a test's parameters."""
    return {
        case
        for decorator in node.decorator_list
        for part in ast.walk(decorator)
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
        for case in _ids(part.value)
    }


def _ids(text: str) -> set[str]:
    return {case for case in re.findall(r"\b[A-Z][0-9]{2}\b", text) if case in CASES}


def table() -> str:
    tests = tried()
    lines = []
    for letter, title in GROUPS.items():
        lines += [f"\n### {letter}. {title}\n", "| case | what is tried | where |", "|---|---|---|"]
        for case, what in CASES.items():
            if case[0] != letter:
                continue
            names = sorted(set(tests.get(case, ())))
            shown = "<br>".join(f"`{name}`" for name in names[:2]) + (
                f" and {len(names) - 2} more" if len(names) > 2 else ""
            )
            lines.append(f"| {case} | {what} | {shown or 'not yet: ' + OPEN.get(case, '?')} |")
    return "\n".join(lines) + "\n"


def render(document: str) -> str:
    head, _, rest = document.partition(START)
    _, _, tail = rest.partition(END)
    return f"{head}{START}\n{table()}\n{END}{tail}"


if __name__ == "__main__":
    PATH.write_text(render(PATH.read_text(encoding="utf-8")), encoding="utf-8")

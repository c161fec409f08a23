"""Every letter with facts to try it out, ordinary ones and awkward ones. To look at them:

python -m tests.support.letters FOLDER    # writes <name>-<language>.html and .txt
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from gatekeeper.accounts.post.catalogue import CATALOGUE
from gatekeeper.accounts.post.letters import LetterWriter
from gatekeeper.accounts.post.outbox import Letter
from gatekeeper.commerce.seller import Seller, Tax
from gatekeeper.web.texts import LANGUAGES, Texts

AT = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
NAMES = (*CATALOGUE, "receipt")
PLAIN: Mapping[str, object] = {
    "address": "https://gate.example.test/orders/L-20261122-7K3F9Q",
    "link": "https://gate.example.test/redeem?code=7K3F-9QXW-2M4T",
    "code": "042917",
    "minutes": 10,
    "number": "L-20261122-7K3F9Q",
    "price": "¥99.00",
    "product": "异步 Python: from the event loop to cancellation",
    "paid_at": AT,
    "seller": Seller(
        name="Lyceum GmbH",
        address=("Ring 1", "Wien"),
        tax_id="VAT ATU1",
        tax=Tax(label="VAT 19%", rate_basis_points=1900),
    ),
    "tax": "¥15.81",
    "rang_at": AT,
    "until": AT,
    "send_at": AT,
    "interval": "month",
    "refund_days": 14,
    "networks": 9,
    "present": "ada@example.org",
    "new": "ada@new.example",
    "other": "bea@example.org",
    "survivor": "ada@example.org",
    "recipient": "cleo@example.org",
    "giver": "Ada",
    "manager": "Ada",
    "by_hand": True,
    "by_mail": True,
    "message": "Happy birthday!\n生日快乐",
    "what": "phone",
    "password_set": True,
    "password_removed": True,
    "passkey_added": True,
    "passkey_removed": True,
    "identity_linked": True,
    "identity_unlinked": True,
}
LONG: Mapping[str, object] = {
    **PLAIN,
    "product": "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichenverordnung" * 2,
    "price": "₫12,345,678,901",
    "present": f"{'a' * 60}@{'b' * 60}.{'c' * 60}.example",
    "new": f"{'n' * 60}@{'b' * 60}.{'c' * 60}.example",
    "message": "<script>alert(1)</script> & {school} {{ 7 * 7 }}\n" + "没有空格的长句" * 30,
    "giver": "<b>Eve</b>",
}


def letter_writer(school: str = "Test School & Söhne") -> LetterWriter:
    return LetterWriter(Texts.load(), lambda _: school)


def sample(name: str, language: str, facts: Mapping[str, object] = PLAIN) -> Letter:
    unsubscribe = "https://gate.example.test/mail/stop/" + "0" * 64 if name in {"welcome", "gift"} else ""
    return letter_writer().write(name, language, unsubscribe=unsubscribe, **facts)


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name in NAMES:
        for language in LANGUAGES:
            letter = sample(name, language)
            (folder / f"{name}-{language}.html").write_text(letter.html, "utf-8")
            (folder / f"{name}-{language}.txt").write_text(f"{letter.subject}\n\n{letter.text}", "utf-8")
    (folder / "long-en.html").write_text(sample("gift", "en", LONG).html, "utf-8")


if __name__ == "__main__":
    main()

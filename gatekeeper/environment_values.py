"""Values out of an environment: texts, numbers, networks, secrets. What is wrong is collected, never raised (see `gatekeeper.environment`)."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING

from gatekeeper.secrets import Secret

if TYPE_CHECKING:  # rooms' own settings are read with this module and stand in `settings`
    from gatekeeper.settings import Network


class EnvironmentValues:
    """problems: `NAME what is wrong: what to do`. unreadable: secrets whose file could not be read; reported once, not also as missing."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.problems: list[str] = []
        self.unreadable: set[str] = set()

    def wrong(self, name: str, what: str, hint: str) -> None:
        self.problems.append(f"{name} {what}: {hint}")

    def text(self, name: str, default: str) -> str:
        return self.environ.get(name, "").strip() or default

    def whole(self, name: str, default: int, least: int, most: int) -> int:
        text = self.text(name, str(default))
        if text.isascii() and text.isdigit() and least <= int(text) <= most:
            return int(text)
        self.wrong(name, f"is {text!r}", f"set it to a whole number from {least} to {most}")
        return default

    def networks(self, name: str) -> tuple[Network, ...]:
        found: list[Network] = []
        for word in self.text(name, "").replace(",", " ").split():
            try:
                found.append(ip_network(word))
            except ValueError:
                self.wrong(name, f"names {word!r}", "write networks like 10.0.0.0/8, separated by commas")
        return tuple(found)

    def seconds(self, name: str, default: float, least: float, most: float) -> float:
        text = self.text(name, str(default))
        try:
            value = float(text)
        except ValueError:
            value = -1.0
        if least <= value <= most:
            return value
        self.wrong(name, f"is {text!r}", f"set it to seconds from {least:g} to {most:g}")
        return default

    def secret(self, name: str) -> Secret | None:
        """The value of NAME or the content of the file that NAME_FILE names; never repeated in a message."""
        value, path = self.environ.get(name, "").strip(), self.environ.get(f"{name}_FILE", "").strip()
        if value and path:
            self.wrong(name, f"and {name}_FILE are both set", "keep one of them")
        if path and not value:
            try:
                value = Path(path).read_text("utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
                self.wrong(f"{name}_FILE", f"cannot be read: {reason}", "check the path and its permissions")
                self.unreadable.add(name)
                return None
            if not value:
                self.wrong(f"{name}_FILE", "names an empty file", "write the secret into it")
                self.unreadable.add(name)
        return Secret(value) if value else None

    def listening(self, name: str) -> tuple[str, int] | None:
        """`host:port` to listen on; None when absent."""
        text = self.text(name, "")
        host, _, port = text.rpartition(":")
        if not text:
            return None
        if host and port.isascii() and port.isdigit() and 0 < int(port) < 65536:
            return host.strip("[]"), int(port)
        self.wrong(name, f"is {text!r}", "write host:port, like 127.0.0.1:9102")
        return None

    def choice(self, name: str, *choices: str) -> str:
        """One of these words; the first when absent."""
        text = self.text(name, choices[0])
        if text in choices:
            return text
        self.wrong(name, f"is {text!r}", f"set it to {' or '.join(choices)}")
        return choices[0]

"""HTTP as bytes on a socket: what an attacker sends, before any client library has tidied it up."""

from __future__ import annotations

import contextlib
import json
import socket
from dataclasses import dataclass
from io import BufferedReader
from typing import Any

TIMEOUT_SECONDS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RawAnswer:
    """status: 0 if the server closed without a word. headers: lower-case names, in order, repeated as sent."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        """The value of a header that stands there at most once."""
        found = [value for key, value in self.headers if key == name.lower()]
        assert len(found) <= 1, f"{name} stands there {len(found)} times"
        return found[0] if found else None

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name.lower()]

    def json(self) -> Any:
        return json.loads(self.body)


def exchange(host: str, port: int, request: bytes) -> RawAnswer:
    """Sends `request` as it is and reads until the server closes or the announced length has come."""
    with socket.create_connection((host, port), timeout=TIMEOUT_SECONDS) as connection:
        with contextlib.suppress(
            BrokenPipeError, ConnectionResetError
        ):  # it may answer before reading everything
            connection.sendall(request)
        return read_answer(connection, is_head=request.startswith(b"HEAD "))


def read_answer(connection: socket.socket, *, is_head: bool = False) -> RawAnswer:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = _receive(connection)
        if not piece:
            break
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    if not lines[0]:
        return RawAnswer(status=0, headers=(), body=b"")
    headers = tuple(
        (name.strip().lower(), value.strip())
        for name, _, value in (line.partition(":") for line in lines[1:])
    )
    named = dict(headers)
    length = 0 if is_head else int(named["content-length"]) if "content-length" in named else None
    gathered = bytearray(body)
    while length is None or len(gathered) < length:
        piece = _receive(connection)
        if not piece:
            break
        gathered += piece
    body = bytes(gathered)
    if named.get("transfer-encoding") == "chunked" and not is_head:
        body = _unchunked(body)
    return RawAnswer(status=int(lines[0].split(" ")[1]), headers=headers, body=body)


def _receive(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65536)
    except ConnectionResetError:
        return b""


def _unchunked(body: bytes) -> bytes:
    whole = b""
    while body:
        size, _, body = body.partition(b"\r\n")
        count = int(size, 16)
        whole, body = whole + body[:count], body[count + 2 :]
    return whole


def exchange_many(host: str, port: int, requests: list[bytes]) -> list[RawAnswer]:
    """Sends many requests down one connection at once and reads their answers in order; starts anew where the
    server closes, so one answer comes back for every request."""
    answers: list[RawAnswer] = []
    while len(answers) < len(requests):
        rest = requests[len(answers) : len(answers) + 64]
        with socket.create_connection((host, port), timeout=TIMEOUT_SECONDS) as connection:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.sendall(b"".join(rest))
            stream = connection.makefile("rb")
            for _ in rest:
                answer = _read_one(stream)
                if answer is None:
                    break
                answers.append(answer)
                if answer.header("connection") == "close":
                    break
            else:
                continue
            if not answer:
                answers.append(RawAnswer(status=0, headers=(), body=b""))
    return answers


def _read_one(stream: BufferedReader) -> RawAnswer | None:
    """The next answer on a connection that stays open; every answer states its length."""
    try:
        line = stream.readline()
        if not line:
            return None
        headers = []
        while (header := stream.readline().strip()) != b"":
            name, _, value = header.decode("latin-1").partition(":")
            headers.append((name.lower(), value.strip()))
        length = int(dict(headers).get("content-length", "0"))
        return RawAnswer(status=int(line.split(b" ")[1]), headers=tuple(headers), body=stream.read(length))
    except ConnectionResetError:
        return None

"""Request out, answer in, over one connection of urllib3's: the HTTP/1.1 that S3 speaks, and nothing more.

`http.client` and its parser of mail headers take longer than everything else that a small upload costs. Connecting, certificates, proxies and
the pool stay urllib3's; its connections get `Exchange` as a base that writes and reads for them.

- A request leaves in one piece with its small body. A large one is sent bit by bit, so that only silence is too slow, not size.
- An answer is read to its end before anybody sees it: by Content-Length, in chunks, or until the connection is closed. One that is shorter
  than it says, or is not HTTP, is an `IncompleteRead` or a `BadStatusLine`, as `http.client` raises them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import BadStatusLine, IncompleteRead, LineTooLong, RemoteDisconnected
from typing import IO, Any, Protocol

_ONE_PIECE_BYTES = 64 * 1024
_CHUNK_BYTES = 256 * 1024
_HEAD_BYTES = 256 * 1024  # of an answer, at most
_BODILESS = frozenset({204, 304})
_AGENT = "User-Agent: lyceum\r\nAccept-Encoding: identity\r\n"


class _Socket(Protocol):
    def sendall(self, data: bytes | memoryview, /) -> None: ...

    def recv(self, size: int, /) -> bytes: ...

    def settimeout(self, value: float | None, /) -> None: ...


@dataclass(slots=True, kw_only=True)
class Response:
    """What urllib3's pool and `s3_wire` need of an answer. headers: names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    length_remaining: int = 0
    version_string: str = "HTTP/1.1"
    retries: Any = None
    _connection: Any = field(default=None, repr=False)
    _pool: Any = field(default=None, repr=False)

    def release_conn(self) -> None:
        if self._connection is not None and self._pool is not None:
            self._pool._put_conn(self._connection)
            self._connection = None


class Exchange:
    """The base of a connection that speaks for itself. sock, timeout, connect and close are those of `http.client`."""

    sock: Any
    timeout: Any
    _asked = ""

    def connect(self) -> None:
        raise NotImplementedError  # urllib3's, which comes after this base

    def close(self) -> None:
        raise NotImplementedError

    def speak(
        self, method: str, url: str, body: bytes | IO[bytes] | None, headers: Mapping[str, str] | None
    ) -> None:
        """Send a request. Raises ValueError for a header that would become two, OSError when the connection breaks."""
        self._asked = method
        lines = [f"{method} {url} HTTP/1.1\r\n"]
        lines += [f"{name}: {value}\r\n" for name, value in (headers or {}).items()]
        if any(line.count("\n") != 1 or line.count("\r") != 1 for line in lines):
            raise ValueError("a header holds a line break")
        head = ("".join(lines) + _AGENT + "\r\n").encode("latin-1")
        sock: _Socket = self.sock
        sock.settimeout(self.timeout)
        if body is None or isinstance(body, bytes):
            if body is None or len(body) <= _ONE_PIECE_BYTES:
                sock.sendall(head + (body or b""))
                return
            sock.sendall(head)
            view = memoryview(body)
            for start in range(0, len(body), _CHUNK_BYTES):
                sock.sendall(view[start : start + _CHUNK_BYTES])
            return
        sock.sendall(head)
        while chunk := body.read(_CHUNK_BYTES):
            sock.sendall(chunk)

    def hear(self) -> Response:
        """The answer to what was sent, whole. A connection that will not be kept is closed."""
        self.sock.settimeout(self.timeout)
        incoming = _Incoming(self.sock)
        status = 100
        while status < 200:  # `100 Continue` and the like announce the answer
            version, status, headers = _head(incoming.head())
        coding = headers.get("transfer-encoding", "").lower()
        length = headers.get("content-length", "")
        closes = version != "HTTP/1.1" or headers.get("connection", "").lower() == "close"
        if self._asked == "HEAD" or status in _BODILESS:
            body = b""
        elif coding == "chunked":
            body = incoming.chunks()
        elif coding:
            raise BadStatusLine(f"transfer coding {coding[:40]!r}")
        elif length:
            if not (length.isascii() and length.isdigit()):
                raise BadStatusLine(f"length {length[:40]!r}")
            body = incoming.exactly(int(length))
        else:
            body, closes = incoming.rest(), True
        if closes or incoming.is_more:  # what nobody asked for must not be the start of the next answer
            self.close()
        return Response(status=status, headers=headers, body=body)


class _Incoming:
    """Bytes of an answer as they arrive."""

    def __init__(self, sock: _Socket) -> None:
        self._sock = sock
        self._here = b""

    @property
    def is_more(self) -> bool:
        return bool(self._here)

    def head(self) -> bytes:
        """All before the first empty line."""
        while (end := self._here.find(b"\r\n\r\n")) < 0:
            if len(self._here) > _HEAD_BYTES:
                raise LineTooLong("header")
            if not self._more():
                if self._here:
                    raise IncompleteRead(self._here)
                raise RemoteDisconnected("closed without an answer")
        head, self._here = self._here[:end], self._here[end + 4 :]
        return head

    def exactly(self, size: int) -> bytes:
        if len(self._here) < size:
            pieces, missing = [self._here], size - len(self._here)
            self._here = b""
            while missing > 0:
                data = self._sock.recv(min(max(missing, 1), _CHUNK_BYTES))
                if not data:
                    raise IncompleteRead(b"".join(pieces), missing)
                pieces.append(data)
                missing -= len(data)
            return b"".join(pieces)
        found, self._here = self._here[:size], self._here[size:]
        return found

    def rest(self) -> bytes:
        pieces = [self._here]
        while data := self._sock.recv(_CHUNK_BYTES):
            pieces.append(data)
        self._here = b""
        return b"".join(pieces)

    def chunks(self) -> bytes:
        pieces = []
        while True:
            word = self._line().partition(b";")[0].strip()
            try:
                size = int(word, 16)
            except ValueError as error:
                raise BadStatusLine(f"chunk {word[:40]!r}") from error
            if size <= 0:
                break
            pieces.append(self.exactly(size))
            if self.exactly(2) != b"\r\n":
                raise IncompleteRead(b"".join(pieces))
        while self._line():  # trailers
            pass
        return b"".join(pieces)

    def _line(self) -> bytes:
        while (end := self._here.find(b"\r\n")) < 0:
            if len(self._here) > _HEAD_BYTES:
                raise LineTooLong("chunk")
            if not self._more():
                raise IncompleteRead(self._here)
        line, self._here = self._here[:end], self._here[end + 2 :]
        return line

    def _more(self) -> bool:
        data = self._sock.recv(_CHUNK_BYTES)
        self._here += data
        return bool(data)


def _head(head: bytes) -> tuple[str, int, dict[str, str]]:
    """Version, status and headers. Of a header that comes twice both values stand, with a comma between them."""
    first, *lines = head.decode("latin-1").split("\r\n")
    version, _, rest = first.partition(" ")
    code = rest[:3]
    if version not in {"HTTP/1.0", "HTTP/1.1"} or len(code) != 3 or not (code.isascii() and code.isdigit()):
        raise BadStatusLine(first[:80])
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon:
            raise BadStatusLine(f"header {line[:80]!r}")
        name, value = name.lower(), value.strip()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return version, int(code), headers

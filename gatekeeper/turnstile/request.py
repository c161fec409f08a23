"""A request as it came: what llhttp read of it, and the environment that WSGI (PEP 3333) makes of that.

A header's name with an underscore is left out, as nginx does: in an environment it could not be told from one with a hyphen.
"""

from __future__ import annotations

import io
import sys
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote_to_bytes

Headers = list[tuple[bytes, bytes]]
# What the short way looks at, and what stands between two of a name.
ASKED: Final = {b"cookie": "; ", b"origin": ",", b"x-forwarded-for": ",", b"accept": ","}


@dataclass(slots=True)
class Request:
    """method: upper case. target: as sent, path and query. headers: names as sent. peer: the connection's other end.

    asked: those of `ASKED` that came, several of a name joined, as the environment has them.
    """

    method: str
    target: bytes
    headers: Headers
    asked: dict[bytes, str]
    peer: str
    keeps_alive: bool
    body: bytes = b""


def environment(request: Request, *, host: str, port: int) -> dict[str, Any]:
    """The WSGI environment. The path is decoded once."""
    path, _, query = request.target.partition(b"?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query.decode("latin-1"),
        "SERVER_NAME": host,
        "SERVER_PORT": str(port),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": request.peer,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(request.body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in request.headers:
        if b"_" in name:
            continue
        text = value.decode("latin-1")
        key = f"HTTP_{name.decode('latin-1').upper().replace('-', '_')}"
        if key == "HTTP_CONTENT_TYPE":
            environ["CONTENT_TYPE"] = text
        elif key in {"HTTP_CONTENT_LENGTH", "HTTP_TRANSFER_ENCODING"}:
            pass  # the body is here, whole
        elif key in environ:
            environ[key] += f"{'; ' if key == 'HTTP_COOKIE' else ','}{text}"
        else:
            environ[key] = text
    if request.body:
        environ["CONTENT_LENGTH"] = str(len(request.body))
    return environ

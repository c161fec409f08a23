"""The processes of the fast server: LYCEUM_WORKERS of them, each with a listening socket of its own on the same port.

The kernel shares connections out (SO_REUSEPORT). One that dies is started again. SIGTERM and Ctrl-C end all of them: answers under way
get LYCEUM_DRAIN_SECONDS, a second signal changes nothing (attack case Z18).
"""

from __future__ import annotations

import asyncio
import gc
import logging
import logging.config
import multiprocessing
import os
import signal
import socket
import sys
import time
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from typing import TYPE_CHECKING, Final

from gatekeeper.operations import logs

if TYPE_CHECKING:
    from collections.abc import Callable

    from gatekeeper.operations.front import Front
    from gatekeeper.settings import Settings

_log = logging.getLogger(__name__)

BACKLOG: Final = 2048
_ENDING: Final = (signal.SIGTERM, signal.SIGINT)
_START_AGAIN_SECONDS: Final = 1.0
_ARENAS: Final = "1"  # the loop and its few threads need no pools of memory apart, each of which grows to its own high-water mark
_COLLECT_AFTER: Final = 20_000  # requests leave hardly any cycles behind
_SWITCH_SECONDS: Final = (
    0.001  # how long another thread may keep the loop waiting; Python's own is five times that
)


def serve_fast(settings: Settings, load: Callable[[Settings, int], Front]) -> None:
    """Serves until a signal ends it. load: in each process, settings and the id of the first process → the application."""
    logging.config.dictConfig(logs.configuration(is_json=settings.operations.is_log_json))
    os.environ.setdefault("MALLOC_ARENA_MAX", _ARENAS)  # read by the C library when a process starts
    context = multiprocessing.get_context("spawn")
    is_over = False

    def end(*_: object) -> None:
        nonlocal is_over
        is_over = True

    def start() -> BaseProcess:
        process = context.Process(target=_work, args=(settings, load, os.getpid()), name="turnstile")
        process.start()
        return process

    for number in _ENDING:
        signal.signal(number, end)
    running = [start() for _ in range(settings.workers)]
    while not is_over:
        wait([process.sentinel for process in running], timeout=0.5)
        for place, process in enumerate(running):
            if not is_over and not process.is_alive():
                _log.error("a process ended by itself (%s): starting another", process.exitcode)
                time.sleep(_START_AGAIN_SECONDS)
                running[place] = start()
    _end_all(running, settings.operations.drain_seconds)


def _end_all(running: list[BaseProcess], drain_seconds: int) -> None:
    for process in running:
        process.terminate()
    deadline = time.monotonic() + drain_seconds + 2
    for process in running:
        process.join(max(0.1, deadline - time.monotonic()))
        if process.is_alive():
            _log.error("a process did not end in time")
            process.kill()
            process.join()


def _work(settings: Settings, load: Callable[[Settings, int], Front], parent: int) -> None:
    import uvloop

    logging.config.dictConfig(logs.configuration(is_json=settings.operations.is_log_json))
    sys.setswitchinterval(_SWITCH_SECONDS)
    front = load(settings, parent)
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER, 20, 20)
    uvloop.run(_serve(settings, front))
    logging.shutdown()
    sys.stderr.flush()
    os._exit(0)  # threads that wait for a mail server must not hold up the end


async def _serve(settings: Settings, front: Front) -> None:
    from gatekeeper.gate.wsgi import Gate
    from gatekeeper.turnstile.connection import Connection
    from gatekeeper.turnstile.house import House

    if not isinstance(front.inner, Gate):
        raise TypeError("the gate stands right behind the front")
    house = House(front, front.inner, host=settings.host, port=settings.port, threads=settings.threads)
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in _ENDING:
        loop.add_signal_handler(number, ended.set)
    timekeeper = loop.create_task(house.keep_time())
    await asyncio.sleep(0)  # the first second has begun
    server = await loop.create_server(lambda: Connection(house), sock=_socket(settings.host, settings.port))
    await ended.wait()
    server.close()
    await house.drain(settings.operations.drain_seconds)
    timekeeper.cancel()


def _socket(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listening = socket.socket(family, kind, protocol)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listening.bind(address)
    listening.listen(BACKLOG)
    listening.setblocking(False)
    return listening

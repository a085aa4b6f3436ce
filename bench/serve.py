"""Serving: requests a second of all vehicles, and how late the last of many streaming clients hears of a poll."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path

from pydantic import HttpUrl

from bench import rig
from bench.rig import Result
from brt_watch.capture.simulation import Simulation, simulate_into
from brt_watch.network import read_network
from brt_watch.settings import PREFIX, Settings
from brt_watch.simulate.history import history

CONNECTIONS = 16
REQUESTS = 4000
GZIP = "Accept-Encoding: gzip\r\n"

PLAIN = """
import sys, uvicorn
from fastapi import FastAPI, Response
app = FastAPI()
body = b"x" * int(sys.argv[2])
@app.get("/plain")
async def plain() -> Response:
    return Response(body)
uvicorn.run(app, port=int(sys.argv[1]), log_level="warning", access_log=False)
"""


def serve(clients: int = 1000) -> Iterator[Result]:
    """Ask for all 748 vehicles as fast as can be, against a bare route of as many bytes; then let N clients stream."""
    now = datetime.now(timezone.utc)
    with rig.folder() as data:
        settings = Settings(data=data, feed_url=HttpUrl("http://127.0.0.1:9/gps/brt"))
        start = now - timedelta(minutes=3)
        simulation = simulate_into(settings, Simulation.beginning(start))
        network = read_network()
        list(history(settings, network, simulation, start, now))
        port, plain_port = rig.free_port(), rig.free_port()
        ours = [sys.executable, "-m", "brt_watch", "serve", "--port", str(port)]
        with _running(ours, port, data, "/api/v1/vehicles"):
            first, size = asyncio.run(_one(port, "/api/v1/vehicles"))
            assert first.startswith(b"HTTP/1.1 200"), first
            plain = [sys.executable, "-c", PLAIN, str(plain_port), str(size)]
            with _running(plain, plain_port, data, "/plain"):
                rates = [
                    (asyncio.run(_rate(port, "/api/v1/vehicles")), asyncio.run(_rate(plain_port, "/plain")))
                    for _ in range(3)
                ]
            note = f"{size} compressed bytes each, {CONNECTIONS} connections, the load program on the same machine"
            yield Result(
                "serve_vehicles",
                "requests/s",
                sorted(rate for rate, _ in rates)[1],
                sorted(rate for _, rate in rates)[1],
                f"{note}; plain: a bare FastAPI route of as many bytes",
            )

            def poll() -> float:
                end = datetime.now(timezone.utc) + timedelta(seconds=20)
                list(history(settings, network, simulation, start, end))
                return time.perf_counter()

            spread, delay = asyncio.run(_stream(port, clients, poll))
            note = f"{clients} clients on one process, of which the last hears of a poll"
            yield Result("serve_stream_spread", "ms", 1000 * spread, None, f"{note} so long after the first")
            yield Result("serve_stream_delay", "ms", 1000 * delay, None, f"{note} so long after it was on disk")


@contextmanager
def _running(command: list[str], port: int, data: Path, path: str) -> Iterator[None]:
    environment = rig.clean_environment() | {f"{PREFIX}DATA": str(data), f"{PREFIX}POSTGRES_PORT": str(rig.free_port())}
    with Path(os.devnull).open("w") as nowhere:
        process = subprocess.Popen(command, env=environment, stdout=nowhere, stderr=nowhere)
    try:
        asyncio.run(_until_it_answers(port, path))
        yield
    finally:
        process.terminate()
        process.wait(timeout=30)


async def _until_it_answers(port: int, path: str) -> None:
    for _ in range(600):
        try:
            status, _ = await _one(port, path)
            if not status.startswith(b"HTTP/1.1 503"):
                return
        except OSError:
            pass
        await asyncio.sleep(0.1)
    raise TimeoutError("the server does not come up")


async def _one(port: int, path: str) -> tuple[bytes, int]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        return await _ask(reader, writer, path)
    finally:
        writer.close()


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str) -> tuple[bytes, int]:
    writer.write(f"GET {path} HTTP/1.1\r\nHost: bench\r\n{GZIP}\r\n".encode())
    head = await reader.readuntil(b"\r\n\r\n")
    size = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    await reader.readexactly(size)
    return head, size


async def _rate(port: int, path: str) -> float:
    async def client() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
        for _ in range(REQUESTS // CONNECTIONS):
            await _ask(reader, writer, path)
        writer.close()

    begin = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(CONNECTIONS)))
    return REQUESTS / (time.perf_counter() - begin)


async def _stream(port: int, clients: int, poll: object) -> tuple[float, float]:
    """Return the seconds from the first client that hears of a poll to the last, and from the disk to the last."""
    heard: list[float] = []
    connected = 0

    async def client() -> None:
        nonlocal connected
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
        writer.write(f"GET /api/v1/stream HTTP/1.1\r\nHost: bench\r\n{GZIP}\r\n".encode())
        await reader.readuntil(b"\r\n\r\n")
        # The header of gzip, then all vehicles: each a chunk of HTTP.
        await _chunk(reader)
        await _chunk(reader)
        connected += 1
        # A comment keeps the connection, an event is longer.
        while await _chunk(reader) < 100:
            pass
        heard.append(time.perf_counter())
        writer.close()

    tasks = [asyncio.create_task(client()) for _ in range(clients)]
    while connected < clients:
        await asyncio.sleep(0.05)
    written = await asyncio.to_thread(poll)  # type: ignore[arg-type]
    await asyncio.gather(*tasks)
    return heard[-1] - heard[0], heard[-1] - written


async def _chunk(reader: asyncio.StreamReader) -> int:
    size = int(await reader.readuntil(b"\r\n"), 16)
    await reader.readexactly(size + 2)
    return size

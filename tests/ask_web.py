"""Ask the web in this process, without a port."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import httpx
from fastapi import FastAPI


def ask(app: FastAPI, path: str, method: str = "GET", **headers: str) -> httpx.Response:
    """Return the answer to a request."""

    async def answer() -> httpx.Response:
        # An internal error is an answer too, as it is behind a server.
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.request(method, path, headers=headers)

    # In a thread of its own: in a process that has looked through a browser Playwright's loop runs in this one.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, answer()).result()

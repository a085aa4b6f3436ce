from __future__ import annotations

import socket
from random import SystemRandom

BELOW_THE_CLIENTS = range(20_000, 32_000)
"""Ports that no system gives to a client, so that nobody's outgoing connection takes a free one meanwhile."""


def free_port() -> int:
    """Return a free loopback port. Processes that ask at the same time get different ones, but for rare chance."""
    chance = SystemRandom()
    while True:
        port = chance.choice(BELOW_THE_CLIENTS)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port

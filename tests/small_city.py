"""A city of three lines, for what does not depend on how many buses drive: its day costs a tenth of the whole BRT's."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from brt_watch.network import Network, read_network

LINES = ("22", "50", "51")


def small_city(lines: Collection[str] = LINES) -> Network:
    """Return the network with these lines and their paths alone; the fleet, stations and garages stay."""
    whole = read_network()
    return replace(
        whole,
        lines={line: whole.lines[line] for line in lines},
        paths={key: path for key, path in whole.paths.items() if path.linha in lines},
    )

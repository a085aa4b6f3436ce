"""A city of three lines, for what does not depend on how many buses drive: its day costs a tenth of the whole BRT's."""

from __future__ import annotations

from dataclasses import replace

from brt_watch.network import Network, read_network

LINES = ("22", "50", "51")


def small_city() -> Network:
    """Return the network with the lines and paths of LINES alone; the fleet, stations and garages stay."""
    whole = read_network()
    return replace(
        whole,
        lines={line: whole.lines[line] for line in LINES},
        paths={key: path for key, path in whole.paths.items() if path.linha in LINES},
    )

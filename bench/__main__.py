"""Benchmarks: ours beside the plain way, in the same run. Prints a line of JSON a result.

    python -m bench                    all of them, a minute each
    python -m bench load view=40       these; a number after = is the N of their description

Times are medians of interleaved rounds. Nothing here fails because something is slow.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Callable, Iterator

import structlog

from bench import rig
from bench.forecasts import forecasts
from bench.lake import lake, lake_import, lake_models, postgres_import
from bench.likeness import likeness
from bench.live import live
from bench.load import load
from bench.memory_and_start import memory_and_start
from bench.rebuild import rebuild
from bench.refresh import refresh
from bench.rig import Result
from bench.score import score
from bench.serve import serve
from bench.simulate import hold, simulate_day, simulate_scale
from bench.store_poll import store_poll, store_poll_flat
from bench.transform import transform
from bench.view import view
from bench.year import year

BENCHMARKS: dict[str, Callable[..., Iterator[Result]]] = {
    benchmark.__name__: benchmark
    for benchmark in (
        *(store_poll, store_poll_flat, load, rebuild, view, transform, refresh, memory_and_start, serve),
        *(live, simulate_day, simulate_scale, hold, likeness, score, forecasts),
        *(lake, lake_models, lake_import, postgres_import, year),
    )
}


def main() -> None:
    """Run the benchmarks that were asked for."""
    described = "\n".join(f"  {name:<18} {benchmark.__doc__}" for name, benchmark in BENCHMARKS.items())
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description=__doc__,
        epilog=f"benchmarks:\n{described}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME[=N]", default=list(BENCHMARKS))
    asked = [name.partition("=") for name in parser.parse_args().names]
    if unknown := [name for name, _, number in asked if name not in BENCHMARKS or (number and not number.isdigit())]:
        parser.error(f"{', '.join(unknown)}: choose from {', '.join(BENCHMARKS)}; N is a whole number")
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    print(rig.machine(), flush=True)
    for name, _, number in asked:
        for result in BENCHMARKS[name](*([int(number)] if number else [])):
            print(result.line(), flush=True)


if __name__ == "__main__":
    main()

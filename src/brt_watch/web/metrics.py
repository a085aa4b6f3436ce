"""Metrics for Prometheus, collected on request."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from brt_watch.web.dependencies import Dependencies

Counted = Mapping[tuple[str, int], int]
"""Requests by method and status."""


def render(deps: Dependencies, counted: Counted) -> bytes:
    """Return the numbers as text."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Numbers(deps, counted))
    return generate_latest(registry)


class _Numbers(Collector):
    def __init__(self, deps: Dependencies, counted: Counted) -> None:
        self._deps = deps
        self._counted = counted

    def collect(self) -> Iterator[Metric]:
        """Yield the current values."""
        live = self._deps.live
        age = live.age()
        if live.snapshot and age:
            yield _gauge("brt_watch_poll_age_seconds", "Since the newest good poll.", age.total_seconds())
            vehicles = live.snapshot.vehicles.values()
            by_status = Counter(vehicle.status or "desconhecido" for vehicle in vehicles)
            by_age = Counter(vehicle.classe_idade for vehicle in vehicles)
            yield _gauges("brt_watch_vehicles", "Vehicles by what they do.", "status", by_status)
            yield _gauges("brt_watch_vehicles_by_age", "Vehicles by the age of their signal.", "classe_idade", by_age)
        yield _gauge("brt_watch_database_up", "Whether the last question to Postgres was answered.",
                     0.0 if self._deps.history.problem else 1.0)  # fmt: skip
        yield _gauge("brt_watch_stream_clients", "Clients that stream.", live.clients)
        waiting = len(self._deps.resources.files.closed_windows())
        yield _gauge("brt_watch_windows_waiting", "Closed windows that wait to be loaded.", waiting)
        requests = CounterMetricFamily("brt_watch_http_requests", "Requests answered.", labels=["method", "status"])
        for (method, status), number in sorted(self._counted.items()):
            requests.add_metric([method, str(status)], number)
        yield requests


def _gauge(name: str, what: str, value: float) -> Metric:
    return GaugeMetricFamily(name, what, value=value)


def _gauges(name: str, what: str, label: str, values: Mapping[Any, int]) -> Metric:
    family = GaugeMetricFamily(name, what, labels=[label])
    for key, value in sorted(values.items()):
        family.add_metric([key], value)
    return family

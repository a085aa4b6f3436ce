"""Which models the live engine creates, and when it derives each of them again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from brt_watch.transform.compiled import Compiled, Model

MOVING = {"brt_raw", "brt_poll"}
"""What changes with each poll; the models that stand on neither are derived once."""

FIRST = "veiculos_agora"
"""What the clients that stream wait for."""


@dataclass(frozen=True)
class Plan:
    """The models of the live engine, each after its inputs."""

    models: list[Model]
    first: list[Model]
    """The tables that `FIRST` stands on: derived after each poll, directly after `gps_brt`."""
    rest: list[Model]
    """The other tables that are derived after each poll."""
    context: list[Model]
    """The tables that `gps_brt` is derived from."""
    apart: list[list[Model]]
    """The tables that are derived apart from the polls; each list is one transaction."""

    @classmethod
    def of(cls, compiled: Compiled) -> Plan:
        """Return the plan for the models marked live."""
        below, above = compiled.below("gps_brt"), compiled.standing_on("gps_brt")
        live = [model for model in compiled.models if model.live]
        needed = compiled.below("gps_brt", *(model.name for model in live))
        of_a_poll = compiled.below(*(model.name for model in live if not model.apart))
        models = [model for model in compiled.models if model.name in needed]
        moving = set(MOVING)
        of_first = compiled.below(FIRST)
        first: list[Model] = []
        rest: list[Model] = []
        apart: list[Model] = []
        context: list[Model] = []
        for model in models:
            if model.trained or not moving & set(model.reads):
                continue
            moving.add(model.name)
            if model.kind != "table" or model.name == "gps_brt":
                continue
            if model.name in below:
                context.append(model)
            elif model.name in above or model.live:
                (first if model.name in of_first else rest if model.name in of_a_poll else apart).append(model)
        steps = _steps(apart, moving - {model.name for model in apart})
        return cls(models, first, rest, context, list(steps))

    @property
    def trained(self) -> list[Model]:
        """The models whose rows are read from the files of the newest training."""
        return [model for model in self.models if model.trained]


def _steps(models: list[Model], moving: set[str]) -> Iterator[list[Model]]:
    """Split models into what is one transaction: those that read moving tables, each one between, those that are live.

    DuckDB knows nothing of the values in a table that the same transaction made, and joins it in an order that takes
    five times as long: 34 instead of 6.5 s of processor for three hours."""
    first = max((number for number, model in enumerate(models, 1) if moving & set(model.reads)), default=0)
    last = next((number for number, model in enumerate(models) if number >= first and model.live), len(models))
    yield from (models[:first], *([model] for model in models[first:last]), models[last:])

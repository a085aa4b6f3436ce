"""Increments on the lake: after windows in any order its models are those of a full refresh."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import duckdb

from brt_watch import pipeline
from brt_watch.archive.lake_models import LakeModels
from brt_watch.resources import Resources
from tests.integration.conftest import share_parsed
from tests.integration.marts import on_lake
from tests.integration.test_transform import (
    CUT,
    CUT_AFTER_EACH,
    DERIVED,
    ONLY_DERIVED,
    POLL,
    VIEWS_STAY,
    assert_trips_go_through_the_turn,
    night_of_shuttles,
    without_run,
)


def test_a_day_after_a_cut_equals_a_full_refresh_on_the_lake(make_resources: Callable[..., Resources]) -> None:
    """A late window changes a trip that began before it and one that ends behind it."""
    resources = make_resources(database_url="none", poll_seconds=POLL.seconds)
    share_parsed(resources)
    cut = []
    for number, loaded in enumerate(night_of_shuttles(resources)):
        for folder in loaded:
            pipeline.load(folder, resources)
        pipeline.transform(resources, *ONLY_DERIVED, *((VIEWS_STAY, "tag:rede") if number else ()))
        cut += found(resources, CUT)
    assert [days["all_days"] for days in cut] == CUT_AFTER_EACH
    increments = derived(resources)
    assert all(increments)
    pipeline.transform(resources, "--full-refresh", *ONLY_DERIVED, "tag:rede")
    assert derived(resources) == increments
    assert_trips_go_through_the_turn(increments[0], increments[2])
    assert len(on_lake(resources, "passagens")) == len(increments[1])


def derived(resources: Resources) -> list[list[dict[str, Any]]]:
    return [without_run(found(resources, f"select * from {model}")) for model in (*DERIVED, "gps_brt")]


def found(resources: Resources, query: str) -> list[dict[str, Any]]:
    """Return rows of the file that dbt fills, in which the models between are too."""
    with duckdb.connect(str(LakeModels(resources.lake).file), read_only=True) as models:
        rows = models.execute(f"use public; set TimeZone = 'UTC'; {query}")
        names = [column[0] for column in rows.description or ()]
        return [dict(zip(names, row, strict=True)) for row in rows.fetchall()]

"""The dependencies of the pipeline's steps."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from brt_watch.archive.lake import Lake
from brt_watch.archive.lake_models import LakeModels
from brt_watch.capture.alerts import Webhook
from brt_watch.capture.capture import Capture
from brt_watch.capture.fetch import Client
from brt_watch.capture.files import CaptureFiles
from brt_watch.feeds import feed_named
from brt_watch.network.city import City, city_of
from brt_watch.settings import Settings
from brt_watch.store.database import Store


@dataclass(frozen=True)
class Resources(Capture):
    """The capture, and one object for each outside system that the later steps use."""

    store: Store
    webhook: Webhook
    on_lake: bool = False
    """Whether to derive the models on the lake even when there is a Postgres."""
    name: str = ""
    """The name of a further feed; empty for the first one."""
    further: tuple[Resources, ...] = ()
    """The feeds captured and loaded beside this one, each in its own folder and schema."""

    @classmethod
    def from_settings(cls, settings: Settings) -> Resources:
        """Return the resources for the settings."""
        webhook = _webhook(settings)
        further = tuple(
            _resources(settings.of(each), Store(settings, each.name), webhook, each.name) for each in settings.further
        )
        return _resources(settings, Store(settings), webhook, further=further)

    @property
    def feeds(self) -> tuple[Resources, ...]:
        """The resources of every feed, beginning with the first feed."""
        return (self, *self.further)

    def of(self, folder: Path) -> Resources:
        """Return the resources of a window's feed."""
        owners = (each for each in self.further if folder.is_relative_to(each.files.data))
        return next(owners, self)

    @property
    def city(self) -> City:
        """The city of the data folder: that of its GTFS, else Rio."""
        return city_of(self.settings.folder.parents[1] if self.name else self.settings.folder)

    @property
    def lake(self) -> Lake:
        """The lake of the data folder."""
        return Lake(self.settings.folder / "lake", self.city.zone)

    @property
    def models(self) -> Store | LakeModels:
        """Where the models are derived: in Postgres, or on the lake."""
        on_lake = self.on_lake or not self.settings.uses_postgres
        return LakeModels(self.lake) if on_lake else self.store


def _resources(
    settings: Settings, store: Store, webhook: Webhook, name: str = "", further: tuple[Resources, ...] = ()
) -> Resources:
    feed, clock = feed_named(settings.feed), settings.time
    client = Client(str(settings.feed_url), clock, settings.max_response_bytes, feed.accept)
    files = CaptureFiles(settings.folder, settings.feed_name, feed)
    return Resources(settings, clock, client, files, store, webhook, name=name, further=further)


def _webhook(settings: Settings) -> Webhook:
    files, folder = CaptureFiles(settings.folder, settings.feed_name), settings.folder.name
    return Webhook(settings.alert_webhook.get_secret_value(), lambda: f"{files.capturer}, {folder}")

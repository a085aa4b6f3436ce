"""What the steps of the pipeline work with."""

from __future__ import annotations

from dataclasses import dataclass

from brt_watch.archive.lake import Lake
from brt_watch.archive.lake_models import LakeModels
from brt_watch.capture.alerts import Webhook
from brt_watch.capture.capture import Capture
from brt_watch.capture.fetch import Client
from brt_watch.capture.files import CaptureFiles
from brt_watch.feeds.brt import FEED as BRT
from brt_watch.settings import Settings
from brt_watch.store.database import Store


@dataclass(frozen=True)
class Resources(Capture):
    """The capture, and one object for each thing outside that the later steps use."""

    store: Store
    webhook: Webhook
    on_lake: bool = False
    """Whether the models are to be derived on the lake, also when there is a Postgres."""

    @classmethod
    def from_settings(cls, settings: Settings) -> Resources:
        """Return the resources that the settings describe."""
        clock, feed_url = settings.time, str(settings.feed_url)
        client = Client(feed_url, clock, settings.max_response_bytes, BRT.accept)
        files = CaptureFiles(settings.folder, settings.feed_name)
        address, folder = settings.alert_webhook.get_secret_value(), settings.folder.name
        webhook = Webhook(address, lambda: f"{files.capturer}, {folder}")
        return cls(settings, clock, client, files, Store(settings), webhook)

    @property
    def lake(self) -> Lake:
        """The lake of the data folder."""
        return Lake(self.settings.folder / "lake")

    @property
    def models(self) -> Store | LakeModels:
        """Where the models are derived: in Postgres, or on the lake."""
        on_lake = self.on_lake or not self.settings.uses_postgres
        return LakeModels(self.lake) if on_lake else self.store

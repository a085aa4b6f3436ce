"""Send alerts to a webhook of Discord or Slack, or as plain JSON to any other address."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import httpx
import structlog

from brt_watch.capture.contract import Alert
from brt_watch.masking import masked

log = structlog.get_logger()

PATIENCE_SECONDS = 3.0
"""Timeout of a webhook; the ledger and the log have the alert in any case."""


class Webhook:
    """Where alerts are sent; without an address, nowhere. `sender` is called when there is an alert to send."""

    def __init__(self, url: str, sender: Callable[[], str]) -> None:
        self.url = url
        self.sender = sender

    def send(self, alerts: Sequence[Alert], patience_seconds: float = PATIENCE_SECONDS) -> None:
        """Log the alerts and send them, waiting `patience_seconds` at most; a failed webhook is logged."""
        for alert in alerts:
            level = log.error if alert.event == "raised" else log.info
            level("alert", what=alert.event, code=alert.code, subject=alert.subject, detail=alert.detail)
        if self.url and alerts:
            # Not a daemon thread: a process that is about to end (capture --once) sends the alert first.
            sending = threading.Thread(target=self._post, args=(alerts,))
            sending.start()
            sending.join(patience_seconds)

    def _post(self, alerts: Sequence[Alert]) -> None:
        for alert in alerts:
            try:
                httpx.post(self.url, json=self._message(alert), timeout=PATIENCE_SECONDS).raise_for_status()
            except Exception as error:  # noqa: BLE001 (a proxy or certificate that is unusable is no HTTPError)
                # Without the address, which is a secret.
                log.warning("alert.not_sent", code=alert.code, problem=type(error).__name__)

    def _message(self, alert: Alert) -> dict[str, Any]:
        sender = self.sender()
        text = masked(f"brt-watch ({sender}): {alert.text}")
        host = httpx.URL(self.url).host
        if host.endswith(("discord.com", "discordapp.com")):
            return {"content": text}
        if host.endswith("slack.com"):
            return {"text": text}
        return {
            "text": text,
            "sender": sender,
            "event": alert.event,
            "code": alert.code,
            "subject": alert.subject,
            "detail": masked(alert.detail),
            "since": alert.since.isoformat(),
        }

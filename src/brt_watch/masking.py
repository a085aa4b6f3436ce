"""Mask passwords in every text that leaves the process: messages, logs, alerts."""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import MutableMapping
from typing import Any

MASK = "***"

# Greedy up to the last @ of the word: a password may hold an @ itself.
_IN_ADDRESS = re.compile(r"(?P<before>\b[a-z][a-z0-9+.\-]*://[^\s:/?#@]*:)\S*@", re.IGNORECASE)
_AS_PARAMETER = re.compile(r"(?P<before>\b\w*password\s*=\s*)('(?:[^'\\]|\\.)*'|[^\s&'\"]+)", re.IGNORECASE)


def masked(text: str) -> str:
    """Return the text with the password of every address (scheme://user:password@host) and password=... masked."""
    text = _IN_ADDRESS.sub(rf"\g<before>{MASK}@", text)
    return _AS_PARAMETER.sub(rf"\g<before>{MASK}", text)


def mask_event(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Mask every text of a log event (a processor of structlog)."""
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = masked(value)
    return event


class MaskingFilter(logging.Filter):
    """Mask the message and the traceback of each record of a handler of Python's logging."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Mask the record in place, and let it pass."""
        record.msg, record.args = masked(record.getMessage()), ()
        if record.exc_info and not record.exc_text:
            record.exc_text = "".join(traceback.format_exception(*record.exc_info)).rstrip()
        if record.exc_text:
            record.exc_text = masked(record.exc_text)
        return True

"""Mask passwords in every text that leaves the process: messages, logs, alerts."""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import MutableMapping
from typing import Any

MASK = "***"

EXAMPLE = "postgresql://user:password@host/database"
"""The form of an address, for messages: the only address that is not masked."""

_QUOTED = r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\""""
_PATTERNS = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        # Greedy up to the last @ of the word: a password may contain an @ itself.
        rf"(?!{re.escape(EXAMPLE)})(?P<before>\b[a-z][a-z0-9+.\-]*://[^\s:/?#@]*:)\S*(?P<after>@)",
        # A password that contains blanks; text that looks like a port is not a password.
        rf"(?!{re.escape(EXAMPLE)})(?P<before>\b[a-z][a-z0-9+.\-]*://[^\s:/?#@]*:)"
        r"(?!\d+(?:[^\w\s]|\s|$))[^\s@]*\s[^\n]{0,200}?(?P<after>@)(?!\S*@)",
        # A token in place of the user; Postgres has none, and its user is not secret.
        r"(?P<before>\bhttps?://)[^\s:/?#@]+(?P<after>@)",
        rf"(?P<before>\b\w*passw(?:or)?d\s*=\s*)(?:{_QUOTED}|[^\s&'\"]+)(?P<after>)",
        rf"(?P<before>\b\w*passw(?:or)?d['\"]\s*:\s*)(?:{_QUOTED}|[^\s,'\"}}]+)(?P<after>)",
        r"(?P<before>[?&](?:key|sig|signature|[\w-]*(?:token|secret|api[_-]?key))=)[^\s&#'\"]+(?P<after>)",
    )
]


def masked(text: str) -> str:
    """Return the text with passwords and tokens masked: in addresses, password=... and 'password': ..."""
    for pattern in _PATTERNS:
        text = pattern.sub(rf"\g<before>{MASK}\g<after>", text)
    return text


def mask_event(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Mask every text of a log event (a processor of structlog)."""
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = masked(value)
    return event


class MaskingFilter(logging.Filter):
    """Mask the message and the traceback of each record of a Python logging handler."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Mask the record in place, and let it pass."""
        record.msg, record.args = masked(record.getMessage()), ()
        if record.exc_info and not record.exc_text:
            record.exc_text = "".join(traceback.format_exception(*record.exc_info)).rstrip()
        if record.exc_text:
            record.exc_text = masked(record.exc_text)
        return True

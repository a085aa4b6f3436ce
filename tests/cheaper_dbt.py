"""dbt as the tests run it: what it does again and again with the same text it does once in a process.

Its results are the same; it takes a fifth of the time less.
"""

from __future__ import annotations

from types import CodeType
from typing import Any


def cheapen() -> None:
    """Let dbt keep what it has parsed and compiled, and format no line of its log that it then throws away."""
    from dbt_common.clients.jinja import MacroFuzzEnvironment
    from dbt_common.events.logger import PRINT_EVENT_NAMES, _log_level_map, _Logger
    from dbt_common.tests import enable_test_caching

    enable_test_caching()
    compiled: dict[Any, CodeType] = {}
    compile_, write_line = MacroFuzzEnvironment.compile, _Logger.write_line

    def compile_once(self: Any, source: Any, *arguments: Any, **named: Any) -> Any:
        if not isinstance(source, str) or arguments or named:
            return compile_(self, source, *arguments, **named)
        key = type(self), source
        if key not in compiled:
            compiled[key] = compile_(self, source)
        return compiled[key]

    levels = {level.value: number for level, number in _log_level_map.items()}

    def write_if_seen(self: Any, message: Any) -> None:
        log, info = self._python_logger, message.info
        if info.name in PRINT_EVENT_NAMES or (log and log.isEnabledFor(levels[info.level])):
            write_line(self, message)

    MacroFuzzEnvironment.compile = compile_once
    _Logger.write_line = write_if_seen

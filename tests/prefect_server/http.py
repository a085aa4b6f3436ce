"""The server on a loopback port: GraphQL checked against the schema, and what was refused kept for the test."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.prefect_server.server import PrefectServer


@cache
def schema() -> Any:
    # Imported here: all processes of a test run would take half a second longer to start.
    from graphql import build_schema

    return build_schema((Path(__file__).parent / "schema.graphql").read_text())


class PrefectApi:
    """The API at `url`, in front of a server."""

    def __init__(self, server: PrefectServer) -> None:
        self.server = server
        self.lock = threading.RLock()
        self.operations: Counter[str] = Counter()
        self.refused: list[str] = []
        self.url = ""
        self._port = 0

    @contextmanager
    def running(self) -> Iterator[PrefectApi]:
        """Answer as long as this lasts; started again it has the same address."""
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: Any) -> None:
                pass

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, answer = api.answer(self.path, json.loads(body), self.headers["X-PREFECT-CORE-VERSION"])
                data = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        class Server(ThreadingHTTPServer):
            daemon_threads = True

        with Server(("127.0.0.1", self._port), Handler) as httpd:
            self._port = httpd.server_port
            self.url = f"http://127.0.0.1:{self._port}"
            threading.Thread(target=httpd.serve_forever, args=(0.05,)).start()
            try:
                yield self
            finally:
                httpd.shutdown()

    def answer(self, path: str, request: dict[str, Any], core_version: str | None) -> tuple[int, dict[str, Any]]:
        """Return the answer to a request, and its HTTP status."""
        from graphql import GraphQLError, graphql_sync

        if path != "/" or core_version != "0.15.9":
            return self._refuse(f"{path} asked by Prefect {core_version}")
        variables = json.loads(request.get("variables") or "{}")
        with self.lock:
            try:
                self._count(request["query"])
            except GraphQLError as error:
                return self._refuse(f"{error}: {request['query']}")
            result = graphql_sync(schema(), request["query"], self.server, variable_values=variables)
        errors = [error.formatted for error in result.errors or []]
        if any(error.original_error is None for error in result.errors or []):
            # Not of the schema: an operation, a field or an argument that the double does not know.
            return self._refuse(f"{errors}: {request['query']}")
        unforeseen = [error for error in result.errors or [] if not isinstance(error.original_error, ValueError)]
        self.refused += [f"{error.original_error!r}: {request['query']}" for error in unforeseen]
        return 200, {"data": result.data} | ({"errors": errors} if errors else {})

    def _count(self, query: str) -> None:
        from graphql import parse

        for definition in parse(query).definitions:
            for field in definition.selection_set.selections:  # type: ignore[attr-defined]
                self.operations[field.name.value] += 1

    def _refuse(self, why: str) -> tuple[int, dict[str, Any]]:
        self.refused.append(why)
        return 400, {"errors": [{"message": why, "extensions": {}}], "data": None}

"""HTTP to a language-model server: one request a connection, answers read line by line.

Standard library alone. Every failure becomes a `ServerFault` with one sentence; what a server
writes in its errors is never repeated, because it may hold the request. A connection can be cut
from another thread at any moment, also while it waits. Redirects are not followed.
"""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import json
import socket
import ssl
import threading
import time
import urllib.parse
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from omoai_engine.errors import ConfigError
from omoai_engine.text import one_line

_SETTING = "llm.server_url"
_MAX_LINE_BYTES = 1 << 20
_MAX_BODY_BYTES = 16 << 20
_MAX_RETRY_AFTER_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server is. `base` is the path of the OpenAI interface (`/v1`), `root` what stands
    before it; `unix` the path of a socket, or empty. `shown` holds no password."""

    secure: bool
    host: str
    port: int
    unix: str
    root: str
    base: str
    shown: str

    @property
    def on_this_machine(self) -> bool:
        """Whether no other machine is asked: a socket, `localhost` or a loopback number."""
        if self.unix or self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


class ServerFault(Exception):  # noqa: N818 - becomes an error, or a new try
    """Why an exchange failed. `again`: another try may help; `whole`: no request can succeed;
    `refused`: the server understood and does not want it (HTTP 400, 422)."""

    def __init__(
        self,
        what: str,
        *,
        hint: str = "",
        again: bool = False,
        whole: bool = False,
        refused: bool = False,
        wait: float | None = None,
    ) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint
        self.again = again
        self.whole = whole
        self.refused = refused
        self.wait = wait


def parse_address(url: str) -> Address:
    """Return the address of `http://host:8000/v1`, `https://...` or `unix:/path/to/socket`.

    Raises `ConfigError`.
    """
    hint = "Write it as http://localhost:8000/v1, or as unix:/path/to/socket"
    unusable = ConfigError("the server's address cannot be used", where=_SETTING, hint=hint)
    try:
        parts = urllib.parse.urlsplit(url.strip())
        port = parts.port
    except ValueError:
        raise ConfigError(
            "the server's address cannot be read", where=_SETTING, hint=hint
        ) from None
    if parts.scheme == "unix" and parts.path.startswith("/"):
        return Address(False, "localhost", 0, parts.path, "", "/v1", f"unix:{one_line(parts.path)}")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise unusable
    if parts.username or parts.password:
        raise ConfigError(
            "the server's address holds a name or a password",
            where=_SETTING,
            hint="Give the key as OMOAI_LLM__API_KEY",
        )
    path = parts.path.rstrip("/").removesuffix("/chat/completions").rstrip("/")
    base = path or "/v1"
    secure = parts.scheme == "https"
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    named = f"{host}:{port}" if port else host
    return Address(
        secure=secure,
        host=parts.hostname,
        port=port or (443 if secure else 80),
        unix="",
        root=base.removesuffix("/v1"),
        base=base,
        shown=one_line(f"{parts.scheme}://{named}{base}"),
    )


class Exchange:
    """One request and its answer. `cut` ends it from any thread; `touched` is when something
    useful last happened (monotonic seconds)."""

    def __init__(self, address: Address, headers: Mapping[str, str], timeout: float) -> None:
        self._address = address
        self._headers = dict(headers)
        self._timeout = timeout
        self._lock = threading.Lock()
        # The connection forgets its socket when the answer begins; we need it to cut that, too.
        self._socket: socket.socket | None = None
        self.is_cut = False
        self.touched = time.monotonic()

    def cut(self) -> None:
        """Close the connection at once."""
        with self._lock:
            self.is_cut = True
            _shut(self._socket)

    def touch(self) -> None:
        """Note that something useful happened."""
        self.touched = time.monotonic()

    def json(self, method: str, path: str, body: Any = None) -> Any:
        """Return the JSON answer. Raises `ServerFault`."""
        with self._answer(method, path, body) as response:
            try:
                return json.loads(response.read(_MAX_BODY_BYTES))
            except (ValueError, RecursionError):
                raise _no_api(self._address) from None

    def events(self, path: str, body: Any) -> Generator[Any, None, None]:
        """Yield every JSON event of a streamed answer; None stands for its proper end. A server
        that answers in one piece gives one event. Raises `ServerFault`."""
        with self._answer("POST", path, body) as response:
            kind = (response.headers.get("Content-Type") or "").partition(";")[0].strip().lower()
            if kind != "text/event-stream":
                try:
                    yield json.loads(response.read(_MAX_BODY_BYTES))
                except (ValueError, RecursionError):
                    raise _no_api(self._address) from None
                yield None
                return
            while line := response.readline(_MAX_LINE_BYTES):
                field, _, value = line.strip().partition(b":")
                if field != b"data":
                    continue
                value = value.strip()
                if value == b"[DONE]":
                    yield None
                    return
                try:
                    yield json.loads(value)
                except (ValueError, RecursionError):
                    raise ServerFault(
                        f"the server at {self._address.shown} sent an answer that is not JSON",
                        again=True,
                    ) from None

    @contextlib.contextmanager
    def _answer(self, method: str, path: str, body: Any) -> Iterator[http.client.HTTPResponse]:
        connection = _connection(self._address, self._timeout)
        try:
            connection.connect()
            with self._lock:
                if self.is_cut:
                    raise ServerFault("the exchange was ended")
                self._socket = connection.sock
            data = None if body is None else json.dumps(body, ensure_ascii=True).encode()
            connection.request(method, path, data, self._headers)
            response = connection.getresponse()
            self.touch()
            if response.status != http.client.OK:
                raise _refusal(response, self._address)
            yield response
        except (OSError, http.client.HTTPException, AttributeError, ValueError) as error:
            # A connection that another thread closed fails in any of these ways.
            if self.is_cut:
                raise ServerFault("the exchange was ended") from None
            raise _fault(error, self._address, self._timeout) from None
        finally:
            with self._lock:
                self._socket = None
            connection.close()


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def _connection(address: Address, timeout: float) -> http.client.HTTPConnection:
    if address.unix:
        return _UnixConnection(address.unix, timeout)
    if address.secure:
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(
            address.host, address.port, timeout=timeout, context=context
        )
    return http.client.HTTPConnection(address.host, address.port, timeout=timeout)


def _shut(open_socket: socket.socket | None) -> None:
    # To close it would leave a thread that reads from it waiting.
    if open_socket is not None:
        with contextlib.suppress(OSError):
            open_socket.shutdown(socket.SHUT_RDWR)


def _refusal(response: http.client.HTTPResponse, address: Address) -> ServerFault:
    status, shown = response.status, address.shown
    if status in (401, 403):
        return ServerFault(
            f"the server at {shown} does not accept the API key (HTTP {status})",
            hint="Set the right one as OMOAI_LLM__API_KEY",
            whole=True,
        )
    if status == 404:
        return ServerFault(
            f"the server at {shown} has no such address or model (HTTP 404)",
            hint="Check llm.server_url, which mostly ends with /v1, and llm.server_model",
            whole=True,
        )
    if status in (400, 413, 422):
        return ServerFault(
            f"the server at {shown} refuses the request (HTTP {status})", refused=True
        )
    if 300 <= status < 400:
        return ServerFault(
            f"the server at {shown} sends us to another address (HTTP {status})",
            hint=f"Set {_SETTING} to that address",
            whole=True,
        )
    if status == 429:
        return ServerFault(
            f"the server at {shown} has too much to do (HTTP 429)",
            hint="Try again later",
            again=True,
            wait=_retry_after(response),
        )
    return ServerFault(
        f"the server at {shown} failed (HTTP {status})",
        hint="See the server's own log",
        again=status >= 500,
        wait=_retry_after(response),
    )


def _retry_after(response: http.client.HTTPResponse) -> float | None:
    try:
        seconds = float(response.headers.get("Retry-After") or "")
    except ValueError:
        return None
    return min(seconds, _MAX_RETRY_AFTER_SECONDS) if seconds >= 0 else None


def _fault(error: Exception, address: Address, timeout: float) -> ServerFault:
    shown = address.shown
    start = "Start it, or correct llm.server_url"
    if isinstance(error, ConnectionRefusedError | FileNotFoundError):
        return ServerFault(f"no server answers at {shown}", hint=start, again=True, whole=True)
    if isinstance(error, socket.gaierror):
        return ServerFault(
            f"the name of the server at {shown} is not known", hint=start, whole=True
        )
    if isinstance(error, ssl.SSLError):
        return ServerFault(
            f"the server at {shown} cannot be trusted, or does not speak TLS",
            hint=start,
            whole=True,
        )
    if isinstance(error, TimeoutError):
        return silent(address, timeout)
    if isinstance(error, http.client.BadStatusLine) and not isinstance(error, ConnectionError):
        return ServerFault(f"what answers at {shown} is no web server", hint=start, whole=True)
    if isinstance(error, ConnectionError | http.client.IncompleteRead):
        return ServerFault(
            f"the connection to the server at {shown} broke",
            hint="See the server's own log",
            again=True,
        )
    if isinstance(error, OSError):
        why = error.strerror or type(error).__name__
        return ServerFault(
            f"the server at {shown} cannot be reached: {one_line(why)}",
            hint="Check the network and llm.server_url",
            again=True,
            whole=True,
        )
    return _no_api(address)


def silent(address: Address, timeout: float) -> ServerFault:
    """Return the fault of a server that said nothing for `timeout` seconds."""
    return ServerFault(
        f"the server at {address.shown} said nothing for {timeout:g} s",
        hint="See the server's own log, or raise llm.timeout_seconds",
        again=True,
    )


def _no_api(address: Address) -> ServerFault:
    return ServerFault(
        f"what answers at {address.shown} does not speak the OpenAI interface",
        hint=f"Check {_SETTING}, which mostly ends with /v1",
        whole=True,
    )

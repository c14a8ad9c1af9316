"""The Hugging Face hub over HTTPS: what a repository holds, and bytes of a file from an offset.

Only GET requests, no account, no telemetry, standard library. `HF_ENDPOINT` names another
address for the same layout. A redirect may never lead from HTTPS to plain HTTP. Sizes in bytes.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import socket
import ssl
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from typing import IO, Any

from omoai_engine.errors import ModelError, ModelNotFoundError
from omoai_engine.models.catalogue import (
    OPTIONAL_FILES,
    REQUIRED_FILES,
    WEIGHTS_PART,
    WHOLE_WEIGHTS,
    ModelSpec,
)
from omoai_engine.text import one_line

_TIMEOUT_SECONDS = 30.0
_MAX_ANSWER_BYTES = 8 << 20


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """One file to fetch: its size, and the hash that proves it: SHA-256 where it is known, else
    the hub's Git blob id (SHA-1 of `blob <size>\\0` and the content)."""

    name: str
    size: int
    sha256: str | None
    git_blob: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What a download will fetch: from which commit, which files, under which licence."""

    spec: ModelSpec
    commit: str
    files: tuple[RemoteFile, ...]
    licence: str | None

    @property
    def size(self) -> int:
        """Return the bytes of all files together."""
        return sum(file.size for file in self.files)


class HubUnreachableError(ModelError):
    """The hub does not answer: no network, a proxy, or it is down."""


class ConnectionCutError(ModelError):
    """The connection broke while bytes flowed; what came is kept."""


def endpoint() -> str:
    """Return the hub's address without a slash at the end."""
    return (os.environ.get("HF_ENDPOINT") or "https://huggingface.co").rstrip("/")


def file_url(repository: str, commit: str, name: str) -> str:
    """Return the address of one file at one commit."""
    return f"{endpoint()}/{repository}/resolve/{commit}/{urllib.parse.quote(name)}"


def make_plan(spec: ModelSpec, *, offline: bool = False) -> Plan:
    """Return what a download of `spec` fetches; asks the hub only for what is not pinned.

    Raises `HubUnreachableError` (always, where the configuration says `offline`),
    `ModelNotFoundError` (no such repository) or `ModelError`.
    """
    if offline:
        raise HubUnreachableError(
            "nothing is fetched, because offline is switched on",
            where=endpoint(),
            hint="Leave --offline (OMOAI_OFFLINE) out, or copy the files from another machine",
        )
    if spec.files and spec.revision:
        files = tuple(RemoteFile(file.name, file.size, file.sha256) for file in spec.files)
        return Plan(spec, spec.revision, files, spec.licence)
    answer = _describe(spec)
    commit = str(answer.get("sha", ""))
    if not re.fullmatch(r"[0-9a-f]{40}", commit):
        raise _strange(spec, "it names no commit")
    card = answer.get("cardData")
    licence = card.get("license") if isinstance(card, dict) else None
    present = {}
    for entry in answer.get("siblings", ()):
        file = _remote_file(entry)
        if file is not None:
            present[file.name] = file
    files_found: list[RemoteFile] = []
    for row in REQUIRED_FILES[spec.engine]:
        chosen = next((present[name] for name in row if name in present), None)
        if chosen is None:
            raise _strange(spec, f"it has no {' or '.join(row)}")
        files_found.append(chosen)
    files_found += [present[name] for name in OPTIONAL_FILES[spec.engine] if name in present]
    if spec.engine == "llm" and WHOLE_WEIGHTS not in {file.name for file in files_found}:
        files_found += [file for name, file in present.items() if WEIGHTS_PART.fullmatch(name)]
    shown = one_line(str(licence)) if licence else spec.licence
    return Plan(spec, commit, tuple(files_found), shown)


def open_at(plan: Plan, file: RemoteFile, offset: int) -> tuple[IO[bytes], int]:
    """Open `file` for reading from byte `offset`; returns the stream and where it really starts
    (0 when the server cannot resume). Raises as `make_plan`."""
    url = file_url(plan.spec.repository, plan.commit, file.name)
    headers = {"Range": f"bytes={offset}-"} if offset else {}
    response = _get(url, headers)
    if offset and response.status == http.client.PARTIAL_CONTENT:
        matched = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
        if matched and int(matched.group(1)) == offset:
            return response, offset
        response.close()
        response = _get(url, {})
    return response, 0


def _describe(spec: ModelSpec) -> dict[str, Any]:
    revision = f"/revision/{spec.revision}" if spec.revision else ""
    url = f"{endpoint()}/api/models/{spec.repository}{revision}?blobs=true"
    with _get(url, {"Accept": "application/json"}) as response:
        try:
            answer = json.loads(response.read(_MAX_ANSWER_BYTES))
        except (ValueError, OSError, http.client.HTTPException, RecursionError):
            raise _strange(spec, "it is not JSON") from None
    if not isinstance(answer, dict):
        raise _strange(spec, "it is not a description of a model")
    return answer


def _remote_file(entry: Any) -> RemoteFile | None:
    try:
        lfs = entry.get("lfs") or {}
        name, size = str(entry["rfilename"]), int(entry.get("size") or lfs["size"])
        sha256, blob = lfs.get("sha256"), entry.get("blobId")
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
    sha256 = str(sha256) if sha256 and re.fullmatch(r"[0-9a-f]{64}", str(sha256)) else None
    blob = str(blob) if blob and re.fullmatch(r"[0-9a-f]{40}", str(blob)) else None
    return RemoteFile(name, size, sha256, blob) if sha256 or blob else None


def _strange(spec: ModelSpec, what: str) -> ModelError:
    return ModelError(
        f"the hub's answer about {spec.repository} cannot be used: {what}",
        where=endpoint(),
        hint="Try again later, or check HF_ENDPOINT",
    )


class _SafeRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        if req.full_url.startswith("https:") and not newurl.startswith("https:"):
            raise urllib.error.URLError("the server sent us from HTTPS to an unprotected address")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _get(url: str, headers: dict[str, str]) -> http.client.HTTPResponse:
    if not url.startswith(("https://", "http://")):
        raise ModelError(
            f"the hub's address must begin with https://, and not {one_line(url)[:40]!r}",
            where="environment variable HF_ENDPOINT",
        )
    opener = urllib.request.build_opener(_SafeRedirects)
    # No compression: the bytes are counted, resumed and hashed as they lie on the server.
    headers = {"User-Agent": "omoai", "Accept-Encoding": "identity", **headers}
    try:
        request = urllib.request.Request(url, headers=headers)  # noqa: S310 - scheme checked above
        response: http.client.HTTPResponse = opener.open(request, timeout=_TIMEOUT_SECONDS)
    except urllib.error.HTTPError as error:
        error.close()
        raise _refusal(error.code, url) from None
    except urllib.error.URLError as error:
        raise _unreachable(error.reason) from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _unreachable(error) from None
    return response


def _refusal(status: int, url: str) -> ModelError:
    where = one_line(url)
    if status in (401, 403, 404, 410):
        return ModelNotFoundError(
            f"the hub has no such file, or not for everybody (HTTP {status})",
            where=where,
            hint="The repository may have moved; look for it on the hub",
        )
    if status == http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
        return ConnectionCutError("the server has fewer bytes than were fetched", where=where)
    return ConnectionCutError(f"the hub answers with an error (HTTP {status})", where=where)


def _unreachable(reason: object) -> HubUnreachableError:
    if isinstance(reason, socket.gaierror):
        why = "its name cannot be resolved"
    elif isinstance(reason, TimeoutError):
        why = f"no answer within {_TIMEOUT_SECONDS:.0f} s"
    elif isinstance(reason, ssl.SSLError):
        why = f"its certificate is not accepted ({one_line(str(reason))})"
    elif isinstance(reason, OSError) and reason.strerror:
        why = reason.strerror
    else:
        why = one_line(str(reason)) or type(reason).__name__
    return HubUnreachableError(
        f"the hub cannot be reached: {why}",
        where=endpoint(),
        hint="Check the network, or copy the model's files from another machine",
    )

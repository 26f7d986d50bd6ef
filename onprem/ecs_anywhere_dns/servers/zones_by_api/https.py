"""HTTPS to an API: one host, its certificate checked, no proxy, no redirection, bounded in time."""

from __future__ import annotations

import json
import ssl
import stat
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPException
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ecs_anywhere_dns.memory.files import state_of
from ecs_anywhere_dns.outcome import CheckFailed, ReloadFailed, reason_of
from ecs_anywhere_dns.trust import check_trusted

PATIENCE = 30.0
"""Seconds for one answer."""
LONGEST = 50_000_000
"""Bytes of one answer."""
OTHERS = stat.S_IRWXG | stat.S_IRWXO


UNANSWERED = (OSError, ValueError, HTTPException)
"""`HTTPException` is none of the others: half an answer, or what is no HTTP."""


class NoRedirection(urllib.request.HTTPRedirectHandler):
    """A handler that refuses every redirection: credentials go to the configured host only."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes

    @property
    def said(self) -> str:
        """Return the beginning of the text, for an error."""
        return " ".join(self.body[:300].decode(errors="replace").split())

    def json(self, place: str) -> Any:
        """Return the value of the JSON. Raises ReloadFailed."""
        try:
            return json.loads(self.body)
        except ValueError:
            raise ReloadFailed(
                f"{place} does not answer in JSON: {self.said}",
                "compare url in the configuration with the address of the API",
            ) from None


@dataclass
class Https:
    """A session with an API, which keeps its cookies."""

    base: str
    ca_file: str = ""
    """Certificates of the authority; empty: those that this host trusts."""
    table: str = ""
    """The server's in the configuration, for what is to be corrected there."""
    _opener: urllib.request.OpenerDirector | None = field(default=None, repr=False)

    def send(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> Answer:
        """Send a request and return the answer, whatever its status. Raises ReloadFailed where no
        answer comes, and CheckFailed where the certificate is not trusted."""
        request = urllib.request.Request(  # noqa: S310 - `_opened` has only HTTPS
            f"{self.base}{path}", data=body, headers=dict(headers), method=method
        )
        try:
            with self._opened().open(request, timeout=PATIENCE) as answer:
                return Answer(answer.status, answer.read(LONGEST))
        except urllib.error.HTTPError as error:
            return self._refusal(error)
        except UNANSWERED as error:
            raise self._unanswered(error) from None

    def _refusal(self, error: urllib.error.HTTPError) -> Answer:
        """Return the answer that urllib raises as an error. Raises ReloadFailed where it breaks
        off."""
        try:
            return Answer(error.code, error.read(LONGEST))
        except UNANSWERED as broken:
            raise self._unanswered(broken) from None

    def _unanswered(self, error: Exception) -> ReloadFailed:
        why = getattr(error, "reason", error) or type(error).__name__
        return ReloadFailed(
            f"{self.place} cannot be asked: {why}",
            f"look whether it runs; url and ca_file under [{self.table}]",
        )

    @property
    def place(self) -> str:
        return urlsplit(self.base).netloc

    def _opened(self) -> urllib.request.OpenerDirector:
        if self._opener is None:
            self._opener = urllib.request.OpenerDirector()
            for handler in (
                urllib.request.HTTPSHandler(context=self._context()),
                urllib.request.HTTPCookieProcessor(CookieJar()),
                urllib.request.HTTPErrorProcessor(),
                urllib.request.HTTPDefaultErrorHandler(),
                NoRedirection(),
            ):
                self._opener.add_handler(handler)
        return self._opener

    def _context(self) -> ssl.SSLContext:
        if urlsplit(self.base).scheme != "https" or not self.place:
            raise CheckFailed(
                f"[{self.table}] url = {self.base!r} is no https://…",
                "correct it: a password is sent there",
            )
        if self.ca_file:
            check_trusted(Path(self.ca_file))
        try:
            return ssl.create_default_context(cafile=self.ca_file or None)
        except (OSError, ssl.SSLError) as error:
            raise CheckFailed(
                f"[{self.table}] ca_file = {self.ca_file!r}: {reason_of(error)}", "correct it"
            ) from None


def password_in(file: Path, table: str) -> str:
    """Return the password: the first line of the file. Raises CheckFailed where the file is missing
    or other users may read it, and Unsafe where they may write it."""
    check_trusted(file)
    found = state_of(file)
    if found.content is None:
        raise CheckFailed(
            f"there is no {file}, which is to hold the password",
            f"write it there, readable for root alone; or set password_file under [{table}]",
        )
    if found.mode & OTHERS:
        raise CheckFailed(
            f"{file} holds a password, and its mode {found.mode:04o} lets others read it",
            f"`chmod 600 {file}`; if others may have read it, set another password",
        )
    text = found.content.decode(errors="replace").partition("\n")[0].strip()
    if not text:
        raise CheckFailed(f"{file} has no password in its first line", "write it there")
    return text

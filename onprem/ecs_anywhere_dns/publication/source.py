"""The source of the publication: Parameter Store, or a file that an administrator brought."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shlex import join, quote
from typing import Protocol

from ecs_anywhere_dns.document import LARGEST_DOCUMENT
from ecs_anywhere_dns.outcome import FetchFailed, Refused
from ecs_anywhere_dns.settings import PARAMETER_PATH, PARAMETER_STORE, Settings
from ecs_anywhere_dns.trust import check_trusted


class NotPublished(FetchFailed):
    """Parameter Store has no publication for this VPC. That is no reason to stop forwarding."""


class Store(Protocol):
    """A port: parameters with their texts. `parameter_store` is the real one."""

    def read(self, name: str) -> str:
        """Return the text of a parameter. Raises NotPublished where there is none, FetchFailed,
        Refused, BadUsage."""
        ...

    def write(self, name: str, value: str) -> None:
        """Write a parameter. Raises FetchFailed, BadUsage."""
        ...


def fetch(settings: Settings, store: Store) -> str:
    """Return the text of the publication, not yet parsed: `document` judges it. Raises
    NotPublished, FetchFailed, Refused, and BadUsage also for a file that others may write."""
    if settings.source == PARAMETER_STORE:
        return store.read(settings.document_parameter)
    return _read_file(Path(settings.source))


@contextmanager
def judging(settings: Settings) -> Iterator[None]:
    """Judge what was fetched. Where that was a file, a Refused has the cure for a file."""
    if settings.source == PARAMETER_STORE:
        yield
        return
    with judging_file(Path(settings.source), settings):
        yield


@contextmanager
def judging_file(file: Path, settings: Settings | None) -> Iterator[None]:
    """Judge the content of a file. A Refused with a cure by the app has the command in its place
    that fetches the document again. `settings`: None where it is not known of which VPC it is."""
    try:
        yield
    except Refused as problem:
        if not problem.by_app:
            raise
        again = f"fetch it again: `{_fetching(file, settings)}`"
        raise Refused(
            problem.message, "; ".join(filter(None, (again, problem.for_any_source)))
        ) from None


def _fetching(file: Path, settings: Settings | None) -> str:
    """Return the command that writes the value of the parameter into a file."""
    words = ["aws", "ssm", "get-parameter", "--query", "Parameter.Value", "--output", "text"]
    if settings is None:
        where = f"--region REGION --name {PARAMETER_PATH}/VPC/forwarding"
    else:
        profile = ["--profile", settings.profile] if settings.profile else []
        where = join([*profile, "--region", settings.region, "--name", settings.document_parameter])
    return f"{join(words)} {where} > {quote(str(file))}"


def _read_file(file: Path) -> str:
    check_trusted(file)
    cure = "put the document there (the value of the parameter, as it is), readable for this tool"
    try:
        with file.open("rb") as opened:
            # A byte more than may be there shows that it is too long; no file is read for ever.
            content = opened.read(LARGEST_DOCUMENT + 1)
        # One that is too long may be cut within a character; `read_document` says what is wrong.
        return content.decode("utf-8", "strict" if len(content) <= LARGEST_DOCUMENT else "replace")
    except OSError as error:
        raise FetchFailed(f"{file} cannot be read: {error.strerror}", cure) from None
    except UnicodeDecodeError as error:
        raise FetchFailed(
            f"{file} is no text in UTF-8: {error.reason} at byte {error.start}", cure
        ) from None

"""The source of the publication: Parameter Store, or a file that an administrator brought."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from ecs_anywhere_dns.document import LARGEST_DOCUMENT
from ecs_anywhere_dns.outcome import FetchFailed
from ecs_anywhere_dns.settings import PARAMETER_STORE, Settings
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

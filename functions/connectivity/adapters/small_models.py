"""The SDK's models, cut down to the operations that are called.

Making a client is mostly reading its model, and Amazon EC2's whole one has over 700 operations.
The folder `models` holds, of the SDK's own files, what the adapters call; scripts/cut_models.py
writes it. What is not there is read from the SDK: another service, or a file that a newer SDK asks
for. Operations are not: one that is missing from its model does not exist for the client.

An SDK that is much older than the models cannot read them: it reads its own.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from botocore.exceptions import DataNotFoundError, UnknownServiceError
from botocore.loaders import Loader

MODELS = Path(__file__).with_name("models")
OLDEST_SDK = (1, 38)
"""The first botocore that was seen to read these models. 1.36.3 makes no client of Amazon
CloudWatch, whose protocol it does not know, and 1.35.50 none of Amazon DynamoDB either, because of
a rule for its addresses. Which one a Region's Python runtime holds, AWS does not promise."""


def are_read_by(version: str) -> bool:
    """Tell whether the botocore of this version reads these models, as in "1.43.127"."""
    return tuple(int(number) for number in version.split(".")[:2]) >= OLDEST_SDK


class SmallModels(Loader):
    """A loader of the SDK that reads `MODELS` first, and then the SDK's own folder."""

    def __init__(self) -> None:
        super().__init__(
            extra_search_paths=[str(MODELS)],
            include_default_search_paths=False,
            include_default_extras=False,  # they are in the cut models already
        )
        self._whole = Loader()

    def load_service_model(
        self, service_name: str, type_name: str, api_version: str | None = None
    ) -> Any:
        """Return a file about a service. Raises UnknownServiceError, DataNotFoundError."""
        try:
            return super().load_service_model(service_name, type_name, api_version)
        except (DataNotFoundError, UnknownServiceError):
            return self._whole.load_service_model(service_name, type_name, api_version)

    def load_data_with_path(self, name: str) -> Any:
        """Return any other file, and its path. Raises DataNotFoundError."""
        try:
            return super().load_data_with_path(name)
        except DataNotFoundError:
            return self._whole.load_data_with_path(name)

"""The publication's parameters, through AWS Systems Manager Parameter Store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from connectivity.adapters.aws import call, client, items
from connectivity.adapters.refusals import is_answer
from connectivity.adapters.vpcs import ec2_tags
from connectivity.domain.errors import NotReadyYet

_MOST_AT_ONCE = 10
"""GetParameters and DeleteParameters take no more names, GetParametersByPath gives no more."""


class SsmParameters:
    """The port `Parameters` on AWS. Every parameter is made with its tags."""

    def __init__(self, tags: Mapping[str, str]) -> None:
        self._creation_tags = tags
        self._versions: dict[str, int] = {}
        """The versions of parameters that were read or written: these need not be made."""

    def read(self, names: Sequence[str]) -> Mapping[str, str]:
        found = call(client("ssm").get_parameters, Names=list(names))["Parameters"]
        self._versions |= {item["Name"]: int(item["Version"]) for item in found}
        return {item["Name"]: item["Value"] for item in found}

    def history(self, name: str) -> Sequence[str]:
        try:
            found = items(client("ssm"), "get_parameter_history", "Parameters", Name=name)
        except ClientError as error:
            if is_answer(error):
                return ()
            raise
        return [item["Value"] for item in sorted(found, key=lambda item: int(item["Version"]))]

    def below(
        self, path: str, most: int, recursive: bool = False
    ) -> tuple[Mapping[str, str], bool]:
        pages = list(_pages(path, most, recursive))
        found = [item for page, _ in pages for item in page]
        self._versions |= {item["Name"]: int(item["Version"]) for item in found}
        return {item["Name"]: item["Value"] for item in found}, pages[-1][1]

    def write(self, name: str, value: str, as_list: bool = False) -> None:
        """Write one. AWS takes no tags together with leave to overwrite ("tags and overwrite can't
        be used together"): so where there are tags, it is made, or else overwritten."""
        said = {
            "Name": name,
            "Value": value,
            "Type": "StringList" if as_list else "String",
            # Standard and free of charge up to 4 KB, advanced up to 8 KB. An advanced parameter
            # stays so until it is deleted, and Tier=Standard would then be refused.
            "Tier": "Intelligent-Tiering",
        }
        is_new = self._creation_tags and name not in self._versions
        if not (is_new and self._made(said)):
            written = call(client("ssm").put_parameter, **said, Overwrite=True)
            self._versions[name] = int(written["Version"])

    def versions(self, names: Sequence[str]) -> Mapping[str, int]:
        return {name: self._versions[name] for name in names if name in self._versions}

    def _made(self, said: Mapping[str, str]) -> bool:
        """Return whether it was made; False where it was there already."""
        tags = ec2_tags(self._creation_tags)
        try:
            made = call(client("ssm").put_parameter, **said, Tags=tags)
        except ClientError as error:
            if is_answer(error):
                return False
            raise
        self._versions[said["Name"]] = int(made["Version"])
        return True

    def remove(self, names: Sequence[str]) -> None:
        answer = call(client("ssm").delete_parameters, Names=list(names))
        self._versions = {n: v for n, v in self._versions.items() if n not in set(names)}
        gone = {*answer.get("DeletedParameters", ()), *answer.get("InvalidParameters", ())}
        if left := sorted(set(names) - gone):
            raise NotReadyYet(f"AWS does not say that they are gone: {', '.join(left)}")


def _pages(path: str, most: int, recursive: bool) -> Iterator[tuple[list[dict[str, Any]], bool]]:
    """Yield pages of parameters, and whether each is the last, until there were `most`. A page may
    be empty although another follows, so pages are counted and not what is in them."""
    token: dict[str, str] = {}
    for _ in range(-(-most // _MOST_AT_ONCE)):
        answer = call(
            client("ssm").get_parameters_by_path,
            Path=path,
            Recursive=recursive,
            MaxResults=_MOST_AT_ONCE,
            **token,
        )
        token = {key: answer[key] for key in ("NextToken",) if answer.get(key)}
        yield answer["Parameters"], not token
        if not token:
            return

"""The publication's parameters, through AWS Systems Manager Parameter Store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from connectivity.adapters.aws import call, client, items

_MOST_AT_ONCE = 10
"""DeleteParameters takes no more names."""


class SsmParameters:
    """Implements the port `Parameters`."""

    def below(self, path: str) -> Mapping[str, str]:
        ssm = client("ssm")
        found = items(ssm, "get_parameters_by_path", "Parameters", Path=path, Recursive=True)
        return {item["Name"]: item["Value"] for item in found}

    def write(self, name: str, value: str, as_list: bool = False) -> None:
        call(
            client("ssm").put_parameter,
            Name=name,
            Value=value,
            Type="StringList" if as_list else "String",
            Overwrite=True,
        )

    def remove(self, names: Sequence[str]) -> None:
        for start in range(0, len(names), _MOST_AT_ONCE):
            some = list(names[start : start + _MOST_AT_ONCE])
            call(client("ssm").delete_parameters, Names=some)

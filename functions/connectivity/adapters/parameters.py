"""The publication's parameters, through AWS Systems Manager Parameter Store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from connectivity.adapters.aws import call, client


class SsmParameters:
    """Implements the port `Parameters`."""

    def read(self, names: Sequence[str]) -> Mapping[str, str]:
        found = call(client("ssm").get_parameters, Names=list(names))["Parameters"]
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
        call(client("ssm").delete_parameters, Names=list(names))

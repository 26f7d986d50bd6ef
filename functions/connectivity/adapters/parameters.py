"""The publication's parameters, through AWS Systems Manager Parameter Store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from botocore.exceptions import ClientError

from connectivity.adapters.aws import call, client, code_of, items

_MOST_AT_ONCE = 10
"""DeleteParameters takes no more names."""


class SsmParameters:
    """Implements the port `Parameters`."""

    def below(self, path: str) -> Mapping[str, str]:
        ssm = client("ssm")
        found = items(ssm, "get_parameters_by_path", "Parameters", Path=path, Recursive=True)
        return {item["Name"]: item["Value"] for item in found}

    def history(self, name: str) -> Sequence[str]:
        try:
            found = items(client("ssm"), "get_parameter_history", "Parameters", Name=name)
        except ClientError as error:
            if code_of(error) == "ParameterNotFound":
                return ()
            raise
        return [item["Value"] for item in sorted(found, key=lambda item: int(item["Version"]))]

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

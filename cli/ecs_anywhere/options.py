"""Groups of options that many commands share: a class says each once, a command takes the group.

A tag that a VPC can carry is one field of `TagOptions`, and then an option of `plan` and `enable`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import Field, dataclass, fields, is_dataclass
from functools import wraps
from typing import Annotated, Any, get_type_hints

import typer
from connectivity.domain import tags

from ecs_anywhere.stack import Stack, Where, read_stack

STACK = "private-connectivity"
StackName = Annotated[
    str, typer.Option("--stack", help="The stack's name.", envvar="ECS_ANYWHERE_STACK")
]
Region = Annotated[str, typer.Option("--region", help="AWS Region; else as for the AWS CLI.")]
Profile = Annotated[str, typer.Option("--profile", help="Profile of your AWS credentials.")]


@dataclass(frozen=True)
class Place:
    """Place at which a command looks."""

    stack: StackName = STACK
    region: Region = ""
    profile: Profile = ""

    def read(self) -> Stack:
        """Return the stack that is meant. Raises NoStack."""
        return read_stack(Where(self.stack, self.region, self.profile))


@dataclass(frozen=True)
class TagOptions:
    """Values that the option tags of a VPC can have; None leaves the tag as it is, an empty text is
    a tag's value as any other. Each field is called as its tag is."""

    services: Annotated[
        str | None, typer.Option("--services", help="Services beside the required, as in ecr+logs.")
    ] = None
    onprem_cidrs: Annotated[
        str | None, typer.Option("--onprem-cidrs", help="Networks on-premises, as in '10.0.0.0/8'.")
    ] = None
    resolver_ips: Annotated[
        str | None, typer.Option("--resolver-ips", help="Addresses for the inbound resolver.")
    ] = None
    resolver: Annotated[
        str | None, typer.Option("--resolver", help="A hub's inbound resolver, instead of ours.")
    ] = None
    endpoint_policy: Annotated[
        str | None,
        typer.Option(
            "--endpoint-policy",
            help="Whom the endpoints serve: full-access, account, or an organization's id.",
        ),
    ] = None

    def __post_init__(self) -> None:
        """Refuse options that contradict each other. Raises BadParameter."""
        if self.resolver and self.resolver_ips:
            raise typer.BadParameter(
                "--resolver names an inbound resolver that has its addresses already, and "
                "--resolver-ips chooses those of one that is to be made: give one of the two"
            )

    def as_tags(self) -> dict[str, str]:
        """Return the tags that were asked for."""
        said = {tag_of(each.name): getattr(self, each.name) for each in fields(self)}
        return {key: value for key, value in said.items() if value is not None}


def tag_of(name: str) -> str:
    """Return the tag that a field of `TagOptions` stands for."""
    return f"{tags.WISH.partition(':')[0]}:{name.replace('_', '-')}"


def with_options(command: Callable[..., None]) -> Callable[..., None]:
    """Return a command that has an option for each field of the groups which `command` takes."""
    hints = get_type_hints(command, include_extras=True)
    groups: dict[str, Any] = {name: kind for name, kind in hints.items() if is_dataclass(kind)}

    @wraps(command)
    def run(**given: Any) -> None:
        of_groups = {
            name: kind(**{each.name: given.pop(each.name) for each in fields(kind)})
            for name, kind in groups.items()
        }
        command(**given, **of_groups)

    taken = list(_parameters(command, hints, groups))
    # typer reads both of these, and would look at `command` itself where it is linked.
    run.__signature__ = inspect.Signature(taken)  # type: ignore[attr-defined]
    run.__annotations__ = {each.name: each.annotation for each in taken}
    del run.__wrapped__
    return run


def _parameters(
    command: Callable[..., None], hints: Mapping[str, Any], groups: Mapping[str, Any]
) -> Iterator[inspect.Parameter]:
    """Yield the parameters of a command, those of its groups in the place of each group."""
    for name, each in inspect.signature(command).parameters.items():
        if name not in groups:
            yield each.replace(annotation=hints[name], kind=inspect.Parameter.KEYWORD_ONLY)
            continue
        kinds = get_type_hints(groups[name], include_extras=True)
        yield from (_parameter(field, kinds[field.name]) for field in fields(groups[name]))


def _parameter(field: Field[Any], kind: Any) -> inspect.Parameter:
    return inspect.Parameter(
        field.name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=kind
    )

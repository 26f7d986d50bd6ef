"""The account that owns a parameter: Parameter Store names it in its answer. With credentials of
another account the same name is another parameter, whose content is for other hosts."""

from __future__ import annotations

from ecs_anywhere_dns.outcome import Refused
from ecs_anywhere_dns.settings import Settings
from ecs_anywhere_dns.visible import visible

LONGEST_EXCERPT = 200


def check_owner(arn: str, name: str, settings: Settings) -> None:
    """Check the ARN that was answered for the parameter `name`. Raises Refused where its account or
    Region is not the pinned one."""
    wanted = ("ssm", settings.region, settings.account, f"parameter/{name.removeprefix('/')}")
    parts = arn.split(":", 5)
    if parts[0] == "arn" and tuple(parts[2:]) == wanted:
        return
    said = visible(arn[:LONGEST_EXCERPT]) or "a parameter of nobody"
    raise Refused(
        f"Parameter Store answers with {said}, and this host follows {name} of account "
        f"{settings.account} in {settings.region}",
        "give this host credentials of that account (`aws sts get-caller-identity` says whose they "
        "are), or correct account in the configuration",
    )

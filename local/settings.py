"""What can be set about the embedded AWS, with defaults that suit a demonstration."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Lifecycles:
    """How long AWS takes over things, in AWS seconds (scaled by `Settings.time_scale`).

    The defaults are the typical values of Terraform's acceptance tests; nobody
    publishes a service level for them. One is kinder than AWS: a function's network interfaces
    outlive it by 20 to 45 minutes there.
    """

    interface_endpoint_creating: float = 60
    interface_endpoint_deleting: float = 45
    private_dns_association: float = 10
    resolver_endpoint_creating: float = 90
    resolver_endpoint_deleting: float = 60
    requester_eni_linger: float = 10
    vpc_function_pending: float = 10
    vpc_function_eni_linger: float = 100
    eventbridge_delivery: float = 1


@dataclass(frozen=True)
class Settings:
    """One run of the embedded AWS."""

    region: str = "us-east-2"
    host: str = "127.0.0.1"
    port: int = 0
    account: str = "123456789012"
    time_scale: float = 0.05
    """Real seconds per AWS second: 0.05 makes a 60 s wait last 3 s."""
    lifecycles: Lifecycles = field(default_factory=Lifecycles)
    function_environments: int = 24
    """How many Lambda execution environments may exist at once (51 MB each)."""
    lambda_python: Path = REPOSITORY / ".venv-lambda" / "bin" / "python"
    """A Python that holds only what Lambda's own runtime holds: its client and boto3."""
    stack_name: str = "private-connectivity"
    network: str = "auto"
    """`namespaces`, `loopback`, or `auto`: namespaces where this machine allows them."""

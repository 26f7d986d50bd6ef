"""Settings of the embedded AWS, with defaults that suit a demonstration."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Lifecycles:
    """The times that AWS takes to make and change resources, in AWS seconds (scaled by
    `Settings.time_scale`).

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
class Unkindness:
    """The unkindness of AWS to its callers: none by default.

    Probabilities are of one call, or of one event's way to one target. What they strike follows
    from the seed: the same calls of the same callers meet the same faults.
    """

    seed: int = 0
    throttles: bool = False
    """Token buckets with AWS's figures, in AWS time: `local/unkind/limits.py`."""
    server_errors: float = 0
    """A 5xx instead of the effect."""
    dropped_requests: float = 0
    """The connection is closed without an answer, and without an effect."""
    lost_answers: float = 0
    """The connection is closed without an answer, after the effect."""
    killed_functions: float = 0
    """The function that calls dies after the effect."""
    lost_events: float = 0
    """The chance that an event is lost; only events of AWS's services are."""
    doubled_events: float = 0
    late_events: float = 0
    longest_delay: float = 30
    """AWS seconds by which an event, or its double, can be late."""

    visible_after: float = 0
    """AWS seconds by which readers are behind (EC2 API reference, Eventual consistency):
    DescribeVpcEndpoints with new endpoints, their states and their private DNS,
    DescribeSecurityGroups with new groups, DescribeVpcs with tags (DescribeTags is not),
    and, by inference, ListResolverEndpoints, GetResolverEndpoint and
    ListResolverEndpointIpAddresses with new resolver endpoints."""
    one_modify_at_a_time: bool = False
    """ModifyVpcEndpoint is refused with OperationInProgress while the association of the endpoint's
    private DNS is under way (terraform-provider-aws #42884: AWS allows one modification at a time;
    how long one takes is our inference)."""
    capitalised_states: float = 0
    """States with a capital, such as `Pending`, in an answer about VPC endpoints
    (terraform-provider-aws, `internal/service/ec2`: State "may be in varied case")."""

    @classmethod
    def mild(cls, seed: int) -> Unkindness:
        """Return the unkindness of a bad day: throttles, a fault in every fiftieth call, a few lost
        events, answers that are behind."""
        return cls(
            seed,
            throttles=True,
            server_errors=0.006,
            dropped_requests=0.006,
            lost_answers=0.006,
            killed_functions=0.002,
            lost_events=0.02,
            doubled_events=0.05,
            late_events=0.1,
            visible_after=10,
            one_modify_at_a_time=True,
            capitalised_states=0.3,
        )


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
    resolver_endpoints_per_region: int = 4
    """Route 53 Resolver's quota; 4 is AWS's default."""
    function_environments: int = 24
    """The most Lambda execution environments at once (51 MB each)."""
    lambda_python: Path = REPOSITORY / ".venv-lambda" / "bin" / "python"
    """A Python that holds only what Lambda's own runtime holds: its client and boto3."""
    stack_name: str = "private-connectivity"
    unkindness: Unkindness = field(default_factory=Unkindness)
    network: str = "auto"
    """`namespaces`, `loopback`, or `auto`: namespaces where this machine allows them."""

"""The stack's parameters, read from a function's environment."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property

from connectivity.domain import catalogue
from connectivity.domain.errors import VpcNotAllowed
from connectivity.domain.networks import Bounds
from connectivity.domain.policy_presets import FULL_ACCESS
from connectivity.domain.survey import Limits
from connectivity.domain.tags import wish_tags
from connectivity.domain.wish import Options, words

_UNBOUNDED = Bounds()
NEW_VARIABLES = {
    "ENDPOINT_POLICY": FULL_ACCESS,
    "EVIDENCE_BUCKET": "",
    "FREE_ON_DELETION": "no",
    "IDLE_DAYS": "0",
}
"""Variables that the functions of the release before this one do not have, with the value that does
as they did: an update of the stack changes a function's code and its variables one after the other,
and a newer command line reads an older stack.
"""


@dataclass(frozen=True)
class Settings:
    us: str
    """The value of the owner tag: the stack's name."""
    account: str
    region: str
    defaults: Options
    limits: Limits
    parameter_path: str
    signing_key: str
    """Id of the key in AWS KMS that signs what is published; empty where nothing is signed."""
    drain_seconds: int
    expiry_seconds: int
    """The seconds for which a workload may use a private answer after private DNS is off: until AWS
    has detached the zone, which "can take minutes", and the records' TTL of a minute is over."""
    allowed_vpcs: frozenset[str] = frozenset()
    """The VPCs that may be connected; empty for every VPC of the account and Region."""
    bounds: Bounds = _UNBOUNDED
    verify_hours: int = 24
    """Hours after which a connected VPC is verified again; 0 for never."""
    idle_days: int = 14
    """Days after which a connection that nobody uses is named; 0 for never."""
    removal_share: int = 20
    """Percent of the connected VPCs that may be torn down within an hour without a yes."""

    free_on_deletion: bool = False
    """True where a VPC is torn down when AWS refuses to delete it because of us."""

    def check_allowed(self, vpc_id: str) -> None:
        """Check that the stack may work on the VPC. Raises VpcNotAllowed."""
        if self.allowed_vpcs and vpc_id not in self.allowed_vpcs:
            raise VpcNotAllowed(
                f"{vpc_id} is not among the stack's AllowedVpcs: add it to that parameter, or "
                "remove its tag; what was made for it stays as it is until then"
            )

    def fingerprint(self, vpc_tags: Mapping[str, str]) -> str:
        """Return the fingerprint of all that decides what a VPC with these tags shall have: it is
        another one where a tag that asks for something, or a parameter of the stack, or the
        catalogue, has changed."""
        said = f"{sorted(wish_tags(vpc_tags).items())} {self._of_the_stack}"
        return hashlib.sha256(said.encode()).hexdigest()[:16]

    @cached_property
    def _of_the_stack(self) -> str:
        """Return the stack's part of the wish's fingerprint: every parameter that decides beside
        the tags."""
        said = (
            asdict(self.defaults),
            asdict(self.limits),
            asdict(self.bounds),
            sorted(self.allowed_vpcs),
            self.signing_key,
            (catalogue.REQUIRED, catalogue.REQUIRED_WHERE_OFFERED, catalogue.GROUPS),
        )
        return json.dumps(said, sort_keys=True)

    def unknown_vpc(self, vpc_id: str) -> str:
        """Return what is wrong with a request about a VPC that does not exist."""
        return (
            f"there is no VPC {vpc_id} in account {self.account}, {self.region}: correct the id in "
            "the request event, or send it in the VPC's own account and Region"
        )

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Return the settings in a function's environment. Raises KeyError naming the missing
        variable."""
        environment = {**NEW_VARIABLES, **environment}
        return cls(
            us=environment["OWNER"],
            account=environment["ACCOUNT"],
            region=environment["AWS_REGION"],
            defaults=Options(
                services=words(environment["DEFAULT_SERVICES"]),
                onprem_cidrs=words(environment["DEFAULT_ONPREM_CIDRS"]),
                endpoint_policy=environment["ENDPOINT_POLICY"],
            ),
            limits=Limits(
                resolver_ips=int(environment["RESOLVER_IP_COUNT"]),
                interface_endpoints_per_vpc=int(environment["INTERFACE_ENDPOINT_QUOTA"]),
                resolver_endpoints_per_region=int(environment["RESOLVER_ENDPOINT_QUOTA"]),
                service_owners=words(environment["ALLOWED_SERVICE_OWNERS"]),
                rules_per_security_group=int(environment["RULES_PER_SECURITY_GROUP"]),
            ),
            parameter_path=environment["PARAMETER_PATH"],
            signing_key=environment["SIGNING_KEY"],
            drain_seconds=int(environment["DRAIN_SECONDS"]),
            expiry_seconds=int(environment["EXPIRY_SECONDS"]),
            allowed_vpcs=frozenset(words(environment["ALLOWED_VPCS"])),
            verify_hours=int(environment["VERIFY_HOURS"]),
            idle_days=int(environment["IDLE_DAYS"]),
            removal_share=int(environment["REMOVAL_SHARE"]),
            free_on_deletion=environment["FREE_ON_DELETION"] == "yes",
            bounds=Bounds(
                onprem_cidrs=words(environment["DEFAULT_ONPREM_CIDRS"]),
                may_widen=environment["ONPREM_CIDRS_MAY_WIDEN"] == "yes",
                public=environment["ALLOW_PUBLIC_ONPREM_CIDRS"] == "yes",
                endpoint_policy=environment["ENDPOINT_POLICY"],
            ),
        )

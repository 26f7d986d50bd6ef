"""The embedded AWS in the foreground, for anybody's AWS CLI or boto3."""

from __future__ import annotations

import shlex
import sys
import time
from typing import Any, NoReturn

from local.ask import dig_command
from local.contracts import InboundAddress
from local.deploy import DeploymentFailedError, deploy
from local.engine import EmbeddedAws
from local.partitions import dns_suffix
from local.settings import Settings, Unkindness

DRAIN_SECONDS = 60
EXPIRY_SECONDS = 60
"""AWS seconds: shorter than the template's default, because nobody on-premises is waited for."""
POLL_SECONDS = 0.3
EMAIL = "network-team@example.com"

HINT = """\
The app is deployed as stack {stack}. With any credentials:

  export AWS_ENDPOINT_URL={url} AWS_DEFAULT_REGION={region} AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=any
  VPC=$(aws ec2 create-vpc --cidr-block 10.0.0.0/16 --query Vpc.VpcId --output text)
  aws ec2 modify-vpc-attribute --vpc-id $VPC --enable-dns-hostnames Value=true
  aws ec2 create-subnet --vpc-id $VPC --cidr-block 10.0.0.0/24 --availability-zone {region}a
  aws ec2 create-subnet --vpc-id $VPC --cidr-block 10.0.1.0/24 --availability-zone {region}b
  aws ec2 create-tags --resources $VPC --tags Key=ecs-anywhere:private-connectivity,Value=enabled

How to reach each inbound resolver IP is printed here when it answers; as JSON:
  curl -s {url}/_local/inbound
What was called:  {url}/_local/calls      E-mails:  {url}/_local/outbox

Interface endpoints speak TLS. Whoever connects to one has to trust this CA ({url}/_local/ca):
  export AWS_CA_BUNDLE={ca}
"""  # noqa: E501

UNKIND = """\
AWS is unkind, with seed {seed}. What it did:  {url}/_local/weather
"""


def up(settings: Settings) -> int:
    """Run the embedded AWS until KeyboardInterrupt. Returns the exit code, which is then 0."""
    try:
        with EmbeddedAws(settings) as aws:
            parameters = {
                "DrainSeconds": str(DRAIN_SECONDS),
                "ExpirySeconds": str(EXPIRY_SECONDS),
                "NotificationEmail": EMAIL,
            }
            with aws.weather.calm():  # it is the app that is tried, and not its deployment
                aws.outputs = deploy(aws, parameters)
            add_routes(aws)
            print(f"ready {aws.url}", flush=True)
            hint = HINT.format(
                stack=settings.stack_name, url=aws.url, region=settings.region, ca=aws.trust_bundle
            )
            print(hint, flush=True)
            if settings.unkindness != Unkindness():
                print(UNKIND.format(seed=settings.unkindness.seed, url=aws.url), flush=True)
            _tell_news(aws)
    except KeyboardInterrupt:
        return 0
    except (DeploymentFailedError, OSError) as problem:
        print(f"the embedded AWS could not start: {problem}", file=sys.stderr)
        return 1


def add_routes(aws: EmbeddedAws) -> None:
    """Answer, beside the API of AWS, what nobody can ask AWS."""
    aws.gateway.route(
        "/_local/inbound", lambda: list(map(_as_json, aws.networks.inbound_addresses()))
    )
    aws.gateway.route("/_local/outbox", lambda: [vars(note) for note in aws.outbox])
    aws.gateway.route("/_local/stack", lambda: dict(aws.outputs))
    aws.gateway.route("/_local/ca", lambda: {"path": aws.trust_bundle})


def _as_json(address: InboundAddress) -> dict[str, Any]:
    return {
        "vpc": address.vpc_id,
        "ip": address.ip,
        "port": 53,
        "inside": list(address.inside),
        "loopback": {"host": address.host, "port": address.port},
    }


def _tell_news(aws: EmbeddedAws) -> NoReturn:
    """Print inbound addresses and e-mails as they come."""
    known: set[InboundAddress] = set()
    read = 0
    while True:
        time.sleep(POLL_SECONDS)
        now = set(aws.networks.inbound_addresses())
        for address in sorted(now - known, key=lambda a: (a.vpc_id, a.ip)):
            print(_how_to_reach(address, aws.settings.region), flush=True)
        for address in sorted(known - now, key=lambda a: (a.vpc_id, a.ip)):
            print(f"inbound {address.vpc_id} {address.ip} answers no longer", flush=True)
        known = now
        for note in aws.outbox[read:]:
            print(f"e-mail to {note.endpoint}: {note.subject}\n  {note.message}", flush=True)
        read = len(aws.outbox)


def _how_to_reach(address: InboundAddress, region: str) -> str:
    name = f"ecs.{region}.{dns_suffix(region)}"
    lines = [f"inbound {address.vpc_id} {address.ip}:", f"  {dig_command(address, name)}"]
    if address.inside:
        inside = shlex.join(address.inside)
        lines.append(f"  {inside} dig +short @{address.ip} {name}    # inside the VPC")
    return "\n".join(lines)

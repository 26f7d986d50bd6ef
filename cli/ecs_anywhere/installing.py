"""The commands that install both agents on a host, for a person to read and to run.

Sources: Amazon ECS developer guide, "Registering an external instance to an Amazon ECS cluster" and
"Updating the AWS Systems Manager Agent and Amazon ECS container agent on an external instance";
aws/amazon-ecs-agent, scripts/ecs-anywhere-install.sh (what it writes, downloads and starts); AWS
Systems Manager user guide, "Verifying the signature of SSM Agent".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

ECS_KEY = "F34C 3DDA E729 26B0 79BE  AEC6 BCE9 D9A4 2D51 784F"
"""Fingerprint of the key with which Amazon ECS signs, by its developer guide."""
KEYS = "https://raw.githubusercontent.com/aws/amazon-ecs-agent/master/scripts"
"""Source from which the install script takes both public keys."""
SCRIPT = "ecs-anywhere-install-latest.sh"
SSM_KEY_PAGE = (
    "https://docs.aws.amazon.com/systems-manager/latest/userguide/verify-agent-signature.html"
)
CLUSTER = re.compile(r"[A-Za-z0-9_-]{1,255}")

Package = Literal["deb", "rpm"]
Processor = Literal["amd64", "arm64"]


@dataclass(frozen=True)
class Host:
    """Facts that have to be known of a host."""

    region: str
    cluster: str
    package: Package = "deb"
    processor: Processor = "amd64"

    @property
    def bucket_host(self) -> str:
        """Return Amazon S3's name in the Region, which the service `s3` makes private."""
        end = ".cn" if self.region.startswith("cn-") else ""
        return f"https://s3.{self.region}.amazonaws.com{end}"

    @property
    def ssm_agent(self) -> str:
        """Return the URL of the SSM agent's package; its signature has `.sig` behind it."""
        folder = "debian" if self.package == "deb" else "linux"
        where = f"{self.bucket_host}/amazon-ssm-{self.region}/latest/{folder}_{self.processor}"
        return f"{where}/amazon-ssm-agent.{self.package}"

    @property
    def ecs_agent(self) -> str:
        """Return the URL of the ECS agent's package, with the agent's image in it; its signature
        has `.asc` behind it."""
        of_rpm = {"amd64": "x86_64", "arm64": "aarch64"}
        kind = self.processor if self.package == "deb" else of_rpm[self.processor]
        bucket = f"{self.bucket_host}/amazon-ecs-agent-{self.region}"
        return f"{bucket}/amazon-ecs-init-latest.{kind}.{self.package}"


def online(host: Host) -> Iterator[str]:
    """Yield the lines for a host that reaches the internet while it is installed."""
    url = "https://amazon-ecs-agent.s3.amazonaws.com"
    yield from _first()
    yield 'cd "$(mktemp -d)"'
    for file in (f"{url}/{SCRIPT}", f"{url}/{SCRIPT}.asc", f"{KEYS}/amazon-ecs-agent.gpg"):
        yield f"curl --proto =https -fsSLO {file}"
    yield f"gpg --import amazon-ecs-agent.gpg && gpg --verify {SCRIPT}.asc {SCRIPT}"
    yield f"# Go on only after: Good signature, Primary key fingerprint: {ECS_KEY}"
    yield ". /root/ecs-anywhere-activation"
    yield (
        f"bash {SCRIPT} --region {host.region} --cluster {host.cluster} "
        '--activation-id "$ACTIVATION_ID" --activation-code "$ACTIVATION_CODE"'
    )
    yield from _last()


def to_bring(host: Host) -> Iterator[str]:
    """Yield the lines for a machine that reaches the internet: what is to be brought, and checked
    there already."""
    ssm, ecs = host.ssm_agent, host.ecs_agent
    yield "# On a machine that reaches the internet:"
    yield "mkdir ecs-anywhere-files && cd ecs-anywhere-files"
    for file in (ssm, f"{ssm}.sig", ecs, f"{ecs}.asc"):
        yield f"curl --proto =https -fsSLO {file}"
    for key in ("amazon-ssm-agent.gpg", "amazon-ecs-agent.gpg"):
        yield f"curl --proto =https -fsSLO {KEYS}/{key}"
    yield "gpg --import amazon-ssm-agent.gpg amazon-ecs-agent.gpg"
    yield f"gpg --verify {_name(ssm)}.sig {_name(ssm)}"
    yield f"#   Good signature; compare the fingerprint with {SSM_KEY_PAGE}"
    yield f"gpg --verify {_name(ecs)}.asc {_name(ecs)}"
    yield f"#   Good signature; Primary key fingerprint: {ECS_KEY}"
    yield "cp .../ecs-anywhere-check.pyz .   # of this app's release"
    yield "sha256sum -- * > SHA256SUMS"
    yield "# Bring this folder to the host. Docker comes from your distribution's own mirror."


def offline(host: Host) -> Iterator[str]:
    """Yield the lines for a host that never reaches the internet, in the folder that was brought:
    what the install script does there, without its downloads."""
    install = {"deb": "apt-get install -y", "rpm": "dnf install -y"}[host.package]
    yield from _first()
    yield "sha256sum --check --strict SHA256SUMS   # in the folder that was brought"
    yield "install -m 755 ecs-anywhere-check.pyz /usr/local/bin/ecs-anywhere-check"
    yield "# Every name has to be PRIVATE before an agent starts:"
    yield f"ecs-anywhere-check --region {host.region}"
    yield "docker --version   # from your distribution's mirror; the ECS agent needs it"
    yield f"{install} ./{_name(host.ssm_agent)}"
    yield ". /root/ecs-anywhere-activation"
    yield "systemctl stop amazon-ssm-agent"
    yield (
        'amazon-ssm-agent -register -code "$ACTIVATION_CODE" -id "$ACTIVATION_ID" '
        f"-region {host.region}"
    )
    yield "systemctl enable --now amazon-ssm-agent"
    yield f"{install} ./{_name(host.ecs_agent)}"
    yield "mkdir -p /etc/ecs /var/lib/ecs"
    yield f"echo ECS_CLUSTER={host.cluster} >> /etc/ecs/ecs.config"
    yield (
        f"printf 'AWS_DEFAULT_REGION={host.region}\\nECS_EXTERNAL=true\\n' "
        ">> /var/lib/ecs/ecs.config"
    )
    yield "systemctl enable --now ecs"
    yield from _last()


def _first() -> Iterator[str]:
    yield "# On the host, as root (sudo -i), with the file of `agents activate` at"
    yield "# /root/ecs-anywhere-activation, readable by root alone:"


def _last() -> Iterator[str]:
    yield "shred -u /root/ecs-anywhere-activation"
    yield "curl -s http://localhost:51678/v1/metadata   # names the cluster once it is registered"


def _name(url: str) -> str:
    return url.rpartition("/")[2]

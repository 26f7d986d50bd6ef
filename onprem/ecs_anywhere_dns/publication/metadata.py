"""Metadata services: who answers at 169.254.169.254 hands out AWS credentials to whoever asks.

On EC2 that is AWS. On a company's network it is whichever host answers first, and the publication
would then be read from that host's account. botocore asks there as its last resort, at once when
the host's own credentials are missing or have expired. So this tool never does, unless its
configuration says `instance_metadata = true`.

What stays: variables, ~/.aws/credentials of root (a hybrid activation's agent keeps its keys there,
docs.aws.amazon.com/systems-manager/latest/userguide/ssm-agent-technical-details.html), and
~/.aws/config with roles and `credential_process`, by which IAM Roles Anywhere works.
"""

from __future__ import annotations

from collections.abc import MutableMapping

DISABLED = "AWS_EC2_METADATA_DISABLED"
CONTAINER_VARIABLES = (
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)


def disable_metadata_services(environment: MutableMapping[str, str]) -> None:
    """Change the variables of this process so that no AWS SDK in it, nor a program that it starts
    for credentials, asks a metadata service of EC2 or of containers.

    Variables, because removing botocore's two providers is not enough: a profile with
    `credential_source = Ec2InstanceMetadata`, and `defaults_mode = auto`, have other ways there.
    """
    environment[DISABLED] = "true"
    for name in CONTAINER_VARIABLES:
        environment.pop(name, None)

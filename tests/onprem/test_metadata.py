"""A metadata service is asked for credentials where the configuration says so, and nowhere else."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from ecs_anywhere_dns.outcome import Exit
from ecs_anywhere_dns.publication.metadata import (
    CONTAINER_VARIABLES,
    DISABLED,
    disable_metadata_services,
)

from tests.onprem.lab import tool
from tests.onprem.lab.forked import Ran
from tests.onprem.lab.network import TIERS, Network, enter

EC2, CONTAINER = "169.254.169.254", "169.254.170.2"
VPC = "vpc-0123456789abcdef0"
SOURCED = """\
[default]
defaults_mode = auto
role_arn = arn:aws:iam::123456789012:role/host
credential_source = {source}
"""


@dataclass
class Services:
    """Whoever answers for both metadata services on this site's network, and counts."""

    network: Network
    asked: list[str] = field(default_factory=list)

    def serve(self, address: str) -> HTTPServer:
        asked = self.asked

        class Answering(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(f"{self.command} {address}{self.path}")
                self.send_response(404)
                self.end_headers()

            def do_PUT(self) -> None:
                self.do_GET()

            def log_message(self, *_: object) -> None: ...

        server = HTTPServer((address, 80), Answering, bind_and_activate=False)
        server.socket.close()
        server.socket = self.network.bind("tcp", address, 80)
        server.server_activate()
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        return server


@pytest.fixture
def services() -> Iterator[Services]:
    network = enter(TIERS[:2], [f"{EC2}/32", f"{CONTAINER}/32", "10.0.0.0/24"])
    said = Services(network)
    servers = [said.serve(address) for address in (EC2, CONTAINER)]
    yield said
    for server in servers:
        server.shutdown()
        server.server_close()
    network.close()


def check(
    services: Services,
    folder: Path,
    profile: str = "",
    environment: Mapping[str, str] = {},
    *,
    allowed: bool = False,
) -> Ran:
    """`check` on a host without keys of its own."""
    lines = [f'vpc = "{VPC}"', 'region = "us-east-2"', 'server = "bind"', f'state = "{folder}/s"']
    lines += ['account = "111122223333"', 'networks = ["10.0.0.0/16"]', 'signature = "none"']
    lines += ['endpoint_url = "https://10.0.0.1"', f"instance_metadata = {str(allowed).lower()}"]
    config = folder / "config.toml"
    config.write_text("\n".join(lines))
    (folder / "aws").write_text(profile)
    bare = {
        "AWS_CONFIG_FILE": str(folder / "aws"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "none"),
        "AWS_ACCESS_KEY_ID": "",
        "AWS_SECRET_ACCESS_KEY": "",
        "AWS_METADATA_SERVICE_NUM_ATTEMPTS": "1",
        DISABLED: "false",
    }
    return tool.run(services.network.prefix, config, ("check",), 60, {**bare, **environment})


@pytest.mark.parametrize("source", ["", "Ec2InstanceMetadata", "EcsContainer"])
def test_who_answers_at_the_metadata_addresses_is_never_asked(
    services: Services, tmp_path: Path, source: str
) -> None:
    """Also where variables and the AWS profile name them."""
    profile = SOURCED.format(source=source) if source else ""
    named = {CONTAINER_VARIABLES[0]: "/role"}
    ran = check(services, tmp_path, profile, named)
    assert services.asked == []
    assert ran.code == Exit.FETCH_FAILED, ran
    assert "no AWS credentials" in ran.stdout or "credentials cannot be obtained" in ran.stdout
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize("container", [False, True])
def test_with_instance_metadata_true_it_is_asked(
    services: Services, tmp_path: Path, container: bool
) -> None:
    named = {CONTAINER_VARIABLES[0]: "/role"} if container else {}
    ran = check(services, tmp_path, environment=named, allowed=True)
    assert ran.code == Exit.FETCH_FAILED, ran
    assert services.asked
    expected = CONTAINER if container else EC2
    assert {line.split()[1].split("/")[0] for line in services.asked} == {expected}


def test_the_keys_that_a_hybrid_activation_wrote_are_used(
    services: Services, tmp_path: Path
) -> None:
    """The SSM agent keeps them in ~/.aws/credentials of root."""
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "credentials").write_text(
        "[default]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = secret\n"
    )
    home = {"AWS_SHARED_CREDENTIALS_FILE": "~/.aws/credentials", "HOME": str(tmp_path)}
    ran = check(services, tmp_path, environment=home)
    assert services.asked == []
    assert "10.0.0.1 cannot be reached" in ran.stdout, "with keys it went on to the endpoint"


def test_the_program_of_a_credential_process_is_run_and_told_of_it(
    services: Services, tmp_path: Path
) -> None:
    """So works IAM Roles Anywhere; the program is the administrator's own choice."""
    program = tmp_path / "helper"
    program.write_text(
        '#!/bin/sh\n[ "$AWS_EC2_METADATA_DISABLED" = true ] || exit 1\n'
        'echo \'{"Version":1,"AccessKeyId":"AKIAIOSFODNN7EXAMPLE","SecretAccessKey":"x"}\'\n'
    )
    program.chmod(0o755)
    ran = check(services, tmp_path, f"[default]\ncredential_process = {program}\n")
    assert services.asked == []
    assert "10.0.0.1 cannot be reached" in ran.stdout, ran


def test_no_variable_leads_to_a_metadata_service() -> None:
    environment = dict.fromkeys(CONTAINER_VARIABLES, "http://169.254.170.2/x") | {"PATH": "/bin"}
    disable_metadata_services(environment)
    assert environment == {"PATH": "/bin", DISABLED: "true"}

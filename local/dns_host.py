"""The company's DNS host in the demonstration: a real DNS server, the pick-up tool, its timer."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local.contracts import Credentials
from local.settings import REPOSITORY
from local.site import Answer, Bind, DnsServer, Question

HOST = "dns1"
ROLE = "dns-host"
TIMER_SECONDS = 0.5
"""Real seconds between two runs of the tool; the timer that it ships has five minutes."""
LOOK_SECONDS = 0.1
"""Real seconds between two questions of the client that watches."""
ATTACHABLE = "ssm.amazonaws.com"


class PickUpFailedError(Exception):
    """The pick-up tool ended with an exit code that it must not end with here."""


@dataclass
class Seen:
    """The answers that a client on the site saw during a change."""

    asked: int = 0
    failures: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class DnsHost:
    """The DNS host. `folder` holds the tool's configuration and state; `environment` its
    credentials."""

    server: DnsServer
    folder: Path
    environment: Mapping[str, str]

    def initialise(self, options: Mapping[str, Sequence[str]]) -> Sequence[str]:
        """Do what an administrator does once, with these options of `init`, and return what it
        said. The DNS server's files are not where Debian has them: a line each says where. Raises
        PickUpFailedError."""
        kind = self.server.kind.name
        places = {"state": str(self.folder / "state")}
        self._configuration.write_text(f"{_toml(places)}[{kind}]\n{_toml(self._server_table())}")
        # Whatever the umask: the tool obeys nothing that a group may write.
        self._configuration.chmod(0o644)
        given = {"--server": [kind], "--host": [HOST], **options}
        words = [word for option, values in given.items() for v in values for word in (option, v)]
        said: Sequence[str] = self.tool("init", *words)["did"]
        return said

    def tool(self, *words: str) -> Any:
        """Run the pick-up tool, and return its JSON. Raises PickUpFailedError."""
        program = [sys.executable, "-m", "ecs_anywhere_dns", "--config", str(self._configuration)]
        ran = self.server.run([*program, *words, "--json"], self.environment)
        if ran.returncode != 0:
            said = (ran.stdout or ran.stderr).strip()
            raise PickUpFailedError(f"`{' '.join(words)}` exit {ran.returncode}: {said[-800:]}")
        return json.loads(ran.stdout)

    @contextmanager
    def following(self) -> Iterator[list[str]]:
        """Run the timer; the list grows by each change that the tool makes, in its words."""
        changes: list[str] = []

        def run() -> None:
            try:
                report = self.tool("apply")
                if report["changed"]:
                    changes.append(report["summary"])
            except PickUpFailedError as problem:
                changes.append(str(problem))

        with _repeating(run, TIMER_SECONDS):
            yield changes

    @contextmanager
    def watched(self, names: Sequence[str]) -> Iterator[Seen]:
        """Run a client on the site, which asks for one name after the other all the time."""
        seen = Seen()

        def look() -> None:
            name = names[seen.asked % len(names)]
            (answer,) = self.server.ask(Question(name))
            seen.asked += 1
            if not answer.addresses:
                seen.failures.append(f"{name}: {answer.rcode}")

        with _repeating(look, LOOK_SECONDS):
            yield seen

    def ask(self, names: Sequence[str]) -> dict[Question, Answer]:
        """Return the answers to each name over UDP and TCP, asked by a client on the site."""
        questions = [Question(name, transport) for name in names for transport in ("udp", "tcp")]
        return dict(zip(questions, self.server.ask(*questions), strict=True))

    def check_a_container_host(self, document: str) -> tuple[int, str]:
        """Run the check of a container host on the site, which asks this DNS server as its own.
        Return its exit code, or that of whatever could not give it a resolv.conf, and what was
        said."""
        published, servers = self.folder / "forwarding.json", self.folder / "resolv.conf"
        published.write_text(document)
        servers.write_text(f"nameserver {self.server.site.dns_ip}\n")
        check = [sys.executable, "-m", "ecs_anywhere_check", "--document", str(published)]
        with_its_resolv_conf = 'mount --bind "$0" /etc/resolv.conf && exec "$@"'
        ran = self.server.run(
            ["unshare", "--mount", "sh", "-c", with_its_resolv_conf, str(servers), *check],
            {
                "PYTHONPATH": self.environment["PYTHONPATH"],
                "SSL_CERT_FILE": self.environment["AWS_CA_BUNDLE"],
            },
        )
        return ran.returncode, (ran.stdout or ran.stderr).strip("\n")

    @property
    def _configuration(self) -> Path:
        return self.folder / "config.toml"

    def _server_table(self) -> dict[str, Any]:
        kind = self.server.kind
        if isinstance(kind, Bind):
            zones, options = map(str, kind.fragments)
            return {
                "configuration": str(kind.configuration),
                "options_file": str(kind.configuration),
                "zones": zones,
                "options": options,
                "rndc": kind.control,
            }
        return {
            "configuration": str(kind.configuration),
            "fragment": str(kind.fragments[0]),
            "control": kind.control,
        }


def _toml(table: Mapping[str, Any]) -> str:
    """Return TOML of strings and lists of strings, which look as they do in JSON."""
    return "".join(f"{key} = {json.dumps(value)}\n" for key, value in table.items())


def environment_of(credentials: Credentials, region: str, authorities: Path) -> dict[str, str]:
    """Return the environment of the tool: its credentials, the trusted authorities, and its
    folder."""
    return {
        **credentials.as_environment(),
        "AWS_DEFAULT_REGION": region,
        "AWS_CA_BUNDLE": str(authorities),
        "PYTHONPATH": str(REPOSITORY / "onprem"),
    }


def make_role(iam: Any, account: str, policy_arn: str) -> str:
    """Make the role of a managed node on-premises, with the app's policy and no other; return its
    ARN."""
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": ATTACHABLE},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"aws:SourceAccount": account}},
            }
        ],
    }
    role = iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=json.dumps(trust))
    iam.attach_role_policy(RoleName=ROLE, PolicyArn=policy_arn)
    return str(role["Role"]["Arn"])


@contextmanager
def _repeating(work: Any, seconds: float) -> Iterator[None]:
    ended = threading.Event()

    def repeat() -> None:
        while not ended.wait(seconds):
            work()

    thread = threading.Thread(target=repeat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()

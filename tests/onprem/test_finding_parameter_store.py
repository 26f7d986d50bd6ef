"""`apply` with Parameter Store behind the very names that are forwarded: it never needs the DNS
that it manages, and its word comes back."""

from __future__ import annotations

import json
import ssl
from dataclasses import dataclass
from typing import Any

import jsonschema
import pytest
import trustme
from ecs_anywhere_dns.outcome import Exit

from tests.onprem.lab.dns_server import DnsServer
from tests.onprem.lab.lab import REPOSITORY, Lab
from tests.onprem.lab.messages import PUBLIC_ADDRESS
from tests.onprem.lab.moto_server import Moto
from tests.onprem.test_apply import apply, assert_private, assert_public
from tests.onprem.test_rolling_back import rollback, turn_after_preflight

MOTOS_ACCOUNT = "123456789012"
SSM = "ssm.us-east-2.amazonaws.com"
PATH = f"/ecs-anywhere/private-connectivity/{Lab.vpc_id}"
ACKNOWLEDGEMENT = f"{PATH}/acknowledgements/dns1"
SCHEMA = json.loads((REPOSITORY / "schemas/acknowledgement.schema.json").read_text())
BOUND = 14.0
"""Seconds more than over a working link, whose own time is this machine's: two resolver IPs over
UDP and TCP (3 each), then two addresses (3 each), and some."""


@dataclass(frozen=True)
class Site:
    """A company whose only way to Parameter Store is its link to the VPC."""

    lab: Lab
    aws: Moto
    https_port: int

    def start(self, kind: str) -> DnsServer:
        server = self.lab.start(kind)
        self.lab.settings_file(
            server,
            source="ssm",
            acknowledge=True,
            resolver_ips=list(self.lab.resolver_ips),
            https_port=self.https_port,
        )
        return server

    def publish(self, **changes: Any) -> None:
        text = self.lab.publish(**changes).read_text()
        self.aws.client("ssm").put_parameter(
            Name=f"{PATH}/forwarding", Value=text, Type="String", Overwrite=True
        )

    def acknowledgement(self) -> dict[str, Any]:
        said: dict[str, Any] = json.loads(self._acknowledged()["Value"])
        jsonschema.validate(said, SCHEMA)
        return said

    def times_acknowledged(self) -> int:
        return int(self._acknowledged()["Version"])

    def _acknowledged(self) -> dict[str, Any]:
        said: dict[str, Any] = self.aws.client("ssm").get_parameter(Name=ACKNOWLEDGEMENT)
        parameter: dict[str, Any] = said["Parameter"]
        return parameter


@pytest.fixture
def site(lab: Lab, aws: Moto, authority: trustme.CA, credentials: None) -> Site:
    aws.post("reset")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(SSM).configure_cert(context)
    lab.account = MOTOS_ACCOUNT
    return Site(lab, aws, lab.serve_https(SSM, context, ("127.0.0.1", aws.port)))


def test_the_first_apply_needs_no_dns_but_the_resolver_ips(site: Site, server_kind: str) -> None:
    lab = site.lab
    site.start(server_kind)
    site.publish()
    report = apply(lab)
    assert (report["exit"], report["changed"]) == (Exit.DONE, True), report
    assert (SSM, "A", "udp") in lab.resolvers[lab.resolver_ips[0]].queries
    assert lab.public.saw_private(lab.zones) == [], "nor did anybody else"
    said = site.acknowledgement()
    assert (said["host"], said["generation"], said["state"]) == ("dns1", 1, "active")
    assert (said["result"], said["server"]) == ("applied", server_kind)
    assert_private(lab)


def test_resolvers_that_a_version_without_pins_believed_are_not_asked_the_way(site: Site) -> None:
    """What it remembers of them may be somebody's."""
    lab, stranger = site.lab, "203.0.113.66"
    server = site.start("bind")
    site.publish()
    assert apply(lab)["exit"] == Exit.DONE
    lab.serve_resolver(stranger)
    hostile = lab.document(vpcCidrs=["0.0.0.0/0"], resolverIps=[stranger, "203.0.113.67"])
    file = server.ground.run / "state" / "applied.json"
    applied = json.loads(file.read_text())
    file.write_text(json.dumps({**applied, "known": hostile, "document": hostile}))
    site.publish(generation=2)
    assert apply(lab)["exit"] == Exit.DONE
    assert lab.resolvers[stranger].queries == []


@pytest.mark.parametrize("kind", ["unbound", "dnsmasq"])
def test_resolver_ips_that_were_replaced_are_learnt_although_nobody_can_resolve_where(
    site: Site, kind: str
) -> None:
    """The old ones, which no longer answer, are all that anybody here would ask for the way to the
    document that names the new ones. (One server remembers who was dead, one never moves on.)"""
    lab = site.lab
    site.start(kind)
    site.publish()
    usual = apply(lab)
    assert usual["exit"] == Exit.DONE
    for resolver in lab.resolvers.values():
        resolver.behaviour = "silent"
    fresh = f"{lab.account}.dkr.ecr.{lab.region}.amazonaws.com"
    assert lab.ask(fresh, patience=0.5).addresses == (), "in no cache"

    new = [ip.removesuffix("32") + "33" for ip in lab.resolver_ips]
    for ip in new:
        lab.serve_resolver(ip)
    site.publish(resolverIps=new)
    report = apply(lab)
    assert (report["exit"], report["forwarders"]) == (Exit.DONE, new), report
    assert report["seconds"]["fetch"] - usual["seconds"]["fetch"] < BOUND
    assert lab.ask(fresh).addresses == lab.names[fresh.partition(".")[2]]
    assert_private(lab)
    said = site.acknowledgement()
    assert (said["generation"], said["result"]) == (2, "applied")


def test_only_what_is_new_is_acknowledged(site: Site) -> None:
    lab = site.lab
    site.start("unbound")
    site.publish()
    for _ in range(3):
        apply(lab)
    assert site.times_acknowledged() == 1
    site.publish(state="draining")
    apply(lab)
    assert (site.times_acknowledged(), site.acknowledgement()["state"]) == (2, "draining")
    first, _ = lab.resolver_ips
    lab.resolvers[first].behaviour = "nxdomain"
    assert apply(lab)["exit"] == Exit.DEGRADED
    said = site.acknowledgement()
    assert said["result"] == "degraded" and f"{first} " in said["detail"]
    assert_private(lab)


def test_a_withdrawal_is_acknowledged_on_the_way_that_it_closed(
    site: Site, server_kind: str
) -> None:
    lab = site.lab
    server = site.start(server_kind)
    site.publish()
    apply(lab)
    assert_private(lab)
    site.publish(state="withdrawn", zones=[], names={}, vpcCidrs=[])
    report = apply(lab)
    assert (report["exit"], report["changed"], report["hints"]) == (Exit.DONE, True, []), report
    said = site.acknowledgement()
    assert (said["state"], said["generation"], said["result"]) == ("withdrawn", 2, "applied")
    assert lab.ask(SSM).addresses == (PUBLIC_ADDRESS,), "there it would have gone otherwise"
    assert server.running()
    assert_public(lab)
    assert apply(lab)["changed"] is False
    assert site.times_acknowledged() == 2


def test_a_failure_is_acknowledged_as_one(site: Site) -> None:
    lab = site.lab
    server = site.start("unbound")
    files = server.files()
    site.publish()
    turn_after_preflight(lab, besides=1)
    assert apply(lab)["exit"] == Exit.ROLLED_BACK
    assert server.files() == files
    said = site.acknowledgement()
    assert said["result"] == "failed"
    assert "wrong-vpc" in said["detail"] and "rolled back" in said["detail"]
    assert lab.public.saw_private(lab.zones) == []


def test_what_a_person_took_back_is_acknowledged_as_not_done(site: Site) -> None:
    lab = site.lab
    site.start("unbound")
    site.publish()
    apply(lab)
    assert rollback(lab)["hints"] == []
    said = site.acknowledgement()
    assert (said["result"], said["detail"]) == ("failed", "rolled back by hand")
    assert_public(lab)


def test_a_dead_link_ends_in_bounded_time_and_leaves_all_as_it_is(site: Site) -> None:
    lab = site.lab
    server = site.start("bind")
    site.publish()
    usual = apply(lab)
    files = server.files()
    lab.cut()
    report = apply(lab)
    assert (report["exit"], report["changed"]) == (Exit.FETCH_FAILED, False), report
    assert report["seconds"]["fetch"] - usual["seconds"]["fetch"] < BOUND
    for address in (*lab.resolver_ips, *lab.names[SSM]):
        assert address in report["summary"]
    assert "check the link to the VPC" in report["cure"]
    assert server.files() == files
    lab.restore()
    assert apply(lab)["exit"] == Exit.DONE
    assert site.times_acknowledged() == 1
    assert_private(lab)

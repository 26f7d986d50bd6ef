"""A document that is unfit, or not for this host, changes nothing."""

from __future__ import annotations

from typing import Any

import pytest
from ecs_anywhere_dns.outcome import Exit

from tests.onprem.lab.lab import Lab
from tests.onprem.test_apply import AGENT, applied, apply, assert_private

WITHDRAWN: dict[str, Any] = {"state": "withdrawn", "zones": [], "names": {}, "vpcCidrs": []}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"generation": 1}, "older than generation"),
        ({"vpcId": "vpc-0000000000000000a"}, "this host follows"),
        ({"region": "eu-west-1"}, "this host follows"),
        ({"resolverIps": []}, "resolverIps"),
        ({"resolverIps": ["192.0.2.1", "192.0.2.2"]}, "outside the VPC"),
        ({"names": {AGENT: ["198.51.100.7"]}}, "outside the VPC"),
        ({"schema": 2}, "schema"),
        ({"zones": ["*.us-east-2.amazonaws.com"]}, "zones"),
        ({"checksum": "sha256:" + 64 * "0"}, "edited by hand"),
        ({"surprise": True}, "surprise"),
    ],
)
def test_it_is_refused_and_named(lab: Lab, changes: dict[str, Any], said: str) -> None:
    server = applied(lab, "unbound")
    lab.publish()
    apply(lab)
    files = server.files()
    lab.publish(**({"generation": 9} | changes))
    report = apply(lab)
    assert report["exit"] == Exit.REFUSED, report
    assert said in report["summary"]
    assert report["cure"]
    assert server.files() == files
    assert_private(lab)


def test_what_is_no_json_is_refused(lab: Lab) -> None:
    lab.start("unbound")
    lab.published.write_text("<html>please log in</html>")
    report = apply(lab)
    assert report["exit"] == Exit.REFUSED
    assert "please log in" in report["summary"]


def test_a_person_may_force_an_older_generation_but_not_another_vpc(lab: Lab) -> None:
    applied(lab, "unbound")
    lab.publish(generation=7)
    apply(lab)
    lab.publish(generation=2)
    assert apply(lab, "--force")["exit"] == Exit.DONE
    assert apply(lab)["exit"] == Exit.DONE, "from there on it is the newest"
    lab.publish(generation=9, vpcId="vpc-0000000000000000a")
    assert apply(lab, "--force")["exit"] == Exit.REFUSED


@pytest.mark.parametrize("changes", [{"state": "draining"}, WITHDRAWN])
def test_the_same_generation_with_other_content_is_refused(
    lab: Lab, changes: dict[str, Any]
) -> None:
    """Also as a withdrawal, and signed: the app gives each new content a higher generation."""
    applied(lab, "unbound")
    lab.publish(**{"generation": 1} | changes)
    report = apply(lab)
    assert report["exit"] == Exit.REFUSED
    assert "of the same generation" in report["summary"]
    lab.publish(generation=1)
    assert apply(lab)["exit"] == Exit.DONE, "the same content is no other"
    assert_private(lab)

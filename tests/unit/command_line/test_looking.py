"""What `status` reads of a fleet: of each VPC what its DNS hosts wrote, and of no other."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from connectivity.domain.ledger import Entry, Served
from connectivity.domain.whole_account import StoredParameter, WholeAccount
from ecs_anywhere.looking import acknowledged

from tests.unit.example import acknowledgement
from tests.unit.usecases.fakes import FakeParameters, Weather

PATH = "/ecs-anywhere/private-connectivity"


@dataclass
class Counting(FakeParameters):
    """Parameters that know which folders were asked for."""

    asked: list[str] = field(default_factory=list)

    def below(
        self, path: str, most: int, recursive: bool = False
    ) -> tuple[Mapping[str, str], bool]:
        self.asked.append(path)
        return super().below(path, most, recursive=recursive)


def test_vpcs_without_dns_hosts_cost_no_call_and_the_others_one_each() -> None:
    parameters = Counting(Weather())
    entries, stored = [], {}
    for number in range(30):
        vpc_id = f"vpc-{number:08x}"
        entries.append(Entry(vpc_id, served=Served("wish"), generation=1))
        names = [f"{PATH}/{vpc_id}/forwarding"]
        if number % 3 == 0:
            names.append(f"{PATH}/{vpc_id}/acknowledgements/dns1")
            said = acknowledgement("dns1", 1) | {"vpcId": vpc_id}
            parameters.all[names[-1]] = json.dumps(said)
        stored[vpc_id] = {name: StoredParameter(1, 0.0) for name in names}
    heard = acknowledged(entries, WholeAccount(parameters=stored), PATH, parameters)
    with_hosts = [f"vpc-{number:08x}" for number in range(0, 30, 3)]
    assert sorted(parameters.asked) == [f"{PATH}/{id_}/acknowledgements" for id_ in with_hosts]
    assert {id_: [each.host for each in said.readable] for id_, said in heard.items()} == {
        id_: ["dns1"] for id_ in with_hosts
    }

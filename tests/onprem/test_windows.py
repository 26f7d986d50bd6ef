"""The script for Windows DNS Server, run by the tests' own PowerShell on a model of that server.

It was never run on Windows; see `tests.onprem.powershell` for what stands in for it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ecs_anywhere_dns.document import Document
from ecs_anywhere_dns.forwarding import forwarding_of
from ecs_anywhere_dns.outcome import Exit
from ecs_anywhere_dns.servers.contract import HEADER
from ecs_anywhere_dns.servers.windows import Windows as Renderer

from tests.onprem.example import fit
from tests.onprem.powershell.cmdlets import Cmdlets
from tests.onprem.powershell.interpreter import Script, environment
from tests.onprem.powershell.windows import PUBLIC, Died, Windows, Zone

RESOLVERS = ("10.0.0.32", "10.0.1.32")
NAMES = {
    "ecs.us-east-2.amazonaws.com": ["10.0.0.40", "10.0.1.40"],
    "ssm.us-east-2.amazonaws.com": ["10.0.0.57", "10.0.1.57"],
}
ECS, SSM = sorted(NAMES)
THEIRS = Zone(ECS, masters=("192.0.2.1", "192.0.2.2"), recursion=True, timeout=7, scope="Forest")
OTHER_VPC = "vpc-0f0f0f0f0f0f0f0f0"
OTHER_NAME = "ecs.eu-west-1.amazonaws.com"


def publication(**changes: Any) -> Document:
    return fit(**{"names": NAMES, "zones": sorted(NAMES)} | changes)


def withdrawn(generation: int = 2) -> Document:
    return publication(
        generation=generation, state="withdrawn", names={}, zones=[], resolverIps=[], vpcCidrs=[]
    )


def of_another_vpc(**changes: Any) -> Document:
    said = {"vpcId": OTHER_VPC, "region": "eu-west-1", "names": {OTHER_NAME: ["10.0.0.90"]}}
    return fit(
        **said | {"zones": [OTHER_NAME], "resolverIps": ["10.0.0.98", "10.0.0.99"]} | changes
    )


class Ran:
    """One run of the script for a publication, with the script's parameters."""

    def __init__(self, windows: Windows, document: Document, **arguments: Any) -> None:
        (fragment,) = Renderer(document).fragments(
            forwarding_of(document, document.resolver_ips, None)
        )
        script = Script(fragment.text, Cmdlets(windows), environment(windows.program_data))
        windows.clock.changes = 0
        try:
            self.code = Exit(script.run(**arguments))
        finally:
            self.said = "\n".join(script.said)
        self.changes = windows.clock.changes

    def __repr__(self) -> str:
        return f"{self.code!r}\n{self.said}"


@pytest.fixture
def windows(tmp_path: Path) -> Windows:
    """A server from which both resolver IPs of both VPCs can be asked."""
    made = Windows(tmp_path / "ProgramData")
    made.program_data.mkdir()
    for resolver in (*RESOLVERS, "10.0.0.98", "10.0.0.99"):
        made.dns.reachable[resolver] = {**NAMES, OTHER_NAME: ["10.0.0.90"]}
    return made


def files(windows: Windows) -> dict[str, str]:
    found = sorted(path for path in windows.program_data.rglob("*") if path.is_file())
    return {path.name: path.read_text() for path in found if path.name != "lock"}


def snapshot(windows: Windows) -> tuple[dict[str, Zone], dict[str, str]]:
    return dict(windows.dns.zones), files(windows)


def ours(zone: str) -> Zone:
    return Zone(zone, masters=RESOLVERS, recursion=False, timeout=3)


def test_each_published_zone_becomes_a_forwarder_that_never_asks_the_internet(
    windows: Windows,
) -> None:
    ran = Ran(windows, publication())
    assert ran.code == Exit.DONE, ran
    assert windows.dns.zones == {ECS: ours(ECS), SSM: ours(SSM)}
    assert "every answer is right" in ran.said


def test_run_again_the_script_changes_nothing(windows: Windows) -> None:
    assert Ran(windows, publication()).code == Exit.DONE
    before = snapshot(windows)
    ran = Ran(windows, publication())
    assert (ran.code, ran.changes) == (Exit.DONE, 0), ran
    assert snapshot(windows) == before


def test_the_scripts_of_two_vpcs_leave_each_other_alone(windows: Windows) -> None:
    assert Ran(windows, publication()).code == Exit.DONE
    assert Ran(windows, of_another_vpc()).code == Exit.DONE
    assert set(windows.dns.zones) == {ECS, SSM, OTHER_NAME}
    gone = of_another_vpc(
        generation=2, state="withdrawn", names={}, zones=[], resolverIps=[], vpcCidrs=[]
    )
    assert Ran(windows, gone).code == Exit.DONE
    assert set(windows.dns.zones) == {ECS, SSM}


@pytest.mark.parametrize("arguments", [{}, {"TakeOver": True}])
def test_a_zone_that_two_vpcs_publish_stays_with_the_first(
    windows: Windows, arguments: dict[str, Any]
) -> None:
    assert Ran(windows, publication()).code == Exit.DONE
    before = snapshot(windows)
    second = of_another_vpc(names=NAMES, zones=sorted(NAMES))
    ran = Ran(windows, second, **arguments)
    assert ran.code == Exit.CHECK_FAILED
    assert publication().vpc_id in ran.said and ECS in ran.said
    assert snapshot(windows) == before


def test_a_forwarder_of_somebody_else_is_refused_and_nothing_is_changed(windows: Windows) -> None:
    windows.dns.put(THEIRS)
    before = snapshot(windows)
    ran = Ran(windows, publication())
    assert (ran.code, ran.changes) == (Exit.CHECK_FAILED, 0)
    assert f"refused: {ECS} is a forwarder to 192.0.2.1 192.0.2.2" in ran.said
    assert "-TakeOver" in ran.said
    assert snapshot(windows) == before


def test_a_forwarder_that_was_taken_over_comes_back_at_withdrawal(windows: Windows) -> None:
    windows.dns.put(THEIRS)
    assert Ran(windows, publication(), TakeOver=True).code == Exit.DONE
    assert windows.dns.zones[ECS] == replace(ours(ECS), scope="Forest")
    assert Ran(windows, publication(generation=2)).code == Exit.DONE
    ran = Ran(windows, withdrawn(3))
    assert ran.code == Exit.DONE, ran
    assert windows.dns.zones == {ECS: THEIRS}


@pytest.mark.parametrize("kind", ["Primary", "Secondary", "Stub"])
def test_a_zone_of_another_type_is_refused_whatever_is_said(windows: Windows, kind: str) -> None:
    windows.dns.put(Zone(SSM, kind))
    before = snapshot(windows)
    for arguments in ({}, {"TakeOver": True}):
        ran = Ran(windows, publication(), **arguments)
        assert ran.code == Exit.CHECK_FAILED
        assert f"{SSM} is a zone of type {kind} here" in ran.said
    assert snapshot(windows) == before


def test_a_forwarder_that_is_right_already_stays_somebody_else_s(windows: Windows) -> None:
    windows.dns.put(ours(ECS))
    ran = Ran(windows, publication())
    assert ran.code == Exit.DONE
    assert f"left: {ECS}" in ran.said
    assert Ran(windows, withdrawn()).code == Exit.DONE
    assert windows.dns.zones == {ECS: ours(ECS)}


def test_withdrawal_leaves_a_forwarder_that_somebody_changed(windows: Windows) -> None:
    assert Ran(windows, publication()).code == Exit.DONE
    changed = replace(ours(ECS), masters=("192.0.2.1",))
    windows.dns.put(changed)
    ran = Ran(windows, withdrawn())
    assert ran.code == Exit.DONE
    assert windows.dns.zones == {ECS: changed}
    assert f"left: {ECS} is a forwarder to 192.0.2.1" in ran.said


def test_a_forwarder_that_somebody_removed_is_made_again(windows: Windows) -> None:
    assert Ran(windows, publication()).code == Exit.DONE
    del windows.dns.zones[ECS]
    assert Ran(windows, publication()).code == Exit.DONE
    assert windows.dns.zones == {ECS: ours(ECS), SSM: ours(SSM)}


def test_a_forwarder_of_ours_that_may_ask_the_internet_again_is_put_right(windows: Windows) -> None:
    assert Ran(windows, publication()).code == Exit.DONE
    windows.dns.put(replace(ours(ECS), recursion=True))
    ran = Ran(windows, publication())
    assert ran.code == Exit.DONE
    assert f"change: {ECS}" in ran.said
    assert windows.dns.zones[ECS] == ours(ECS)


def test_new_resolver_ips_and_names_are_followed(windows: Windows) -> None:
    assert Ran(windows, publication()).code == Exit.DONE
    windows.dns.reachable |= {"10.0.2.32": NAMES, "10.0.3.32": NAMES}
    moved = publication(
        generation=2, resolverIps=["10.0.2.32", "10.0.3.32"], names={SSM: NAMES[SSM]}, zones=[SSM]
    )
    assert Ran(windows, moved).code == Exit.DONE
    assert windows.dns.zones == {SSM: replace(ours(SSM), masters=("10.0.2.32", "10.0.3.32"))}


@pytest.mark.parametrize(
    ("scope", "partition"),
    [("Forest", ""), ("Domain", ""), ("Legacy", ""), ("Custom", "dns.corp.example")],
)
def test_forwarders_are_stored_in_active_directory_where_that_is_said(
    windows: Windows, scope: str, partition: str
) -> None:
    said = {"ReplicationScope": scope, "DirectoryPartitionName": partition}
    assert Ran(windows, publication(), **said).code == Exit.DONE
    assert windows.dns.zones[ECS] == replace(ours(ECS), scope=scope, partition=partition)
    assert Ran(windows, publication(), **said).changes == 0


@pytest.mark.parametrize(
    "said", [{"ReplicationScope": "Custom"}, {"DirectoryPartitionName": "dns.corp.example"}]
)
def test_a_custom_scope_and_its_partition_belong_together(
    windows: Windows, said: dict[str, str]
) -> None:
    ran = Ran(windows, publication(), **said)
    assert (ran.code, ran.changes) == (Exit.USAGE, 0)


def test_a_forwarder_that_is_stored_elsewhere_is_not_moved(windows: Windows) -> None:
    assert Ran(windows, publication()).code == Exit.DONE
    before = snapshot(windows)
    ran = Ran(windows, publication(), ReplicationScope="Forest")
    assert ran.code == Exit.CHECK_FAILED
    assert "Set-DnsServerConditionalForwarderZone" in ran.said
    assert snapshot(windows) == before


def test_a_removed_forwarder_of_a_partition_comes_back_there_when_the_run_is_undone(
    windows: Windows,
) -> None:
    said = {"ReplicationScope": "Custom", "DirectoryPartitionName": "dns.corp.example"}
    assert Ran(windows, publication(), **said).code == Exit.DONE
    before = snapshot(windows)
    one = publication(generation=2, names={SSM: NAMES[SSM]}, zones=[SSM])
    windows.dns.slow = 99
    ran = Ran(windows, one, **said)
    assert ran.code == Exit.ROLLED_BACK
    assert f"remove: {ECS}" in ran.said
    assert snapshot(windows) == before


def test_what_if_tells_each_change_and_makes_none(windows: Windows) -> None:
    ran = Ran(windows, publication(), WhatIf=True)
    assert (ran.code, ran.changes) == (Exit.DONE, 0)
    assert f"make: {ECS}, from nothing to a forwarder to 10.0.0.32 10.0.1.32" in ran.said
    assert "2 zones are not as published" in ran.said
    assert list(windows.program_data.iterdir()) == []
    assert Ran(windows, publication()).code == Exit.DONE
    windows.dns.put(replace(ours(ECS), recursion=True))
    before = snapshot(windows)
    ran = Ran(windows, publication(), WhatIf=True)
    assert f"change: {ECS}, from a forwarder to 10.0.0.32 10.0.1.32, then to the internet" in (
        ran.said
    )
    assert "1 zones are not as published" in ran.said
    assert snapshot(windows) == before


def test_a_server_that_answers_otherwise_gets_its_former_forwarding_back(windows: Windows) -> None:
    windows.dns.put(THEIRS, Zone("corp.example", "Primary"))
    before = snapshot(windows)
    windows.dns.slow = 99
    ran = Ran(windows, publication(), TakeOver=True)
    assert ran.code == Exit.ROLLED_BACK, ran
    assert snapshot(windows) == before
    windows.dns.slow = 0
    assert Ran(windows, publication(), TakeOver=True).code == Exit.DONE


def test_a_change_that_the_server_does_not_keep_is_undone(windows: Windows) -> None:
    """Read back from the server, whatever the cmdlet said."""
    windows.dns.ignores_changes = True
    ran = Ran(windows, publication())
    assert ran.code == Exit.ROLLED_BACK
    assert "then to the internet after it was set to a forwarder to" in ran.said
    assert snapshot(windows) == ({}, {})


def test_a_forwarder_that_needs_a_moment_is_asked_again(windows: Windows) -> None:
    windows.dns.slow = 3
    assert Ran(windows, publication()).code == Exit.DONE


def test_a_public_answer_of_before_is_forgotten(windows: Windows) -> None:
    windows.dns.cache[ECS] = (PUBLIC,)
    assert Ran(windows, publication()).code == Exit.DONE


def test_an_undo_that_fails_calls_a_person_and_is_tried_again_next_time(windows: Windows) -> None:
    windows.dns.slow = 99
    # The journal's two changes, and two for each zone.
    windows.clock.fails_from = 8
    ran = Ran(windows, publication())
    assert ran.code == Exit.ROLLBACK_FAILED
    assert "a person is needed NOW" in ran.said
    windows.clock.fails_from, windows.dns.slow = 0, 0
    assert Ran(windows, publication()).code == Exit.DONE
    assert Ran(windows, withdrawn()).code == Exit.DONE
    assert windows.dns.zones == {}


def deaths(windows: Windows, document: Document, **arguments: Any) -> Iterator[int]:
    """Let the machine die before each change of a run in turn; end with the run that lives."""
    start = snapshot(windows)
    for number in range(1, 100):
        windows.dns.zones = dict(start[0])
        for path in [path for path in windows.program_data.rglob("*") if path.is_file()]:
            path.unlink()
        for name, text in start[1].items():
            (windows.program_data / "ecs-anywhere-dns" / name).write_text(text)
        windows.clock.dies_at = number
        try:
            Ran(windows, document, **arguments)
        except Died:
            windows.clock.dies_at = 0
            yield number
        else:
            return
    raise AssertionError("it never ends")


def test_wherever_a_run_dies_the_next_one_puts_everything_right(windows: Windows) -> None:
    windows.dns.put(THEIRS)
    number = 0
    for number in deaths(windows, publication(), TakeOver=True):
        ran = Ran(windows, publication(), TakeOver=True)
        assert ran.code == Exit.DONE, (number, ran)
        assert windows.dns.zones == {ECS: replace(ours(ECS), scope="Forest"), SSM: ours(SSM)}
        assert Ran(windows, withdrawn()).code == Exit.DONE
        assert windows.dns.zones == {ECS: THEIRS}, number
    assert number > 5


def test_wherever_a_run_dies_a_withdrawal_leaves_what_was_there_before(windows: Windows) -> None:
    windows.dns.put(THEIRS)
    for number in deaths(windows, publication(), TakeOver=True):
        ran = Ran(windows, withdrawn())
        assert ran.code == Exit.DONE, (number, ran)
        assert windows.dns.zones == {ECS: THEIRS}, number


def test_wherever_a_withdrawal_dies_the_next_run_ends_it(windows: Windows) -> None:
    windows.dns.put(THEIRS)
    assert Ran(windows, publication(), TakeOver=True).code == Exit.DONE
    for number in deaths(windows, withdrawn()):
        ran = Ran(windows, withdrawn())
        assert ran.code == Exit.DONE, (number, ran)
        assert windows.dns.zones == {ECS: THEIRS}, number


def test_what_if_after_a_run_that_died_says_so_and_changes_nothing(windows: Windows) -> None:
    for _ in deaths(windows, publication()):
        if any(name.endswith(".journal") for name in files(windows)):
            break
    before = snapshot(windows)
    ran = Ran(windows, publication(), WhatIf=True)
    assert (ran.code, ran.changes) == (Exit.DONE, 0)
    assert "a run died" in ran.said
    assert snapshot(windows) == before


def test_what_somebody_changed_after_a_run_died_is_not_undone(windows: Windows) -> None:
    mine = Zone(ECS, masters=("192.0.2.9",), recursion=False)
    for number in deaths(windows, publication()):
        windows.dns.put(mine)
        ran = Ran(windows, publication())
        assert ran.code == Exit.CHECK_FAILED, (number, ran)
        assert windows.dns.zones[ECS] == mine


def test_no_resolver_ip_that_answers_means_that_nothing_is_changed(windows: Windows) -> None:
    for resolver in RESOLVERS:
        windows.dns.reachable[resolver] = {}
    ran = Ran(windows, publication())
    assert (ran.code, ran.changes) == (Exit.PREFLIGHT_FAILED, 0)
    assert f"{RESOLVERS[0]}: {ECS}" in ran.said


@pytest.mark.parametrize(
    ("answers", "masters"),
    [({}, RESOLVERS), ({**NAMES, SSM: [PUBLIC]}, RESOLVERS[1:])],
    ids=["silent", "wrong"],
)
def test_one_resolver_ip_is_enough_and_the_other_is_left_out_while_it_answers_wrongly(
    windows: Windows, answers: dict[str, list[str]], masters: tuple[str, ...]
) -> None:
    windows.dns.reachable[RESOLVERS[0]] = answers
    ran = Ran(windows, publication())
    assert ran.code == Exit.DEGRADED, ran
    assert f"{RESOLVERS[0]} does not answer as it has to" in ran.said
    assert windows.dns.zones[SSM].masters == masters
    windows.dns.reachable[RESOLVERS[0]] = NAMES
    assert Ran(windows, publication()).code == Exit.DONE
    assert windows.dns.zones[SSM] == ours(SSM)


def test_right_forwarders_whose_answers_are_wrong_are_named_and_left(windows: Windows) -> None:
    assert Ran(windows, publication()).code == Exit.DONE
    before = snapshot(windows)
    windows.dns.cache[SSM] = (PUBLIC,)
    ran = Ran(windows, publication())
    assert (ran.code, ran.changes) == (Exit.NOT_RESOLVING, 0)
    assert f"127.0.0.1: {SSM} is {PUBLIC}" in ran.said
    assert snapshot(windows) == before


def test_an_older_publication_is_not_taken_unless_it_is_forced(windows: Windows) -> None:
    assert Ran(windows, publication(generation=7)).code == Exit.DONE
    before = snapshot(windows)
    ran = Ran(windows, publication(generation=6))
    assert (ran.code, ran.changes) == (Exit.REFUSED, 0)
    assert "generation 7 was applied, this is generation 6" in ran.said
    assert snapshot(windows) == before
    assert Ran(windows, publication(generation=6), Force=True).code == Exit.DONE


def test_zones_of_the_first_version_s_list_become_this_vpc_s(windows: Windows) -> None:
    """That version had one list for all VPCs, and remembered nothing of what was before."""
    listed = windows.program_data / "ecs-anywhere-dns" / "zones.txt"
    listed.parent.mkdir()
    listed.write_text(f"{ECS}\r\n{SSM}\r\n{OTHER_NAME}\r\n")
    windows.dns.put(
        *(replace(ours(zone), masters=("10.0.0.9",)) for zone in (ECS, SSM, OTHER_NAME))
    )
    ran = Ran(windows, publication())
    assert ran.code == Exit.DONE, ran
    assert f"left: {OTHER_NAME}" in ran.said
    assert listed.read_text() == OTHER_NAME
    assert Ran(windows, of_another_vpc()).code == Exit.DONE
    assert not listed.exists()
    assert Ran(windows, withdrawn()).code == Exit.DONE
    assert set(windows.dns.zones) == {OTHER_NAME}


def test_a_server_that_does_not_answer_is_not_taken_for_one_without_zones(windows: Windows) -> None:
    assert Ran(windows, publication()).code == Exit.DONE
    before = snapshot(windows)
    windows.dns.broken = "The RPC server is unavailable."
    ran = Ran(windows, withdrawn())
    assert ran.code == Exit.UNEXPECTED
    assert "The RPC server is unavailable" in ran.said
    windows.dns.broken = ""
    assert snapshot(windows) == before


def test_two_runs_do_not_work_at_once(windows: Windows) -> None:
    windows.disk.locked = True
    ran = Ran(windows, publication())
    assert (ran.code, ran.changes) == (Exit.BUSY, 0)


def test_a_memory_that_cannot_be_read_changes_nothing(windows: Windows) -> None:
    assert Ran(windows, publication()).code == Exit.DONE
    memory = windows.program_data / "ecs-anywhere-dns" / f"{publication().vpc_id}.json"
    memory.write_text("{")
    ran = Ran(windows, withdrawn())
    assert (ran.code, ran.changes) == (Exit.USAGE, 0)
    assert str(memory) in ran.said


def test_the_memory_says_what_was_made_and_what_was_there_before(windows: Windows) -> None:
    windows.dns.put(THEIRS)
    assert Ran(windows, publication(), TakeOver=True).code == Exit.DONE
    (text,) = files(windows).values()
    said = json.loads(text)
    assert (said["Vpc"], said["Generation"]) == (publication().vpc_id, 1)
    assert {x["Zone"]: x["Former"] and x["Former"]["Masters"] for x in said["Zones"]} == {
        ECS: list(THEIRS.masters),
        SSM: None,
    }


def test_the_script_is_ascii_that_windows_powershell_reads_without_a_mark() -> None:
    (fragment,) = Renderer(publication()).fragments(forwarding_of(publication(), RESOLVERS, None))
    assert fragment.text.isascii()
    assert HEADER in fragment.text.splitlines()[0]

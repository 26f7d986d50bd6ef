"""What one release writes, the one before and the one after it read: an execution goes on with the
definition that it was started with, and a user may go back."""

from __future__ import annotations

import json

from connectivity.adapters.ledger_items import entry_of, served_item
from connectivity.domain.desired import Desired, DesiredEndpoint
from connectivity.domain.ledger import Served
from connectivity.domain.publication import Signature
from connectivity.usecases.settings import NEW_VARIABLES, Settings

from tests.unit.example import ONPREM, PRIVATE_NAMES, VPC, full
from tests.unit.test_wiring import ENVIRONMENT


def test_an_item_of_a_later_release_is_read_without_what_is_new_in_it() -> None:
    signature = {"key_id": "1234abcd", "value": "MEUCIQ==", "new": "unknown"}
    item = {
        "knocks": 1,
        "new": "unknown",
        "served": {"wish": "w", "resolver": "rslvr-in-1", "new": ["unknown"]},
        "issued": {
            "generation": 3,
            "issued_at": "2026-11-23T12:00:00Z",
            "fingerprint": "f",
            "signature": signature,
        },
    }
    entry = entry_of(VPC.id, item)
    assert entry.served == Served("w", "rslvr-in-1")
    assert entry.issued is not None
    assert entry.issued.signature == Signature("1234abcd", "MEUCIQ==")


def test_a_field_that_the_former_release_does_not_know_is_written_only_if_it_says_something() -> (
    None
):
    assert "by_name" not in served_item(Served("wish", "rslvr-in-1"))
    assert served_item(Served("wish", by_name=("vpce-1",)))["by_name"] == ("vpce-1",)


def test_what_an_execution_of_a_former_release_desires_is_understood() -> None:
    endpoint = DesiredEndpoint("ssm", full("ssm"), PRIVATE_NAMES["ssm"], ("subnet-a",))
    desired = Desired(VPC.id, VPC.cidrs, (ONPREM,), (endpoint,), ("subnet-a", "subnet-b"))
    said = json.loads(json.dumps(desired.as_json()))
    assert said["endpoints"][0].pop("addresses") == []
    assert Desired.from_json(said) == desired


def test_a_function_whose_code_is_newer_than_its_variables_does_what_the_former_release_did() -> (
    None
):
    """AWS CloudFormation updates a function's code and its configuration one after the other."""
    former = {name: value for name, value in ENVIRONMENT.items() if name not in NEW_VARIABLES}
    settings = Settings.from_environment(former)
    assert settings == Settings.from_environment(ENVIRONMENT | NEW_VARIABLES)
    assert not settings.free_on_deletion
    assert settings.idle_days == 0
    assert Settings.from_environment({**ENVIRONMENT, "FREE_ON_DELETION": "yes"}).free_on_deletion

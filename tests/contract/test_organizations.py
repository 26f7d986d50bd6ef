"""The organization of the account: the same test bodies on the fake and on AWS Organizations."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from botocore.stub import Stubber
from connectivity.adapters import aws as adapter
from connectivity.adapters.organizations import AwsOrganizations
from connectivity.usecases.ports import Organizations

from local.engine import EmbeddedAws
from tests.contract.callers import adapters_call
from tests.unit.usecases.fakes import FakeOrganizations

IN_ONE, IN_NONE, DENIED = "in one", "in none", "denied"
Found = tuple[Organizations, str | None]


@pytest.fixture
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws(gaps=("gateway",)) as aws, adapters_call(aws.url):
        yield aws


@pytest.fixture(params=["fake", "organizations"])
def account(request: pytest.FixtureRequest) -> Callable[[str], Found]:
    """An account as it is said to be, and what its organization is."""
    if request.param == "fake":
        ids = {IN_ONE: "o-a1b2c3d4e5", IN_NONE: "", DENIED: None}
        return lambda how: (FakeOrganizations(ids[how]), ids[how])
    client = request.getfixturevalue("aws").client("organizations")

    def there(how: str) -> Found:
        if how == IN_ONE:
            made = client.create_organization(FeatureSet="ALL")["Organization"]
            return AwsOrganizations(), made["Id"]
        if how == DENIED:
            stubber = Stubber(adapter.client("organizations"))
            stubber.add_client_error("describe_organization", "AccessDeniedException")
            stubber.activate()
        return AwsOrganizations(), None if how == DENIED else ""

    return there


@pytest.mark.parametrize("how", [IN_ONE, IN_NONE, DENIED])
def test_the_organization_is_told_apart_from_none_and_from_one_that_is_not_told(
    account: Callable[[str], Found], how: str
) -> None:
    organizations, expected = account(how)
    assert organizations.own() == expected

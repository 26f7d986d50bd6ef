"""How the embedded AWS says no, beside a failure injector that somebody else wrote."""

from __future__ import annotations

import pytest
from botocore.session import get_session

from local.unkind.refusals import SERVER_ERRORS, THROTTLES, Refusal
from tests.second_opinion.readers import ask

SERVICES = {"tag": "resourcegroupstaggingapi"}
"""Our name -> botocore's, where they differ."""

A_SERVER_S_FAULT = {
    ("events", "InternalException"),
    ("kms", "KMSInternalException"),
    ("tag", "InternalServiceException"),
}
"""Errors for which microburst says 400, although the service's model marks them as a fault of the
server."""

STATED = [
    (service, refusal)
    for table in (THROTTLES, SERVER_ERRORS)
    for service, refusal in table.items()
    if service != "query"
]


@pytest.mark.parametrize(
    "service, refusal", STATED, ids=lambda value: getattr(value, "code", value)
)
def test_a_refusal_has_the_status_that_another_reading_of_the_models_gives(
    service: str, refusal: Refusal
) -> None:
    name = SERVICES.get(service, service)
    protocol = get_session().get_service_model(name).metadata["protocol"]
    [status] = ask(
        "judge_refusals.py", [{"service": name, "code": refusal.code, "protocol": protocol}]
    )
    if (service, refusal.code) in A_SERVER_S_FAULT:
        model = get_session().get_service_data(name)
        fault = model["shapes"][refusal.code]["fault"]
        assert (fault, status, refusal.status) == (True, 400, 500)
    else:
        assert status == refusal.status

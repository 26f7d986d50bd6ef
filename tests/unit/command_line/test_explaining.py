"""What an error means is read from the manual, for every error that the app can end with."""

from __future__ import annotations

import pytest
from connectivity.domain import errors
from ecs_anywhere.explaining import UnknownError, explain, explanations

KINDS = [*errors.Fact.__subclasses__(), *errors.Waiting.__subclasses__()]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: str(kind.__name__))
def test_every_error_of_the_app_is_explained(kind: type[Exception]) -> None:
    found = explain(kind.__name__)
    assert found.cause
    assert found.cure


def test_nothing_is_explained_that_the_app_does_not_say() -> None:
    assert {each.name for each in explanations()} == {kind.__name__ for kind in KINDS}


def test_a_word_that_is_nearly_an_error_finds_it() -> None:
    assert explain(" preconditionsnotmet ").name == "PreconditionsNotMet"
    with pytest.raises(UnknownError, match="It has: PreconditionsNotMet"):
        explain("Preconditions")
    with pytest.raises(UnknownError, match="ConflictingPrivateDns, EndpointFailed"):
        explain("?")

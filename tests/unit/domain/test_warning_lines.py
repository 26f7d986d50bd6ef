"""Lines of a status are known by how they begin, alone and as warnings."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from connectivity.domain.evidence import is_about_evidence, not_kept
from connectivity.domain.promises import is_about_a_lost_address
from connectivity.domain.refused_deletion import is_about_a_deletion
from connectivity.domain.usage import idle, is_about_idleness

LOST = "10.0.0.9, 10.0.1.9 was an address of the inbound resolver and is none any more"


@pytest.mark.parametrize(
    ("is_about", "line"),
    [
        (is_about_evidence, not_kept("denied")),
        (is_about_a_lost_address, LOST),
        (is_about_a_deletion, "AWS was asked to delete vpc-1 and refused"),
        (is_about_idleness, idle(14, 270.1)),
    ],
)
def test_a_line_is_known_with_and_without_its_mark_and_never_by_a_quotation(
    is_about: Callable[[str], bool], line: str
) -> None:
    assert is_about(line)
    assert is_about(f"warning: {line}")
    assert not is_about(f'tag "{line}" is not read')
    assert not is_about(f'warning: tag "ecs-anywhere:{line}" is not read')

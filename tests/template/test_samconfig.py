"""What `sam` does in this folder without being told: samconfig.toml."""

from __future__ import annotations

import tomllib

from tests.template.sam_template import PATH

CONFIG = tomllib.loads((PATH.parent / "samconfig.toml").read_text())["default"]


def test_sam_delete_asks_which_stack_and_never_takes_one_that_was_named_for_another_command() -> (
    None
):
    """The guided deployment saves the name that it was given under `deploy`, and what stands under
    `global` is every command's: a bare `sam delete` would aim at a stack of that name."""
    named = [command for command in CONFIG if "stack_name" in CONFIG[command]["parameters"]]
    assert named == ["deploy"]


def test_no_parameter_of_the_stack_is_set_here() -> None:
    """Whoever deploys sets them; the guided deployment writes all of them down."""
    assert not [command for command in CONFIG if "parameter_overrides" in str(CONFIG[command])]

"""Let a template refer to what the SAM transform makes (`!GetAtt KnockFunctionTagChanged.Arn`).

Before that transform LocalEmu looks into every resource for `Fn::Transform`. On its way it resolves
all references, and refuses one to a resource that is not there yet.
"""

from __future__ import annotations

from localemu.services.cloudformation.engine.v2.change_set_model_transform import (
    ChangeSetModelTransform,
)


def install() -> None:
    """Leave that look out: the app's template has no `Fn::Transform`."""
    ChangeSetModelTransform._execute_local_transforms = lambda _: None

"""Definitions in files: JSON, or YAML, which AWS CloudFormation turns into JSON.

"The definition must be a JSON or YAML file" (AWS CloudFormation User Guide, DefinitionS3Location).
Anchors in such a file fail with SCHEMA_VALIDATION_FAILED (cfn-language-discussion, issue 49).
"""

from __future__ import annotations

import json

import yaml

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The loader of libyaml, where it is installed: the other takes a second for the workflow."""


def as_json(text: str) -> str:
    """Return the definition in a file as the JSON that AWS Step Functions is given. Raises
    ValueError for anchors."""
    if text.lstrip().startswith("{"):
        return text
    shared = yaml.AnchorToken, yaml.AliasToken
    if any(isinstance(token, shared) for token in yaml.scan(text, Loader=_LOADER)):
        raise ValueError("SCHEMA_VALIDATION_FAILED: the definition holds YAML anchors")
    return json.dumps(yaml.load(text, Loader=_LOADER))

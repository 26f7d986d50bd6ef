"""A refusal of AWS IAM, in the words that somebody can act on.

AWS's text begins with the caller's ARN and ends with the reason, often behind the 256 characters of
a tag. Source: IAM user guide, "Troubleshoot access denied error messages".
"""

from __future__ import annotations

import re

_ACTION = re.compile(r"not authorized to perform: ([\w-]+:\w+)")
_OPERATION = re.compile(r"when calling the (\w+) operation")
_FUNCTION = re.compile(r"assumed-role/[^/\s]+/[\w-]*?(\w+Function)\b")
_REASON = re.compile(r"with an explicit deny in an? ([a-z -]*?policy|permissions boundary)")
_CODES = ("AccessDenied", "UnauthorizedOperation", "not authorized to perform")

_WHO = {
    "service control policy": "the organisation's administrators keep it",
    "resource control policy": "the organisation's administrators keep it",
    "permissions boundary": "who set the boundary on the stack's roles can allow it",
    "vpc endpoint policy": "the endpoint's owner can allow it",
}
"""Kind of policy -> who can mend it."""


def denied(message: str) -> str | None:
    """Return what AWS denies to which function, by which kind of policy, and who can mend that;
    None if the message is no denial."""
    if not any(code in message for code in _CODES):
        return None
    action, operation = _ACTION.search(message), _OPERATION.search(message)
    function, reason = _FUNCTION.search(message), _REASON.search(message)
    what = action[1] if action else operation[1] if operation else "a call"
    whom = f" to {function[1]}" if function else ""
    if reason is None:
        return (
            f"AWS denies {what}{whom}: its role does not allow it any more, or the action is left "
            "out by a policy above it (permissions boundary, service control policy)"
        )
    kind = reason[1]
    who = _WHO.get(kind, "somebody put it on the function's role")
    article = "an" if kind[0] in "aeiou" else "a"
    return f"AWS denies {what}{whom} by an explicit deny in {article} {kind}: {who}"

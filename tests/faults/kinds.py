"""The kinds of fault that every call meets once, one at a time."""

from __future__ import annotations

from dataclasses import dataclass

from local.unkind.faults import Aim, Fault

ATTEMPTS = 3
"""Attempts of the SDK at a call (adapters/aws.py): a fault that lasts as long reaches the workflow,
a shorter one only the SDK."""
READS = ("Describe", "Get", "List")


@dataclass(frozen=True)
class Kind:
    name: str
    fault: Fault
    attempts: int = 1
    """The number of attempts of the same call that the fault strikes, one after the other."""
    of_effects: bool = False
    """True for a fault of calls with an effect alone: a read that is not answered is the same as
    one that never came."""
    of_functions: bool = False
    """True for a fault of functions' calls alone: nobody else can be killed."""

    def strikes(self, caller: str, action: str) -> bool:
        reads = action.partition(":")[2].startswith(READS)
        is_function = caller.endswith("FunctionRole")
        return not (self.of_effects and reads) and (is_function or not self.of_functions)

    def aims(self, caller: str, action: str, nth: int) -> list[Aim]:
        return [Aim(self.fault, action, caller, nth + again) for again in range(self.attempts)]


KINDS = (
    Kind("throttled", Fault.THROTTLED, ATTEMPTS),
    Kind("server error", Fault.SERVER_ERROR, ATTEMPTS),
    Kind("time-out before the effect", Fault.DROPPED_REQUEST, ATTEMPTS),
    Kind("time-out after the effect, once", Fault.LOST_ANSWER, of_effects=True),
    Kind("time-out after the effect, for good", Fault.LOST_ANSWER, ATTEMPTS, of_effects=True),
    Kind("function killed after the effect", Fault.KILLED_FUNCTION, of_functions=True),
)
"""The kinds of faults. One "for good" lasts for as many attempts as the SDK makes."""

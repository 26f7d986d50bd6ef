"""Optional services that cannot be had are left out, unless that would take away what is there.

an optional service cannot be had, and                then
--------------------------------------------------    ------------------------------------------
every connected service is still asked for            it is left out, and a warning names it
one that is connected is asked for no longer, or      the VPC is refused and stays as it is: that
is itself what cannot be had any more                 may be the same mistake (`logs` -> `lgos`)
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from connectivity.domain import catalogue
from connectivity.domain.derivation import wanted
from connectivity.domain.ledger import ENDPOINT_PURPOSES
from connectivity.domain.printable import first_lines, listed
from connectivity.domain.service_problems import unfit_services
from connectivity.domain.survey import Limits, Survey
from connectivity.domain.warning_lines import begins
from connectivity.domain.wish import Options

_LEFT_OUT = "left out: "


def is_about_what_is_left_out(warning: str) -> bool:
    return begins(warning, _LEFT_OUT)


@dataclass(frozen=True)
class LeftOut:
    """The outcome of leaving out what cannot be had."""

    options: Options
    """The options of the wish, with services alone that can be had."""
    losses: tuple[str, ...] = ()
    """The problems where leaving out would take away what is connected; empty where nothing
    goes."""
    warnings: tuple[str, ...] = ()
    """A line for each service that is left out; the last one counts those beyond ten. Empty where
    there are losses."""
    elsewhere: tuple[str, ...] = ()
    """The problems of services of other Regions among them, for which a plan is refused."""


def leave_out(survey: Survey, options: Options, limits: Limits) -> LeftOut:
    """Return what is left of the options without the optional services that cannot be had."""
    unfit = tuple(unfit_services(survey, options, limits))
    if not unfit:
        return LeftOut(options)
    fit = _without(options, {each.service for each in unfit}, survey.region)
    problems = [each.problem for each in unfit]
    if lost := _lost(survey, fit):
        loss = (
            f"{listed(lost)} would lose the connection, perhaps by the same mistake: nothing is "
            "changed until it is mended"
        )
        return LeftOut(fit, losses=(*problems, loss))
    warnings = tuple(f"{_LEFT_OUT}{line}" for line in first_lines(problems))
    return LeftOut(fit, (), warnings, tuple(each.problem for each in unfit if each.is_elsewhere))


def _without(options: Options, names: Collection[str], region: str) -> Options:
    """Return the options without these services; of a group, such as `ecr`, the others stay."""
    kept = (name for option in options.services for name in _kept(option, names, region))
    return replace(options, services=tuple(dict.fromkeys(kept)))


def _kept(option: str, names: Collection[str], region: str) -> Sequence[str]:
    opened = catalogue.requested([option], region)
    kept = [name for name in opened if name not in names]
    return [option] if len(kept) == len(opened) else kept


def _lost(survey: Survey, options: Options) -> list[str]:
    """Return the full names of the services that are connected and not among the options."""
    kept = {service.name for service in wanted(survey, options).values()}
    return sorted(_connected(survey) - kept)


def _connected(survey: Survey) -> set[str]:
    """Return the full names of the services for which an interface endpoint of ours is there, or of
    whose names on-premises was told."""
    ownership, entry = survey.ownership, survey.entry
    ours = (e for e in survey.endpoints if e.type == "Interface" and ownership.of_endpoint(e))
    serving = (purpose for purpose, id_ in entry.held.items() if id_ in entry.served.interfaces)
    told = (p for p in (*serving, *entry.served.adopted) if p.startswith(ENDPOINT_PURPOSES))
    return {*(e.service_name for e in ours if e.exists), *(p.partition("/")[2] for p in told)}

"""Request: an event that asks for a wish. The wish is written as tags; then we knock.

Amazon EventBridge keeps no order, so every event has one of its own: the time that it carries, and
at the same time Remove before Delete before Plan before Enable. What was overtaken changes nothing.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from connectivity.domain import tags
from connectivity.domain.addresses import address_problems, resolver_problems
from connectivity.domain.doubt import VERIFICATION
from connectivity.domain.errors import (
    Fact,
    RequestOvertaken,
    UnknownVpc,
    UnreadableOption,
    UnreadableRequest,
)
from connectivity.domain.networks import Bounds, cidr_problems
from connectivity.domain.policy_presets import choice_problems
from connectivity.domain.printable import first_lines, firsts_first, quoted, shown
from connectivity.domain.wish import (
    REMOVE,
    Asked,
    Wish,
    items,
    policy_chosen,
    resolver_named,
    service_problems,
)
from connectivity.usecases.knock import knock_for_request
from connectivity.usecases.ports import Clock, Executions, Ledger, Vpcs
from connectivity.usecases.refusal import refuse
from connectivity.usecases.request_order import Kind, order_of
from connectivity.usecases.settings import Settings

Written = Literal["written", "replaced", "overtaken"]
"""The result of a request: its tags stand, a newer request's stand, or nothing was written."""

VERIFY = "verify"
"""An event that asks for no wish: what is connected is verified now."""
_KINDS: dict[str, Kind] = {kind.lower(): kind for kind in get_args(Kind)} | {"disable": "Delete"}
_VPC_ID = re.compile(r"vpc-[0-9a-f]{8,17}")
_TEXTS = ("resolver", "endpoint-policy")
"""Fields of an event that are one string."""
_FIELDS = {"vpc-id", "services", "onprem-cidrs", "resolver-ips", *_TEXTS, "requested-at"}
_TAKEN_BACK = (tags.ENDPOINT_POLICY,)
"""Tags that are removed where a request has nothing for them: the stack's parameter counts then."""
_MOST_OVERTAKINGS = 10

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class WishRequest:
    """A request event, understood. `None` leaves the VPC's own tag as it is."""

    kind: Kind
    vpc_id: str
    services: tuple[str, ...] | None = None
    onprem_cidrs: tuple[str, ...] | None = None
    resolver_ips: tuple[str, ...] | None = None
    resolver: str | None = None
    endpoint_policy: str | None = None
    order: str = ""
    """The order: of two requests about a VPC the one with the higher order holds."""

    @property
    def asked(self) -> Asked:
        """The request as it is written down."""
        return Asked(self.order, {} if self.kind == "Delete" else _tags_of(self))


@dataclass(frozen=True)
class RequestDoor:
    """The ports by which a request event is carried out."""

    vpcs: Vpcs
    ledger: Ledger
    executions: Executions
    clock: Clock
    settings: Settings


def receive(event: Mapping[str, Any], door: RequestDoor) -> dict[str, Any]:
    """Return the VPC and the execution that was started. What cannot be carried out becomes an
    execution that says why, because people look there."""
    vpc_id, now = None, door.clock.now()
    try:
        vpc_id = vpc_id_of(event.get("detail"))
        if _named(event.get("detail-type")) == VERIFY:
            started = ask_for_verification(event["detail"], now, door)
        else:
            asked = read_request(event, now, door.settings.bounds)
            started = carry_out(asked, now, door)
    except Fact as problem:
        refused = refuse(vpc_id, problem, now, door.ledger, door.executions)
        return {"vpcId": vpc_id, "refused": type(problem).__name__, "started": refused}
    return {"vpcId": vpc_id, "started": started}


def vpc_id_of(detail: Any) -> str:
    """Return the VPC id of a request event. Raises UnreadableRequest."""
    fields = detail if isinstance(detail, Mapping) else {}
    vpc_id = fields.get("vpc-id")
    if not isinstance(vpc_id, str) or not _VPC_ID.fullmatch(vpc_id):
        given = shown(vpc_id) if "vpc-id" in fields else "missing"
        raise UnreadableRequest(
            f'request event: "vpc-id" is {given}, and a VPC id such as vpc-0a1b2c3d is '
            f"needed{_unknown_fields(detail)}"
        )
    return vpc_id


def ask_for_verification(detail: Mapping[str, Any], now: str, door: RequestDoor) -> str | None:
    """Let a connected VPC be verified now, although nothing differs; `now` is in ISO 8601 UTC.
    Return the execution; None where one is at work, which is no verification. Raises
    UnreadableRequest, VpcNotAllowed and RequestPutOff.

    It is no wish: no tag is written, and it overtakes nothing.
    """
    vpc_id = vpc_id_of(detail)
    if more := sorted(detail.keys() - {"vpc-id", "requested-at"}):
        raise UnreadableRequest(
            f'request event: Verify takes "vpc-id" and nothing else, and has {quoted(more[0])}'
        )
    door.settings.check_allowed(vpc_id)
    entry = door.ledger.read(vpc_id)
    if not entry.served.wish:
        raise UnreadableRequest(
            f"request event: Verify for {vpc_id}, which is not connected "
            f"({entry.status or 'nobody has asked for it'}): set its tag, or send Enable"
        )
    return knock_for_request(vpc_id, now, door.ledger, door.executions, VERIFICATION)


def read_request(event: Mapping[str, Any], now: str, bounds: Bounds) -> WishRequest:
    """Return what an event with a VPC's id asks for; `now` is in ISO 8601 UTC. Raises
    UnreadableRequest or UnreadableOption, with every problem at once."""
    detail = event["detail"]
    vpc_id = vpc_id_of(detail)
    kind = _kind(event.get("detail-type"))
    order = order_of(event, kind, now)
    names = sorted(detail.keys() - _FIELDS)
    problems = first_lines(
        [
            f"request event: unknown field {quoted(name)}; known are {', '.join(sorted(_FIELDS))}"
            for name in names
        ]
    )
    lists: dict[str, tuple[str, ...] | None] = {}
    for name in ("services", "onprem-cidrs", "resolver-ips"):
        value = detail.get(name)
        if value is not None and not _is_list_of_strings(value):
            problems.append(
                f'request event: "{name}" is {shown(value)}, and a list of strings is needed'
            )
            value = None
        lists[name] = None if value is None else items(value)
    texts: dict[str, str | None] = {}
    for name in _TEXTS:
        text = detail.get(name)
        if text is not None and not isinstance(text, str):
            problems.append(f'request event: "{name}" is {shown(text)}, and a string is needed')
            text = None
        texts[name] = text
    named, policy = texts.values()
    asked = WishRequest(
        kind,
        vpc_id,
        lists["services"],
        lists["onprem-cidrs"],
        lists["resolver-ips"],
        None if named is None else resolver_named(named),
        None if policy is None else policy_chosen(policy),
        order,
    )
    problems += _problems_of(asked, bounds)
    if problems:
        raise UnreadableOption("; ".join(problems))
    return asked


def _problems_of(asked: WishRequest, bounds: Bounds) -> list[str]:
    services, cidrs = asked.services, asked.onprem_cidrs
    problems = firsts_first(
        [] if services is None else service_problems(services, "request event"),
        [] if cidrs is None else cidr_problems(cidrs, "request event", bounds),
        address_problems(asked.resolver_ips or (), "request event"),
        resolver_problems(asked.resolver or "", "request event"),
        []
        if not asked.endpoint_policy
        else choice_problems(asked.endpoint_policy, "request event", bounds.endpoint_policy),
    )
    return problems + [
        f"request event: tag {key} would have {len(value)} characters, and AWS allows "
        f"{tags.LONGEST_VALUE}: ask for less, or for wider networks"
        for key, value in _tags_of(asked).items()
        if len(value) > tags.LONGEST_VALUE
    ]


def _kind(detail_type: Any) -> Kind:
    kind = _KINDS.get(_named(detail_type))
    if kind is None:
        raise UnreadableRequest(
            f"request event: its detail-type is {shown(detail_type)}, and one of "
            f"{', '.join(get_args(Kind))}, Verify is needed"
        )
    return kind


def _named(detail_type: Any) -> str:
    return detail_type.strip().lower() if isinstance(detail_type, str) else ""


def carry_out(request: WishRequest, now: str, door: RequestDoor) -> str | None:
    """Write or remove the tags, and knock; `now` is in ISO 8601 UTC. Return the execution that it
    started; None where one is at work, where a newer request came before, or where so many were
    started that it is put off. Raises RequestOvertaken, RequestPutOff, VpcNotAllowed, UnknownVpc
    and TagsRefused."""
    if write_wish(request, door) == "overtaken":
        return None
    return knock_for_request(request.vpc_id, now, door.ledger, door.executions)


def write_wish(request: WishRequest, door: RequestDoor) -> Written:
    """Write or remove the tags, and return whether the request stands on them. One that is
    overtaken before it was written leaves them as they are. Raises as `carry_out` does."""
    settings, ledger = door.settings, door.ledger
    settings.check_allowed(request.vpc_id)
    asked = request.asked
    newest = ledger.remember_request(request.vpc_id, asked)
    if newest != asked:
        logger.info("%s of %s was overtaken", request.kind, request.vpc_id)
        _refuse_a_tie(request, newest)
        return "overtaken"
    try:
        stands = _write(request.vpc_id, asked, door.vpcs, ledger)
    except UnknownVpc:
        # Of one that is gone there may be something left to remove.
        if not ledger.read(request.vpc_id).status:
            raise UnknownVpc(settings.unknown_vpc(request.vpc_id)) from None
        return "written"
    return "written" if stands == asked else "replaced"


def _write(vpc_id: str, asked: Asked, vpcs: Vpcs, ledger: Ledger) -> Asked:
    """Write the tags, and look afterwards whether a newer request came in between: whoever writes
    last sees to it that the newest stands. Return the request that was written last."""
    for _ in range(_MOST_OVERTAKINGS):
        gone = [key for key in _TAKEN_BACK if asked.tags.get(key) == ""]
        if asked.tags:
            vpcs.set_tags(vpc_id, {k: v for k, v in asked.tags.items() if k not in gone})
        if gone or not asked.tags:
            vpcs.remove_tags(vpc_id, gone or [tags.WISH])
        newest = ledger.remember_request(vpc_id, asked)
        if newest == asked:
            return asked
        asked = newest
    return asked


def _refuse_a_tie(request: WishRequest, newest: Asked) -> None:
    """Raise RequestOvertaken where another event of the same moment asked for something else: only
    the sender knows which one was last. An older event is overtaken as it should be, and nobody is
    told."""
    moment, rank, _ = newest.order.split("#")
    stands = get_args(Kind)[int(rank)]
    if moment == request.order.partition("#")[0] and stands != request.kind:
        raise RequestOvertaken(
            f"request event: {request.kind} for {request.vpc_id} changed nothing, because another "
            f"event of the same moment asked for {stands}. If you want it, send it again; to send "
            'several within a second, give each its "requested-at" with fractions'
        )


def _tags_of(request: WishRequest) -> dict[str, str]:
    if request.kind == "Remove":
        return {tags.WISH: REMOVE}
    wish = Wish.PLAN if request.kind == "Plan" else Wish.ENABLED
    written = {tags.WISH: wish.value}
    if request.services is not None:
        written[tags.SERVICES] = "+".join(request.services)
    if request.onprem_cidrs is not None:
        written[tags.ONPREM_CIDRS] = " ".join(request.onprem_cidrs)
    if request.resolver_ips is not None:
        written[tags.RESOLVER_IPS] = " ".join(request.resolver_ips)
    if request.resolver is not None:
        written[tags.RESOLVER] = request.resolver
    if request.endpoint_policy is not None:
        written[tags.ENDPOINT_POLICY] = request.endpoint_policy
    return written


def _unknown_fields(detail: Any) -> str:
    names = sorted(detail.keys() - _FIELDS) if isinstance(detail, Mapping) else []
    return f"; it has the unknown field {quoted(names[0])}" if names else ""


def _is_list_of_strings(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)

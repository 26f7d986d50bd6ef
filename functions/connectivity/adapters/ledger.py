"""The ledger, in Amazon DynamoDB: one item per account, Region and VPC, and one per account, Region
and bucket; conditional writes only where two executions could meet."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from connectivity.adapters.counted_hours import CountedHours
from connectivity.adapters.ledger_items import (
    decimal,
    entry_of,
    places,
    reported,
    served_item,
    set_held,
    untaken_since,
)
from connectivity.adapters.recorded_answers import RecordsAnswers
from connectivity.adapters.remembered_orphans import RememberedOrphans
from connectivity.adapters.removals import Removals
from connectivity.adapters.table import Table
from connectivity.domain.errors import NotReadyYet
from connectivity.domain.ledger import KEPT_SECONDS, MAKING, PROBE, PUBLICATION, Entry, Said, Served
from connectivity.domain.mails import Allowance
from connectivity.domain.orphans import Known
from connectivity.domain.pacing import Bucket, Turn, cost, granted
from connectivity.domain.publication import Issue
from connectivity.domain.safety_valve import Asking
from connectivity.domain.wish import Asked

_REQUEST_KEPT_SECONDS = 2 * 24 * 3600
"""Longer than any delivery of an event is tried again."""

_NOTHING = Served()


class DynamoDbLedger(RecordsAnswers):
    """Implements the port `Ledger`."""

    def __init__(self, table: str, account: str, region: str) -> None:
        self._table = Table(table)
        self._prefix = f"{account}#{region}#"
        # Before the account, so that no look at the VPCs by their prefix meets a bucket.
        self._buckets = f"bucket#{account}#{region}#"
        self._requests = f"request#{account}#{region}#"
        mails, hours = f"mails#{account}#{region}", f"hour#{account}#{region}#"
        self._counted = CountedHours(self._table, hours, mails)
        self._orphans = RememberedOrphans(self._table, f"orphans#{account}#{region}")
        self._removals = Removals(self._table, f"removals#{account}#{region}")

    def read(self, vpc_id: str) -> Entry:
        return entry_of(vpc_id, self._table.item(self._prefix + vpc_id))

    def entries(self) -> tuple[Entry, ...]:
        found = self._table.items(self._prefix)
        return tuple(entry_of(item["id"].removeprefix(self._prefix), item) for item in found)

    def knock(self, vpc_id: str, heard: Mapping[str, str] | None = None) -> Entry:
        """Also makes the maps that later updates write into, and calls off an expiry."""
        told = {":heard": dict(heard)} if heard is not None else {}
        attributes = self._update(
            vpc_id,
            f"SET held = if_not_exists(held, :none){', heard = :heard' if told else ''} "
            "REMOVE expires_at ADD knocks :one",
            {":none": {}, ":one": 1, **told},
            ReturnValues="ALL_NEW",
        )
        return entry_of(vpc_id, attributes)

    def knock_if_known(self, vpc_id: str) -> Entry | None:
        """Count a knock as `knock` does, under the condition that there is an entry."""
        attributes = self._table.update_if(
            "attribute_exists(knocks)",
            self._prefix + vpc_id,
            "SET held = if_not_exists(held, :none) REMOVE expires_at ADD knocks :one",
            {":none": {}, ":one": 1},
            ReturnValues="ALL_NEW",
        )
        return None if attributes is None else entry_of(vpc_id, attributes)

    def remember_request(self, vpc_id: str, asked: Asked) -> Asked:
        id_ = self._requests + vpc_id
        soon = int(time.time()) + _REQUEST_KEPT_SECONDS
        newest = self._table.update_if(
            "attribute_not_exists(newest) OR newest <= :order",
            id_,
            "SET newest = :order, asked = :tags, expires_at = :soon",
            {":order": asked.order, ":tags": dict(asked.tags), ":soon": soon},
        )
        if newest is not None:
            return asked
        found = self._table.item(id_)
        return Asked(found["newest"], found["asked"])

    def take(self, entry: Entry, execution: str, asked: str = "") -> bool:
        condition, before = untaken_since(entry)
        values = {
            ":me": execution,
            ":begun": entry.knocks,
            ":none": {},
            ":asked": asked,
            ":now": decimal(time.time()),
        }
        return self._conditionally(
            entry.vpc_id,
            "SET holder = :me, begun = :begun, held = if_not_exists(held, :none), "
            "asked = :asked, taken_at = :now REMOVE unread",
            values | before,
            condition,
        )

    def hand_over(self, entry: Entry, differences: str, at: float) -> bool:
        """Write as `knock` does, without counting, and only while nobody else took the hold."""
        condition, before = untaken_since(entry)
        return self._conditionally(
            entry.vpc_id,
            "SET held = if_not_exists(held, :none), handed = :handed, unread = :yes, "
            "swept_at = :at REMOVE expires_at",
            {":none": {}, ":handed": differences, ":yes": True, ":at": decimal(at)} | before,
            condition,
        )

    def release(
        self, vpc_id: str, execution: str, seconds: int = KEPT_SECONDS, said: Said | None = None
    ) -> bool:
        kept = int(time.time()) + seconds
        report, names, values = reported(said)
        released = self._conditionally(
            vpc_id,
            f"REMOVE holder, heard SET expires_at = :kept{report}",
            {":me": execution, ":kept": kept, **values},
            "holder = :me AND (begun = knocks OR attribute_not_exists(knocks))",
            **names,
        )
        if said and not released:
            self.report(vpc_id, said.status, said.detail, said.told)
        return released or self.read(vpc_id).holder != execution

    def announce(self, entry: Entry, tokens: Mapping[str, str], at: float | None = None) -> None:
        announced = {purpose: f"{MAKING}{token}" for purpose, token in tokens.items()}
        names, change, values = set_held(announced, at)
        unchanged: list[str] = []
        for place, purpose in places(tokens).items():
            if purpose in entry.held:
                before = f":before{len(unchanged)}"
                values[before] = entry.held[purpose]
                unchanged.append(f"held.{place} = {before}")
            else:
                unchanged.append(f"attribute_not_exists(held.{place})")
        condition = " AND ".join(unchanged)
        if not self._conditionally(
            entry.vpc_id, change, values, condition, ExpressionAttributeNames=names
        ):
            raise NotReadyYet(f"somebody else is making the same in {entry.vpc_id}")

    def hold(self, vpc_id: str, held: Mapping[str, str], made_at: float | None = None) -> None:
        names, change, values = set_held(held, made_at)
        self._update(vpc_id, change, values, ExpressionAttributeNames=names)

    def let_go(self, vpc_id: str, purposes: Iterable[str]) -> None:
        names = places(purposes)
        if names:
            change = "REMOVE " + ", ".join(f"held.{place}" for place in names)
            self._update(vpc_id, change, {}, ExpressionAttributeNames=names)

    def record_withdrawal(self, vpc_id: str, at: str, status: str, detail: str) -> None:
        self._update(
            vpc_id,
            "SET withdrawn_at = :at, #status = :status, detail = :detail",
            {":at": at, ":status": status, ":detail": detail},
            ExpressionAttributeNames={"#status": "status"},
        )

    def record_removal(self, entry: Entry) -> None:
        self._update(entry.vpc_id, "SET removing = :by", {":by": entry.holder or ""})

    def forget(self, vpc_id: str, purposes: Iterable[str]) -> None:
        names = places(purposes)
        change = "REMOVE " + ", ".join(["removing", *(f"held.{place}" for place in names)])
        more = {"ExpressionAttributeNames": names} if names else {}
        self._update(vpc_id, change, {}, **more)

    def promise(
        self, vpc_id: str, resolver_ips: Mapping[str, str], lost: Iterable[str] = ()
    ) -> None:
        values = {":ips": dict(resolver_ips), ":lost": sorted(lost)}
        self._update(vpc_id, "SET resolver_ips = :ips, lost_ips = :lost", values)

    def doubt(self, vpc_id: str, fingerprint: str, at: str, proven: Iterable[str]) -> None:
        self._update(
            vpc_id,
            "SET doubt = :fingerprint, doubted_at = :at, proven_endpoints = :proven",
            {":fingerprint": fingerprint, ":at": at, ":proven": sorted(proven)},
        )

    def record_verified(self, vpc_id: str, endpoint_ids: Iterable[str]) -> None:
        names = places([PROBE])
        gone = ", ".join(f"held.{place}" for place in names)
        self._update(
            vpc_id,
            f"SET proven_endpoints = :ids REMOVE doubt, doubted_at, {gone}",
            {":ids": sorted(endpoint_ids)},
            ExpressionAttributeNames=names,
        )

    def miss(self, vpc_id: str, hosts: Sequence[str]) -> None:
        self._update(vpc_id, "SET unconfirmed = :hosts", {":hosts": list(hosts)})

    def issue(self, vpc_id: str, parameter: str, issue: Issue) -> None:
        names, change, values = set_held({PUBLICATION: parameter})
        change, values = f"{change}, issued = :issued", {**values, ":issued": asdict(issue)}
        self._update(vpc_id, change, values, ExpressionAttributeNames=names)

    def publish(
        self,
        vpc_id: str,
        issue: Issue,
        endpoint_ids: Iterable[str],
        served: Served = _NOTHING,
    ) -> None:
        self._update(
            vpc_id,
            "SET generation = :generation, verified = :fingerprint, verified_endpoints = :ids, "
            "served = :served, issued = :issued, verified_at = :now REMOVE doubt, doubted_at, "
            "proven_endpoints, unconfirmed, withdrawn_at, removing"
            f"{', lost_ips' if served == _NOTHING else ''}",
            {
                ":generation": issue.generation,
                ":fingerprint": issue.fingerprint,
                ":ids": sorted(endpoint_ids),
                ":served": served_item(served),
                ":now": decimal(time.time()),
                ":issued": asdict(issue),
            },
        )

    def ask_for_removal(self, vpc_id: str, now: float) -> tuple[Asking, ...]:
        return self._removals.ask(vpc_id, now)

    def reserve(self, bucket: Bucket, calls: int, now: float) -> Turn:
        """A hundred at the same time wait for each other inside DynamoDB; nobody has to try again,
        as the condition is on the time and not on what somebody has read."""
        id_, returned = self._buckets + bucket.name, {"ReturnValues": "UPDATED_NEW"}
        spent = {":cost": decimal(cost(bucket, calls))}
        booked = self._table.update_if(
            "attribute_not_exists(booked_until) OR booked_until <= :now",
            id_,
            "SET booked_until = :now + :cost",
            spent | {":now": decimal(now)},
            **returned,
        ) or self._table.update(
            # It never goes back, so the condition holds no moment later either.
            id_,
            "SET booked_until = booked_until + :cost",
            spent,
            **returned,
        )
        return granted(bucket, calls, float(booked["booked_until"]), now)

    def remember(self, vpc_id: str, turns: Mapping[str, Turn]) -> None:
        said = {step: turn.as_json() | {"at": decimal(turn.at)} for step, turn in turns.items()}
        self._update(vpc_id, "SET turns = :turns", {":turns": said})

    def report(self, vpc_id: str, status: str, detail: str, told: Iterable[str] = ()) -> None:
        change, names, values = reported(Said(status, detail, frozenset(told)))
        self._update(vpc_id, f"SET {change.removeprefix(', ')}", values, **names)

    def allow(self, allowance: Allowance, hour: str) -> bool:
        return self._counted.allow(allowance, hour)

    def hold_back_mail(self) -> None:
        self._counted.hold_back()

    def take_held_back_mails(self) -> int:
        return self._counted.take_held_back()

    def known_orphans(self) -> Known:
        return self._orphans.read()

    def remember_orphans(self, known: Known) -> None:
        self._orphans.write(known)

    def _conditionally(
        self, vpc_id: str, expression: str, values: Mapping[str, Any], condition: str, **more: Any
    ) -> bool:
        id_ = self._prefix + vpc_id
        return self._table.update_if(condition, id_, expression, values, **more) is not None

    def _update(
        self, vpc_id: str, expression: str, values: Mapping[str, Any], **more: Any
    ) -> dict[str, Any]:
        return self._table.update(self._prefix + vpc_id, expression, values, **more)

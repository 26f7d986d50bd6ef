"""The ledger, in Amazon DynamoDB: one item per account, Region and VPC, and one per account, Region
and bucket; conditional writes only where two executions could meet."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from connectivity.adapters.bookings import Bookings
from connectivity.adapters.counted_hours import CountedHours
from connectivity.adapters.ledger_items import (
    decimal,
    entry_of,
    linked,
    places,
    reported,
    served_item,
    set_held,
    set_policies,
    turn_items,
    unchanged_since,
    untaken_since,
)
from connectivity.adapters.records import Records
from connectivity.adapters.remembered_orphans import RememberedOrphans
from connectivity.adapters.removals import Removals
from connectivity.adapters.table import Table
from connectivity.domain.errors import NotReadyYet
from connectivity.domain.ledger import (
    KEPT_SECONDS,
    MAKING,
    PUBLICATION,
    Beside,
    End,
    Entry,
    Said,
    Served,
)
from connectivity.domain.mails import Allowance
from connectivity.domain.orphans import Known
from connectivity.domain.pacing import Bucket, Turn
from connectivity.domain.publication import Issue
from connectivity.domain.safety_valve import Asking
from connectivity.domain.wish import Asked

_REQUEST_KEPT_SECONDS = 2 * 24 * 3600
"""Longer than any delivery of an event is tried again."""

_NOTHING = Served()
_NOTHING_BESIDE = Beside()
_NOTHING_SAID = End()
_NO_POLICIES: Mapping[str, str] = {}


class DynamoDbLedger(Records):
    """The port `Ledger` on AWS."""

    def __init__(self, table: str, account: str, region: str) -> None:
        self._table = Table(table)
        self._prefix = f"{account}#{region}#"
        # Before the account, so that no look at the VPCs by their prefix meets a bucket.
        self._bookings = Bookings(self._table, f"bucket#{account}#{region}#")
        self._requests = f"request#{account}#{region}#"
        mails, hours = f"mails#{account}#{region}", f"hour#{account}#{region}#"
        self._counted = CountedHours(self._table, hours, mails)
        self._orphans = RememberedOrphans(self._table, f"orphans#{account}#{region}")
        self._removals = Removals(self._table, f"removals#{account}#{region}")

    def read(self, vpc_id: str) -> Entry:
        return entry_of(vpc_id, self._table.item(self._prefix + vpc_id))

    def entries(self) -> tuple[Entry, ...]:
        return tuple(self._entry_of(item) for item in self._table.items(self._prefix))

    def adopted(self) -> Mapping[str, frozenset[str]]:
        fields = {"ProjectionExpression": "id, served"}
        found = map(self._entry_of, self._table.items(self._prefix, "served.adopted", {}, **fields))
        return {e.vpc_id: frozenset(e.served.adopted.values()) for e in found if e.served.wish}

    def connected(self) -> frozenset[str]:
        found = self._table.items(self._prefix, "served.wish", ProjectionExpression="id")
        return frozenset(item["id"].removeprefix(self._prefix) for item in found)

    def _entry_of(self, item: Mapping[str, Any]) -> Entry:
        return entry_of(item["id"].removeprefix(self._prefix), item)

    def knock(self, vpc_id: str, heard: Mapping[str, str] | None = None) -> Entry:
        """Count a knock, and return the entry. Makes the maps that later updates write into, and
        cancels an expiry."""
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

    def take_if_free(self, vpc_id: str, execution: str) -> Entry | None:
        attributes = self._table.update_if(
            "attribute_not_exists(holder) OR holder = :me",
            self._prefix + vpc_id,
            "SET holder = :me, begun = if_not_exists(knocks, :zero), "
            "held = if_not_exists(held, :none), taken_at = :now REMOVE unread",
            {":me": execution, ":zero": 0, ":none": {}, ":now": decimal(time.time())},
            ReturnValues="ALL_OLD",
        )
        return None if attributes is None else entry_of(vpc_id, attributes)

    def take(self, entry: Entry, execution: str) -> bool:
        condition, before = untaken_since(entry)
        values = {
            ":me": execution,
            ":begun": entry.knocks,
            ":none": {},
            ":now": decimal(time.time()),
        }
        return self._conditionally(
            entry.vpc_id,
            "SET holder = :me, begun = :begun, held = if_not_exists(held, :none), "
            "taken_at = :now REMOVE unread",
            values | before,
            condition,
        )

    def record_asked(self, vpc_id: str, asked: str) -> None:
        self._update(vpc_id, "SET asked = :asked", {":asked": asked})

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
        self, vpc_id: str, execution: str, seconds: int = KEPT_SECONDS, end: End = _NOTHING_SAID
    ) -> bool:
        kept = int(time.time()) + seconds
        report, names, values = reported(end.said)
        link, linking = linked(end.link)
        released = self._conditionally(
            vpc_id,
            f"REMOVE holder, heard SET expires_at = :kept{report}{link}",
            {":me": execution, ":kept": kept, **values, **linking},
            "holder = :me AND (begun = knocks OR attribute_not_exists(knocks))",
            **names,
        )
        if end.said and not released:
            self.report(vpc_id, end.said.status, end.said.detail, end.said.told)
        if released or self.read(vpc_id).holder != execution:
            return True
        if link:
            change = f"SET {link.removeprefix(', ')}"
            me = {":me": execution}
            self._conditionally(vpc_id, change, linking | me, "holder = :me")
        return False

    def announce(
        self, entry: Entry, tokens: Mapping[str, str], beside: Beside = _NOTHING_BESIDE
    ) -> None:
        announced = {purpose: f"{MAKING}{token}" for purpose, token in tokens.items()}
        names, change, values = set_held({**announced, **beside.held}, beside.groups_made_at)
        if beside.turns:
            change, values[":turns"] = f"{change}, turns = :turns", turn_items(beside.turns)
        condition, before = unchanged_since(entry, tokens)
        if not self._conditionally(
            entry.vpc_id, change, values | before, condition, ExpressionAttributeNames=names
        ):
            raise NotReadyYet(f"somebody else is making the same in {entry.vpc_id}")

    def hold(
        self,
        vpc_id: str,
        held: Mapping[str, str],
        made_at: float | None = None,
        policies: Mapping[str, str] = _NO_POLICIES,
    ) -> None:
        names, change, values = set_held(held, made_at)
        more, goes_on, with_them = set_policies(policies)
        self._update(
            vpc_id, change + goes_on, values | with_them, ExpressionAttributeNames=names | more
        )

    def record_gone(self, vpc_id: str, purposes: Iterable[str]) -> None:
        names = places(purposes)
        if names:
            change = "REMOVE " + ", ".join(f"held.{place}" for place in names)
            self._update(vpc_id, change, {}, ExpressionAttributeNames=names)

    def record_removal(self, entry: Entry) -> None:
        self._update(entry.vpc_id, "SET removing = :by", {":by": entry.holder or ""})

    def record_resolver_ips(
        self, vpc_id: str, resolver_ips: Mapping[str, str], lost: Iterable[str] = ()
    ) -> None:
        values = {":ips": dict(resolver_ips), ":lost": sorted(lost)}
        self._update(vpc_id, "SET resolver_ips = :ips, lost_ips = :lost", values)

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
        return self._bookings.reserve(bucket, calls, now)

    def record_turns(self, vpc_id: str, turns: Mapping[str, Turn]) -> None:
        self._update(vpc_id, "SET turns = :turns", {":turns": turn_items(turns)})

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

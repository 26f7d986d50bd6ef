"""Callers: the sessions of roles, with credentials as AWS STS gives them out."""

from __future__ import annotations

import threading
from typing import Any

from moto.backends import get_backend
from moto.sts.models import sts_backends

from local import partitions
from local.contracts import Credentials

TEMPORARY_KEY = "ASIA"
"""The beginning of the id of every access key that STS has given out."""


class Principals:
    """The sessions of roles, kept in moto's STS, so that GetCallerIdentity answers with the assumed
    role.

    A session lasts as long as this object; moto lets no credentials expire.
    """

    def __init__(self, region: str) -> None:
        self._region = region
        self._lock = threading.Lock()
        self._sessions: dict[tuple[str, str], Any] = {}
        self._by_key: dict[str, Any] = {}

    def credentials_for(self, role_arn: str, session_name: str) -> Credentials:
        """Return the credentials of a role's session, the same ones in each call."""
        with self._lock:
            session = self._sessions.get((role_arn, session_name))
            if session is None:
                session = self._assume(role_arn, session_name)
        return Credentials(session.access_key_id, session.secret_access_key, session.session_token)

    def role_of(self, access_key_id: str) -> str | None:
        session = self._session_of(access_key_id)
        return session.role_arn if session else None

    def user_of(self, access_key_id: str) -> str:
        """Return the caller as AWS's messages name it: the ARN of the assumed role's session."""
        return str(self._session_of(access_key_id).arn)

    def function_of(self, access_key_id: str) -> str | None:
        """Return the ARN of the function whose own code calls, after which its sessions are called;
        None for any other caller."""
        session = self._session_of(access_key_id)
        account, region = session.account_id, session.region_name
        arn = partitions.arn("lambda", region, account, f"function:{session.session_name}")
        function = get_backend("lambda")[account][region].get_function_by_arn(arn)
        return arn if function and function.role == session.role_arn else None

    def _assume(self, role_arn: str, session_name: str) -> Any:
        account, partition = role_arn.split(":")[4], partitions.partition_in(role_arn)
        session = sts_backends[account][partition].assume_role(
            region_name=self._region,
            role_session_name=session_name,
            role_arn=role_arn,
            policy=None,
            duration=3600,
            external_id=None,
        )
        self._sessions[role_arn, session_name] = session
        self._by_key[session.access_key_id] = session
        return session

    def _session_of(self, access_key_id: str) -> Any:
        """Return the session of an access key, also of one that sts:AssumeRole gave out through the
        API; None for an unknown one."""
        session = self._by_key.get(access_key_id)
        if session is None and access_key_id.startswith(TEMPORARY_KEY):
            session = _assumed_through_the_api(access_key_id)
            if session is not None:
                self._by_key[access_key_id] = session
        return session


def _assumed_through_the_api(access_key_id: str) -> Any:
    accounts = list(sts_backends.values())
    backends = [backend for account in accounts for backend in list(account.values())]
    found = (each.get_assumed_role_from_access_key(access_key_id) for each in backends)
    return next(filter(None, found), None)

"""Look briefly at a VPC that is plainly connected: at what a sweep sees, for this VPC alone."""

from __future__ import annotations

from connectivity.domain import publication, status
from connectivity.domain.acknowledgement import MOST_LOOKED_AT, read_acknowledgements
from connectivity.domain.convergence import spoilt
from connectivity.domain.differences import View, differences
from connectivity.domain.ledger import Entry
from connectivity.domain.plainly_connected import is_plainly_connected
from connectivity.domain.status import Status
from connectivity.domain.whole_account import StoredParameter, WholeAccount
from connectivity.usecases.asked import Wished
from connectivity.usecases.aws import Aws
from connectivity.usecases.run import Run


def look_briefly(wished: Wished, run: Run, aws: Aws) -> Status | None:
    """Return the status of a VPC of which nothing differs; None where a whole look has to decide
    (docs/decisions/0040)."""
    entry, settings, vpc_id = wished.entry, aws.settings, run.vpc_id
    is_new = wished.asks_anew or wished.only_plan
    if is_new or not is_plainly_connected(entry, wished.because, run.now, settings.signing_key):
        return None
    path = settings.parameter_path
    folder = publication.folder(path, vpc_id)
    found, all_seen = aws.parameters.below(folder, MOST_LOOKED_AT, recursive=True)
    if not all_seen or spoilt(found, entry, path) or differences(_view(wished, aws)):
        return None
    said = status.connected(
        services=entry.served.interfaces,
        resolver_ips=entry.resolver_ips,
        generation=entry.generation,
        warnings=(),
        acknowledgements=read_acknowledgements(found, path, vpc_id),
        adopted=entry.served.adopted.values(),
    )
    return said.with_warnings_of(entry)


def _view(wished: Wished, aws: Aws) -> View:
    """Look at the VPC as a sweep would; of the publication, what was read says enough."""
    entry, us, vpc_id = wished.entry, aws.settings.us, wished.vpc.id
    path = aws.settings.parameter_path
    adopted = frozenset(entry.served.adopted.values())
    endpoints = aws.endpoints.all_in(vpc_id)
    groups = aws.groups.all_in(vpc_id)
    account = WholeAccount(
        vpcs={vpc_id: wished.vpc},
        endpoints={vpc_id: tuple(e for e in endpoints if e.owner == us or e.id in adopted)},
        groups={vpc_id: tuple(group for group in groups if group.owner == us)},
        resolvers={resolver.id: resolver for resolver in aws.resolvers.in_vpc(vpc_id)},
        parameters={vpc_id: _as_served(entry, path)},
    )
    return View(entry, account, us, path, wished.options)


def _as_served(entry: Entry, path: str) -> dict[str, StoredParameter]:
    names = publication.parameter_names(path, entry.vpc_id)
    versions = entry.served.parameters
    return {name: StoredParameter(versions.get(name, 0), 0.0) for name in names}

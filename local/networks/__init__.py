"""VPCs as real networks with real packets; moto's VPCs are only rows in a table.

Stands for Route 53 Resolver's inbound endpoints (DNS on their addresses, private hosted
zones first), for interface endpoints (the embedded AWS's API, over TLS on 443), for the
isolation of a VPC, and for a company's site at the other end of a Direct Connect. In
network namespaces where this machine allows them, as root or in a user namespace, else on
loopback sockets that a function sees as the VPC's addresses, and without a site.
"""

from __future__ import annotations

import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import trustme

from local.contracts import InboundAddress, NetworkState, SiteImpossible
from local.networks.connected_site import ConnectedSite
from local.networks.site import hindrance_to
from local.networks.vpc_network import NetworkProcessDied, VpcNetwork
from local.networks.workloads import Workloads

if TYPE_CHECKING:
    from local.engine import EmbeddedAws

TIERS = {
    "auto": ("root-namespaces", "user-namespaces", "loopback"),
    "namespaces": ("root-namespaces", "user-namespaces"),
    "loopback": ("loopback",),
}
"""The tiers that `Settings.network` allows: the first that the machine can do is taken."""


def install(aws: EmbeddedAws) -> None:
    networks = VpcNetworks(TIERS[aws.settings.network], aws.url.removeprefix("http://"))
    aws.networks = networks
    # Python's ssl module reads it: a function trusts the local CA and nobody else.
    aws.lambda_environment = {"SSL_CERT_FILE": str(networks.trust_bundle)}
    aws.closers.append(networks.close)


class VpcNetworks:
    """The networks of VPCs: the contract `contracts.Networks`."""

    def __init__(self, tiers: Sequence[str], gateway: str) -> None:
        """`gateway` is the `host:port` of the API that interface endpoints lead to."""
        self.tiers = tiers
        self._gateway = gateway
        self._networks: dict[str, VpcNetwork] = {}
        self._lock = threading.Lock()
        self._scratch = tempfile.TemporaryDirectory(prefix="vpc-networks-")
        self._directory = Path(self._scratch.name)
        self.trust_bundle = self._directory / "ca.pem"
        """The CA that signs the certificates of all interface endpoints of this run."""
        authority = trustme.CA(organization_name="Embedded AWS")
        authority.cert_pem.write_to_path(str(self.trust_bundle))
        key = self._directory / "ca-key.pem"
        key.touch(mode=0o600)
        authority.private_key_pem.write_to_path(str(key))
        # Everybody may read the certificate, the programs of other users included, and find nothing
        # else here.
        self._directory.chmod(0o711)

    def apply(self, vpc_id: str, state: NetworkState) -> None:
        has_addresses = bool(state.resolver_ips or state.tls or state.own_dns)
        with self._lock:
            if not has_addresses and vpc_id not in self._networks:
                return
            with self._network(vpc_id, state.cidrs) as network:
                network.apply(state)
                self._end_if_idle(network)

    def run_inside(
        self, vpc_id: str, cidrs: Sequence[str], command: Sequence[str],
        environment: Mapping[str, str], runtime_api: str,
    ) -> subprocess.Popen[bytes]:  # fmt: skip
        with self._lock, self._network(vpc_id, cidrs) as network:
            return network.run(command, environment, runtime_api)

    def connect_site(self, vpc_id: str, cidrs: Sequence[str], onprem_cidr: str) -> ConnectedSite:
        if hindrance := hindrance_to(onprem_cidr, cidrs):
            raise SiteImpossible(hindrance)
        log = self._directory / f"{vpc_id}-public-queries"
        with self._lock, self._network(vpc_id, cidrs) as network:
            try:
                prefix = network.connect_site(onprem_cidr, log)
            except SiteImpossible:
                self._end_if_idle(network)
                raise
        return ConnectedSite(vpc_id, onprem_cidr, prefix, log, partial(self._change_site, network))

    def admit(self, vpc_id: str, cidrs: Sequence[str], workloads: Workloads | None) -> None:
        """Give the VPC's workloads these answers from now on; None ends them."""
        with self._lock, self._network(vpc_id, cidrs) as network:
            network.admit(workloads)
            self._end_if_idle(network)

    def inbound_addresses(self) -> Sequence[InboundAddress]:
        with self._lock:
            networks = [network for _, network in sorted(self._networks.items())]
            return [address for network in networks for address in network.inbound_addresses()]

    def close(self) -> None:
        with self._lock:
            for network in list(self._networks.values()):
                self._end(network)
            self._scratch.cleanup()

    @contextmanager
    def _network(self, vpc_id: str, cidrs: Sequence[str]) -> Iterator[VpcNetwork]:
        """Yield the VPC's network process, which is started if need be, and forgotten if it has
        died."""
        if vpc_id not in self._networks:
            self._networks[vpc_id] = VpcNetwork(
                vpc_id, cidrs, self.tiers, self._directory, self._gateway
            )
        network = self._networks[vpc_id]
        try:
            yield network
        except NetworkProcessDied:
            self._end(network)
            raise

    def _change_site(self, network: VpcNetwork, changes: Mapping[str, Any] | None) -> None:
        """Change the site of a VPC, or with None end it. Raises NetworkProcessDied if it is
        gone."""
        vpc_id = network.vpc_id
        with self._lock:
            if self._networks.get(vpc_id) is not network or network.site is None:
                raise NetworkProcessDied(f"the site of {vpc_id} is gone")
            with self._network(vpc_id, ()):
                network.change_site(None if changes is None else {**network.site, **changes})
                self._end_if_idle(network)

    def _end_if_idle(self, network: VpcNetwork) -> None:
        if network.is_idle:
            self._end(network)

    def _end(self, network: VpcNetwork) -> None:
        del self._networks[network.vpc_id]
        network.close()

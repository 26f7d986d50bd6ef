"""The servers that a person configures: what is rendered for them, to the byte.

None of it is run here: each module says what was, elsewhere, and by what the rest was written.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from ecs_anywhere_dns.document import Document
from ecs_anywhere_dns.forwarding import Forwarding
from ecs_anywhere_dns.outcome import BadUsage
from ecs_anywhere_dns.servers.contract import Renderer
from ecs_anywhere_dns.servers.coredns import CoreDns
from ecs_anywhere_dns.servers.windows import Windows

from tests.onprem.example import fit

FORWARDING = Forwarding(
    ("ecs.us-east-2.amazonaws.com", "ssm.us-east-2.amazonaws.com"),
    ("10.0.0.32", "10.0.1.32"),
    "vpc-0a1b2c3d4e5f60718 generation 7 (active)",
)
DOCUMENT = fit(
    generation=7,
    vpcId="vpc-0a1b2c3d4e5f60718",
    names={"ecs.us-east-2.amazonaws.com": ["10.0.0.40"]},
)
WITHDRAWN = Forwarding((), (), "vpc-0a1b2c3d4e5f60718 generation 8 (withdrawn)")
RENDERERS = (CoreDns(DOCUMENT), Windows(DOCUMENT))

COREDNS = """\
# managed by ecs-anywhere-dns, do not edit
# vpc-0a1b2c3d4e5f60718 generation 7 (active)
# Import this file at the top level of the Corefile. Where your own blocks have a line `bind`, add
# the same line to this block, and where they have another port than 53, write that one here:
# otherwise CoreDNS never serves this block, and these names are asked of the internet. After each
# change send it SIGUSR1: the plugin reload looks at the Corefile, and not at what it imports.

ecs.us-east-2.amazonaws.com:53,
ssm.us-east-2.amazonaws.com:53 {
    errors
    cache 60
    forward . 10.0.0.32 10.0.1.32 {
        policy sequential
        health_check 5s
        max_fails 2
    }
}
"""

WINDOWS = """\
# managed by ecs-anywhere-dns, do not edit
# vpc-0a1b2c3d4e5f60718 generation 7 (active)
#Requires -RunAsAdministrator
"""
"""Its beginning; `test_windows` runs all of it."""
WINDOWS_VALUES = """\
$vpc = 'vpc-0a1b2c3d4e5f60718'
$generation = 7
$zones = @(
    'ecs.us-east-2.amazonaws.com',
    'ssm.us-east-2.amazonaws.com'
)
$resolvers = @(
    '10.0.0.32',
    '10.0.1.32'
)
$timeout = 3
$answers = @(
    @{ Name = 'ecs.us-east-2.amazonaws.com'; Addresses = @('10.0.0.40') }
)
"""
NO_VALUES = """\
$vpc = 'vpc-0a1b2c3d4e5f60718'
$generation = 8
$zones = @()
$resolvers = @()
$timeout = 3
$answers = @()
"""


@pytest.mark.parametrize(
    ("renderer", "path", "text"),
    [
        (CoreDns(DOCUMENT), "ecs-anywhere.corefile", COREDNS),
    ],
)
def test_it_is_rendered_to_the_byte(renderer: Renderer, path: str, text: str) -> None:
    (fragment,) = renderer.fragments(FORWARDING)
    assert (fragment.path, fragment.text) == (Path(path), text)


@pytest.mark.parametrize(
    ("renderer", "comment"),
    [(CoreDns(DOCUMENT), "#")],
)
def test_nothing_to_forward_is_nothing_but_the_header(renderer: Renderer, comment: str) -> None:
    (fragment,) = renderer.fragments(WITHDRAWN)
    assert fragment.text == (
        f"{comment} managed by ecs-anywhere-dns, do not edit\n"
        f"{comment} vpc-0a1b2c3d4e5f60718 generation 8 (withdrawn)\n"
    )


@pytest.mark.parametrize(
    ("document", "forwarding", "values"),
    [
        (DOCUMENT, FORWARDING, WINDOWS_VALUES),
        (replace(DOCUMENT, generation=8), WITHDRAWN, NO_VALUES),
    ],
)
def test_the_script_for_windows_holds_what_was_published(
    document: Document, forwarding: Forwarding, values: str
) -> None:
    """With nothing to forward it still has to run: the zones stay until somebody removes them."""
    (fragment,) = Windows(document).fragments(forwarding)
    assert fragment.path == Path("ecs-anywhere-dns.ps1")
    assert f"\n\n{values}\n" in fragment.text
    if forwarding is FORWARDING:
        assert fragment.text.startswith(WINDOWS)


@pytest.mark.parametrize(
    ("renderer", "written"),
    [
        (CoreDns(DOCUMENT), "forward . 10.0.0.32:5453 10.0.1.32:5453 {"),
    ],
)
def test_another_port_is_written_as_the_server_wants_it(renderer: Renderer, written: str) -> None:
    (fragment,) = renderer.fragments(replace(FORWARDING, port=5453))
    assert written in fragment.text


def test_windows_forwards_to_no_other_port() -> None:
    with pytest.raises(BadUsage, match="cannot forward to port 5453"):
        Windows(DOCUMENT).fragments(replace(FORWARDING, port=5453))


def test_the_same_forwarding_is_the_same_bytes() -> None:
    for renderer in RENDERERS:
        assert renderer.fragments(FORWARDING) == renderer.fragments(replace(FORWARDING))

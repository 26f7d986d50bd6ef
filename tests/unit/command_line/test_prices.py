"""Prices: AWS's list prices with their date, or a company's own."""

from __future__ import annotations

from pathlib import Path

import pytest
from ecs_anywhere.prices import Prices, UnreadablePrices, read_prices


def test_a_month_is_what_the_manual_says() -> None:
    assert round(Prices().monthly(interfaces=12, resolver_ips=2), 2) == 270.10


def test_prices_of_a_company_replace_aws_s(tmp_path: Path) -> None:
    file = tmp_path / "prices.json"
    file.write_text('{"of": "ours, 2026", "interface_hour": 0.02, "resolver_ip_hour": 0}')
    prices = read_prices(file)
    assert prices.of == "ours, 2026"
    assert prices.hourly(10, 2) == pytest.approx(0.2)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"of": "ours"}',
        '{"of": "ours", "interface_hour": "cheap", "resolver_ip_hour": 1}',
        '{"of": "ours", "interface_hour": -1, "resolver_ip_hour": 1}',
        '{"of": "ours", "interface_hour": 1, "resolver_ip_hour": 1, "more": 1}',
    ],
)
def test_what_holds_no_prices_is_refused_with_an_example(text: str, tmp_path: Path) -> None:
    file = tmp_path / "prices.json"
    file.write_text(text)
    with pytest.raises(UnreadablePrices, match=r'It has to look like \{"of"'):
        read_prices(file)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnreadablePrices, match=r"nowhere\.json cannot be read"):
        read_prices(tmp_path / "nowhere.json")

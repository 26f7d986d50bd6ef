"""Prices: AWS's list prices with their date, or a company's own."""

from __future__ import annotations

import re
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


def test_every_price_in_the_manual_has_a_source_with_its_date_or_says_that_it_has_none() -> None:
    text = (Path(__file__).parents[3] / "docs" / "cost.md").read_text()
    rows = [line.strip("|").split(" | ") for line in text.partition("## Sources")[2].splitlines()]
    found = {row[0].strip(): row[1:] for row in rows if len(row) == 3}
    del found["price"]
    dated = r"((29 )?November 2026|each test)"
    for price, (source, read) in found.items():
        settled = re.fullmatch(dated, read.strip())
        assert settled or read.strip() == "not settled", price
        assert settled or source.startswith(("none; from memory", "no source that agrees")), price
    for service in ("AWS KMS", "CloudWatch", "X-Ray", "Step Functions", "Lambda", "Amazon S3"):
        assert any(price.startswith(service) for price in found), service

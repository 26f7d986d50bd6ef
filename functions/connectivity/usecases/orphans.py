"""Tell a person of orphans, once for each: nothing of them is touched."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from connectivity.domain import tags
from connectivity.domain.mails import Mail
from connectivity.domain.orphans import Known, Orphans, news_of
from connectivity.domain.printable import first_lines
from connectivity.usecases.finish import Desk, send_mail


def tell_orphans(found: Sequence[Orphans], owner: str, desk: Desk) -> None:
    """Mail what is news, and remember what was seen and told. Where there are no orphans, nothing
    is read and nothing written. `owner` is the value of our owner tag."""
    if not found:
        return
    known = desk.ledger.known_orphans()
    news = news_of(found, known)
    told = known.told
    if news and send_mail(_mail(news, owner), desk):
        told = told | {id_ for each in news for id_ in each.ids}
    ids = frozenset(id_ for each in found for id_ in each.ids)
    now = Known(ids, told & ids)
    if now != known:
        desk.ledger.remember_orphans(now)


def _mail(news: Iterable[Orphans], owner: str) -> Mail:
    lines = first_lines([each.line for each in news])
    text = (
        f"This looks like the stack {owner}'s by its tag {tags.OWNER} or its name, stands in VPCs "
        "that ask for nothing, and is not in the ledger, so nobody removes it:\n  "
        + "\n  ".join(lines)
        + "\nIs it yours, from a ledger that was lost? `make rebuild-ledger` writes it down, and "
        "it goes. Is it somebody else's? Take the tag off. docs/operations.md tells more."
    )
    return Mail("orphans", "something is left that nobody removes", text)

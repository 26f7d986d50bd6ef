"""A public key that `init` is given, beside the keys that are pinned already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ecs_anywhere_dns.commands.init.wish import Wish
from ecs_anywhere_dns.outcome import BadUsage
from ecs_anywhere_dns.pinned.keys import key_of
from ecs_anywhere_dns.settings_form import MOST_KEYS


def keys_for(there: Mapping[str, Any], wish: Wish) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the keys of the configuration to set for a public key, and what to say of it. Raises
    BadUsage where another one is pinned and nobody said what is to become of that."""
    given = wish.given.get("public_keys")
    pinned = [str(entry) for entry in there.get("public_keys", ())]
    if not given:
        dropped = pinned if wish.replace_file else ()
        return {}, (f"no longer believes the key {labels(pinned)}",) if dropped else ()
    if there.get("signature") == "none":
        required = {"signature": "required"}
        said: tuple[str, ...] = ("signatures are required from now on",)
    else:
        required, said = {}, ()
    if set(given) <= set(pinned) and wish.key_step != "replace":
        return required, said
    after = list(given) if wish.key_step == "replace" or not pinned else [*pinned, *given]
    if pinned and wish.key_step == "agree":
        raise BadUsage(
            f"this host pinned another key: {labels(pinned)}; the given one is {labels(given)}",
            "compare the fingerprint with the stack's output PublicationPublicKey, then add "
            "--replace-key (only the given key is believed) or --add-key (both are, until "
            "--replace-key: while keys are exchanged)",
        )
    if len(after) > MOST_KEYS:
        raise BadUsage(
            f"{len(pinned)} keys are pinned already: {labels(pinned)}",
            "--replace-key, if the app no longer signs with them",
        )
    gone = [entry for entry in pinned if entry not in after]
    if gone:
        said = (*said, f"no longer believes the key {labels(gone)}")
    return {"public_keys": after, **required}, said


def labels(entries: Sequence[str]) -> str:
    return "; ".join(key_of(entry).label for entry in entries)

"""What may be shown, kept and pasted: one rewriter of JSON values, the policies handed in, the masks of one text."""

from .hiding import (
    Clean,
    Hiding,
    Policy,
    hide_in_headers,
    hide_tokens_in,
    is_writable,
    names_somebody,
    names_token,
    rewrite,
)
from .identities import forget_identities, identities_in, mask_identities
from .text import HIDDEN, Echo, hide_tokens, mask_apart, mask_email, mask_identity, printable

__all__ = [
    "HIDDEN",
    "Clean",
    "Echo",
    "Hiding",
    "Policy",
    "forget_identities",
    "hide_in_headers",
    "hide_tokens",
    "hide_tokens_in",
    "identities_in",
    "is_writable",
    "mask_apart",
    "mask_email",
    "mask_identities",
    "mask_identity",
    "names_somebody",
    "names_token",
    "printable",
    "rewrite",
]

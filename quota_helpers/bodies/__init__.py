"""Raw bodies: one value for each (`models.RawReply`), read from wherever people have them, kept, walked, redacted."""

from .handover import BodySource, bodies_of, body_of, named, read_bodies, replies_of
from .kept import BadLine, Bodies, load_bodies, save_bodies
from .redact import Pseudonyms, redact, redact_headers
from .walk import MOST_PATH_TEXT, MOST_PLACES, Place, walk

__all__ = [
    "MOST_PATH_TEXT",
    "MOST_PLACES",
    "BadLine",
    "Bodies",
    "BodySource",
    "Place",
    "Pseudonyms",
    "bodies_of",
    "body_of",
    "load_bodies",
    "named",
    "read_bodies",
    "redact",
    "redact_headers",
    "replies_of",
    "save_bodies",
    "walk",
]

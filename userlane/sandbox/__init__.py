"""A stand-in for the vendor's API over real HTTP, with made-up but lifelike data.

    with serve() as sandbox:
        sandbox.base_url, sandbox.token, sandbox.properties, sandbox.surveys

In reading order: `catalogue` (what there is and who may see it), `world` (the data of one day), `server`.
"""

from userlane.sandbox.catalogue import LIMITED_TOKEN, PROPERTIES, SEED, SMALL_TOKEN, SURVEYS, TOKEN
from userlane.sandbox.data import World, world
from userlane.sandbox.files import tag_names_csv, user_attributes_csv
from userlane.sandbox.records import Record
from userlane.sandbox.server import Sandbox, serve

__all__ = [
    "LIMITED_TOKEN",
    "PROPERTIES",
    "SEED",
    "SMALL_TOKEN",
    "SURVEYS",
    "TOKEN",
    "Record",
    "Sandbox",
    "World",
    "serve",
    "tag_names_csv",
    "user_attributes_csv",
    "world",
]

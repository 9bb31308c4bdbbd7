"""A stand-in for the vendor's API over real HTTP, with made-up but realistic data.

    with serve() as sandbox:
        sandbox.base_url, sandbox.token, sandbox.properties, sandbox.surveys

data      properties, surveys, tokens, and the records of one day
server    the API over HTTP
files     the CSV files that a user would upload
demo/, large            the records of the two larger properties
"""

from userlane.sandbox.data import (
    LIMITED_TOKEN,
    PROPERTIES,
    SMALL_TOKEN,
    SURVEYS,
    TOKEN,
    SampleData,
    sample_data,
)
from userlane.sandbox.files import tag_names_csv, user_attributes_csv
from userlane.sandbox.records import Record
from userlane.sandbox.server import Sandbox, serve
from userlane.sandbox.timeline import SEED

__all__ = [
    "LIMITED_TOKEN",
    "PROPERTIES",
    "SEED",
    "SMALL_TOKEN",
    "SURVEYS",
    "TOKEN",
    "Record",
    "SampleData",
    "Sandbox",
    "sample_data",
    "serve",
    "tag_names_csv",
    "user_attributes_csv",
]

"""The only module that talks to the network."""

from userlane.client.client import Client, Exchange, Notice
from userlane.client.deadline import Limits, LoadDeadline
from userlane.client.http_pool import HttpPool, Transport
from userlane.client.paginator import Paginator, RowBudget
from userlane.client.responses import decipher
from userlane.client.threads import DaemonPool

__all__ = [
    "Client",
    "DaemonPool",
    "Exchange",
    "HttpPool",
    "Limits",
    "LoadDeadline",
    "Notice",
    "Paginator",
    "RowBudget",
    "Transport",
    "decipher",
]

"""The only module that talks to the network.

patience     how long one load may take, and whether its user still wants it
pace         how many requests an API bears at once
lane         one token's requests: as many at once as its pace allows, none while the API asks to wait
quota        how often an API that fails may be asked again, by all loads together
kept         what is remembered of a token or an API, without growing for ever
wire         connections that heed a deadline and a stop even while they wait for a byte
connections  one set of them for a process, with its lanes and quotas
faults       what breaks underneath becomes an error of `userlane.errors`
bodies       a body, unpacked within bounds
answers      a status, headers and a body become a body, or an error
tries        asking again, where and when that can help
client       one page of one query
crew         threads that work on one load
walk         all its pages, in order
"""

from userlane.client.client import Client, Exchange, Notice
from userlane.client.deadline import Limits, Patience
from userlane.client.http_pool import Http, Transport, open_http
from userlane.client.paginator import Walk
from userlane.client.responses import decipher
from userlane.client.row_budget import Room
from userlane.client.threads import Crew

__all__ = [
    "Client",
    "Crew",
    "Exchange",
    "Http",
    "Limits",
    "Notice",
    "Patience",
    "Room",
    "Transport",
    "Walk",
    "decipher",
    "open_http",
]

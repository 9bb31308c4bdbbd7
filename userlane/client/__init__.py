"""The only module that talks to the network.

patience  how long one load may take, and whether its user still wants it
lane      one token's requests: so many at once, none while the API asks to wait
wire      connections that heed a deadline and a stop even while they wait for a byte
faults    what breaks underneath becomes an error of `userlane.errors`
answers   a status, headers and a body become a body, or an error
client    one page of one query
walk      all its pages, in order
"""

from userlane.client.answers import decipher
from userlane.client.client import Client, Exchange, Http, Notice, Transport, open_http
from userlane.client.crew import Crew
from userlane.client.patience import Limits, Patience
from userlane.client.walk import Room, Walk

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

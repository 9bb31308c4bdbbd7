"""Checks a connection, API by API, and says how to solve each problem: `python -m userlane doctor`.

At most four requests go to each API. The report has addresses, keys and counts, and neither the token nor
values of records, so it can be sent to a colleague.

examination  sends the requests and interprets the responses
report       the findings, as data and as text
"""

from userlane.doctor.examination import examine
from userlane.doctor.report import Check, Problem, Report

__all__ = ["Check", "Problem", "Report", "examine"]

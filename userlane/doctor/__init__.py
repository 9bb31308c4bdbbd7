"""What speaks for and against a connection, API by API, and what to do about it: `python -m userlane doctor`.

Few requests are sent: at most four to each API. The report names addresses, keys and counts, and neither the
token nor anything out of a record, so it can be pasted to a colleague.

examination  the questions, and what their answers mean
report       the findings, and their words
"""

from userlane.doctor.examination import examine
from userlane.doctor.report import Check, Problem, Report

__all__ = ["Check", "Problem", "Report", "examine"]

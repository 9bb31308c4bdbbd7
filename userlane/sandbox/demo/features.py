"""The sixty tagged features of the intranet, and how their use comes and goes."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np

from userlane.sandbox.chance import Floats
from userlane.sandbox.timeline import Timeline

Course = Literal["steady", "growing", "fading", "new", "dead", "month end", "year end"]


class Feature(NamedTuple):
    """One tag. `use` is the chance that someone who uses it at all does so on a day present.

    `at` is the share of the timeline at which a new feature starts or a dead one stops;
    `department` uses it four times as much as the others.
    """

    tag_id: int
    name: str
    use: float
    course: Course = "steady"
    at: float = 0.0
    department: str = ""


FEATURES: Sequence[Feature] = (
    Feature(4701, "Home: Open favourites", 0.42),
    Feature(4702, "Home: Read company news", 0.36),
    Feature(4703, "Home: Rearrange tiles", 0.012),
    Feature(4704, "Home: Open old start page", 0.2, "dead", 0.6),
    Feature(4705, "Home: Pin announcement", 0.015, "steady", 0.0, "Marketing"),
    Feature(4708, "Search: Classic search", 0.34, "dead", 0.62),
    Feature(4709, "Search: New search bar", 0.4, "new", 0.58),
    Feature(4710, "Search: Filter by department", 0.07, "new", 0.64),
    Feature(4711, "Search: Find a colleague", 0.22, "growing"),
    Feature(4712, "Search: Save a search", 0.015),
    Feature(4716, "Time: Enter hours", 0.5),
    Feature(4717, "Time: Correct an entry", 0.09),
    Feature(4718, "Time: Request leave", 0.06),
    Feature(4719, "Time: Approve leave", 0.03),
    Feature(4720, "Time: Export time sheet", 0.04, "month end"),
    Feature(4721, "Time: Punch clock widget", 0.18, "dead", 0.35),
    Feature(4725, "Expenses: New claim", 0.08, "steady", 0.0, "Sales"),
    Feature(4726, "Expenses: Upload receipt", 0.075, "growing", 0.0, "Sales"),
    Feature(4727, "Expenses: Approve claim", 0.03, "steady", 0.0, "Finance"),
    Feature(4728, "Expenses: Receipt scan on phone", 0.11, "new", 0.45, "Sales"),
    Feature(4733, "Documents: Open template", 0.16),
    Feature(4734, "Documents: Upload", 0.12),
    Feature(4735, "Documents: Share link", 0.14, "growing"),
    Feature(4736, "Documents: Compare versions", 0.012),
    Feature(4737, "Documents: Sign electronically", 0.09, "new", 0.72, "HR"),
    Feature(4738, "Documents: Fax gateway", 0.02, "dead", 0.2),
    Feature(4742, "Reports: Open dashboard", 0.11, "growing", 0.0, "Finance"),
    Feature(4743, "Reports: Monthly closing", 0.06, "month end", 0.0, "Finance"),
    Feature(4744, "Reports: Export to spreadsheet", 0.08, "steady", 0.0, "Finance"),
    Feature(4745, "Reports: Schedule by mail", 0.013),
    Feature(4746, "Reports: Cost centre view", 0.05, "new", 0.8, "Finance"),
    Feature(4747, "Reports: Legacy report viewer", 0.07, "dead", 0.7, "Finance"),
    Feature(4751, "HR: Open pay slip", 0.05, "month end"),
    Feature(4752, "HR: Update personal data", 0.014),
    Feature(4753, "HR: Annual review form", 0.05, "year end"),
    Feature(4754, "HR: Post a vacancy", 0.014, "steady", 0.0, "HR"),
    Feature(4755, "HR: Learning catalogue", 0.035, "growing"),
    Feature(4756, "HR: Book a course", 0.015),
    Feature(4760, "Orders: New purchase request", 0.04, "steady", 0.0, "Production"),
    Feature(4761, "Orders: Approve purchase", 0.02),
    Feature(4762, "Orders: Track delivery", 0.05, "steady", 0.0, "Production"),
    Feature(4763, "Orders: Reorder from history", 0.03, "new", 0.5, "Production"),
    Feature(4764, "Orders: Supplier rating", 0.014, "steady", 0.0, "Production"),
    Feature(4768, "Tickets: Report a problem", 0.03),
    Feature(4769, "Tickets: Answer a ticket", 0.07, "steady", 0.0, "IT"),
    Feature(4770, "Tickets: Chat with support", 0.06, "new", 0.68, "Service"),
    Feature(4771, "Tickets: Close as solved", 0.05, "steady", 0.0, "IT"),
    Feature(4775, "Customers: Open account", 0.16, "steady", 0.0, "Sales"),
    Feature(4776, "Customers: Log a visit", 0.07, "fading", 0.0, "Sales"),
    Feature(4777, "Customers: Service history", 0.1, "growing", 0.0, "Service"),
    Feature(4778, "Customers: Print address labels", 0.03, "dead", 0.5, "Marketing"),
    Feature(4782, "Shop floor: Shift plan", 0.1, "steady", 0.0, "Production"),
    Feature(4783, "Shop floor: Report a fault", 0.04, "growing", 0.0, "Production"),
    Feature(4784, "Shop floor: Safety checklist", 0.05, "new", 0.4, "Production"),
    Feature(4788, "Rooms: Book a room", 0.1, "growing"),
    Feature(4789, "Rooms: Book a desk", 0.09, "new", 0.3),
    Feature(4790, "Rooms: Invite a visitor", 0.012),
    Feature(4794, "Assistant: Ask a question", 0.16, "new", 0.86),
    Feature(4795, "Assistant: Summarise a page", 0.05, "new", 0.9),
    Feature(4799, "Settings: Switch language", 0.012),
)

UNNAMED: frozenset[int] = frozenset({4738, 4764, 4795})
"""Tags the Portal's export does not name: deleted or not yet published there."""

UNUSED: tuple[int, str] = (4650, "Pilot: Shared whiteboard")
"""A name for a tag that was never interacted with."""

TAPER = 0.004
"""What is left of a dead feature: nearly nothing, see `DIEHARDS`."""

DIEHARDS = 3
"""People who still open each dead feature now and then, as there always are some."""


def use_over_time(timeline: Timeline) -> Floats:
    """Day by feature: use against its full extent (1)."""
    return np.column_stack([_course(feature, timeline) for feature in FEATURES])


def _course(feature: Feature, timeline: Timeline) -> Floats:
    progress = timeline.progress
    since = (progress - feature.at) * timeline.count
    full = np.ones(timeline.count)
    match feature.course:
        case "growing":
            full = 0.45 + 0.75 * progress
        case "fading":
            full = 1.2 - 0.7 * progress
        case "new":
            full = np.where(since < 0, 0.0, 1 - 0.95 * np.exp(-np.maximum(since, 0) / 40))
        case "dead":
            full = TAPER + (1 - TAPER) * np.exp(-np.maximum(since, 0) / 14)
        case "month end":
            full = np.array([1.0 if day.day >= 26 or day.day <= 3 else 0.2 for day in timeline.days])
        case "year end":
            full = np.array([1.0 if day.month in {11, 12} else 0.12 for day in timeline.days])
    return full

"""The people of the intranet: their attributes, and the days on which they are present."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from userlane.sandbox.timeline import Flags, Floats, Ints, Timeline, make_rng

HEADCOUNT = 640
"""The number of all people; about 450 of them are present at any one time."""

_ROLES = {"Specialist": 0.44, "Assistant": 0.2, "Manager": 0.16, "Administrator": 0.08, "Trainee": 0.12}
_REGIONS = {"DACH": 0.42, "UK & Ireland": 0.18, "France": 0.16, "Iberia": 0.12, "Nordics": 0.12}
_DEPARTMENTS = {
    "Sales": 0.22,
    "Service": 0.2,
    "Production": 0.19,
    "Finance": 0.13,
    "HR": 0.1,
    "Marketing": 0.09,
    "IT": 0.07,
}
_NORDICS_START = 0.36
_POWER_USERS = 0.06


@dataclass(frozen=True, eq=False)
class People:
    """The attributes of each person, by position.

    `arrival` and `departure` are shares of the timeline (0–1). `activity` is the probability of using the
    intranet on a working day, `intensity` how much is done then, `contentment` how much the person likes the
    intranet (mean 0, standard deviation 1).
    """

    user_id: Sequence[str]
    role: Sequence[str]
    region: Sequence[str]
    department: Sequence[str]
    arrival: Floats
    departure: Floats
    activity: Floats
    intensity: Floats
    contentment: Floats

    def draw_presence(self, timeline: Timeline, rng: np.random.Generator) -> Flags:
        """Draw who uses the intranet when: days × people."""
        shape = (timeline.count, len(self.user_id))
        present: Flags = rng.random(shape) < timeline.attendance[:, None] * self.activity
        day = np.arange(timeline.count)[:, None]
        present &= day >= self.arrival * timeline.count
        present &= day < self.departure * timeline.count
        for person, first, length in _draw_absences(rng, *shape):
            present[first : first + length, person] = False
        return present


def draw_people(seed: int) -> People:
    """Draw the people of a seed; they are the same on every date."""
    rng = make_rng(seed, "people")
    count = HEADCOUNT
    region = _draw_attribute(rng, _REGIONS)
    nordic = np.array([name == "Nordics" for name in region])
    founding = rng.random(count) < 0.66
    arrival = np.where(founding, 0.0, rng.random(count) * 0.97)
    arrival[nordic] = _NORDICS_START + rng.random(int(nordic.sum())) * 0.02
    stay = rng.exponential(2.6, count)
    departure = np.where(stay < 1.5, arrival + 0.02 + stay, 2.0)
    power = rng.random(count) < _POWER_USERS
    activity = np.where(power, 0.93, 0.05 + 0.85 * rng.beta(2.0, 1.9, count))
    intensity = np.where(power, 2.1, np.exp(rng.normal(-0.12, 0.45, count)))
    return People(
        user_id=[f"u-{number:05d}" for number in range(1, count + 1)],
        role=_draw_attribute(rng, _ROLES),
        region=region,
        department=_draw_attribute(rng, _DEPARTMENTS),
        arrival=arrival,
        departure=departure,
        activity=activity,
        intensity=intensity,
        contentment=rng.standard_normal(count),
    )


def _draw_attribute(rng: np.random.Generator, shares: dict[str, float]) -> list[str]:
    names = list(shares)
    picked: Ints = rng.choice(len(names), HEADCOUNT, p=list(shares.values()))
    return [names[number] for number in picked.tolist()]


def _draw_absences(rng: np.random.Generator, days: int, people: int) -> list[tuple[int, int, int]]:
    each = 8
    person = np.repeat(np.arange(people), each)
    first = rng.integers(0, days, people * each)
    length = rng.integers(3, 16, people * each)
    return list(zip(person.tolist(), first.tolist(), length.tolist(), strict=True))

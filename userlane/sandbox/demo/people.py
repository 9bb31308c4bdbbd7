"""Who uses the intranet: what they are, when they came and left, on which days they were there."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from userlane.sandbox.chance import Flags, Floats, Ints, generator
from userlane.sandbox.timeline import Timeline

HEADCOUNT = 640
"""All who ever used it; some four hundred and fifty at any one time."""

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
_NORDIC_START = 0.36
_POWER_USERS = 0.06


@dataclass(frozen=True, eq=False)
class Roster:
    """Each person's attributes, by position. `arrival` and `departure` are shares of the timeline.

    `activity` is the chance of using the intranet on a working day, `intensity` how much is done then,
    `contentment` a lasting inclination to like it (mean 0, deviation 1).
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

    def presence(self, timeline: Timeline, chance: np.random.Generator) -> Flags:
        """Day by person: who used the intranet when."""
        shape = (timeline.count, len(self.user_id))
        present: Flags = chance.random(shape) < timeline.attendance[:, None] * self.activity
        day = np.arange(timeline.count)[:, None]
        present &= day >= self.arrival * timeline.count
        present &= day < self.departure * timeline.count
        for person, first, length in _absences(chance, *shape):
            present[first : first + length, person] = False
        return present


def roster(seed: int) -> Roster:
    """The people of one seed; the same whatever the date."""
    chance = generator(seed, "people")
    count = HEADCOUNT
    region = _drawn(chance, _REGIONS)
    nordic = np.array([name == "Nordics" for name in region])
    founding = chance.random(count) < 0.66
    arrival = np.where(founding, 0.0, chance.random(count) * 0.97)
    arrival[nordic] = _NORDIC_START + chance.random(int(nordic.sum())) * 0.02
    stay = chance.exponential(2.6, count)
    departure = np.where(stay < 1.5, arrival + 0.02 + stay, 2.0)
    power = chance.random(count) < _POWER_USERS
    activity = np.where(power, 0.93, 0.05 + 0.85 * chance.beta(2.0, 1.9, count))
    intensity = np.where(power, 2.1, np.exp(chance.normal(-0.12, 0.45, count)))
    return Roster(
        user_id=[f"u-{number:05d}" for number in range(1, count + 1)],
        role=_drawn(chance, _ROLES),
        region=region,
        department=_drawn(chance, _DEPARTMENTS),
        arrival=arrival,
        departure=departure,
        activity=activity,
        intensity=intensity,
        contentment=chance.standard_normal(count),
    )


def _drawn(chance: np.random.Generator, shares: dict[str, float]) -> list[str]:
    names = list(shares)
    picked: Ints = chance.choice(len(names), HEADCOUNT, p=list(shares.values()))
    return [names[number] for number in picked.tolist()]


def _absences(chance: np.random.Generator, days: int, people: int) -> list[tuple[int, int, int]]:
    each = 8
    person = np.repeat(np.arange(people), each)
    first = chance.integers(0, days, people * each)
    length = chance.integers(3, 16, people * each)
    return list(zip(person.tolist(), first.tolist(), length.tolist(), strict=True))

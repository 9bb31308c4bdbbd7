"""The intranet's four feeds, drawn from one set of people so that they agree with one another."""

from functools import cached_property, partial

import numpy as np

from userlane.contract import DatasetName
from userlane.sandbox import records, scores
from userlane.sandbox.answers import NPS_SHARES, Answers, Occasions, comments, themes, ticked
from userlane.sandbox.chance import Flags, Floats, Ints, generator
from userlane.sandbox.comments import Mood, Theme
from userlane.sandbox.demo.people import Roster, roster
from userlane.sandbox.demo.usage import Usage, usage
from userlane.sandbox.feeds import Daily, Feed, Stamped
from userlane.sandbox.records import Answer, Record
from userlane.sandbox.timeline import Timeline

NPS_ID = 77
_NPS_FIRST_DAY = 54
_ANONYMOUS_EVERY = 67

_LEANINGS: dict[str, Theme] = {
    "Production": "mobile",
    "Finance": "reporting",
    "Sales": "speed",
    "HR": "onboarding",
    "Service": "search",
}
_SURVEYS: dict[int, tuple[float, int, tuple[float, ...], Theme]] = {
    512: (0.09, 130, (0.03, 0.05, 0.13, 0.36, 0.43), "onboarding"),
    513: (0.3, 140, (0.11, 0.2, 0.35, 0.24, 0.1), "reporting"),
    514: (0.6, 75, (0.35, 0.1, 0.07, 0.12, 0.36), "navigation"),
}
"""Per survey: when it starts (share of the timeline), days between two askings, shares of 1–5, theme."""


class Tenant:
    """The property `demo` for one seed and month. Each feed is made when first asked for, then kept."""

    def __init__(self, seed: int, timeline: Timeline) -> None:
        self.seed = seed
        self.timeline = timeline

    def feed(self, dataset: DatasetName, survey_id: str | None) -> Feed:
        """The feed of one API."""
        match dataset:
            case "heart":
                return self.heart
            case "nps":
                return self.nps
            case "surveys":
                return self.survey(int(survey_id or ""))
            case "tags":
                return self.tags

    @cached_property
    def people(self) -> Roster:
        """All who ever used it."""
        return roster(self.seed)

    @cached_property
    def presence(self) -> Flags:
        """Day by person: who used it when."""
        return self.people.presence(self.timeline, generator(self.seed, "presence"))

    @cached_property
    def nps_answers(self) -> Answers:
        """Around four thousand, most people answering several times."""
        chance = generator(self.seed, "nps")
        willing = 0.25 + 0.67 * chance.beta(1.6, 1.5, len(self.people.user_id))
        occasions = Occasions.asked(self.presence, willing, _NPS_FIRST_DAY, 43, chance)
        score = ticked(self._inclination(occasions, chance), NPS_SHARES)
        moods: list[Mood] = [
            "praise" if given >= 9 else "mixed" if given >= 7 else "complaint" for given in score.tolist()
        ]
        share = np.where(score >= 9, 0.42, np.where(score >= 7, 0.38, 0.62))
        return Answers(self.timeline, occasions, score, self._comments(occasions, moods, share, None, chance))

    def survey_answers(self, survey_id: int) -> Answers:
        """The answers to one of the three surveys."""
        chance = generator(self.seed, f"survey {survey_id}")
        start, every, shares, theme = _SURVEYS[survey_id]
        willing = 0.1 + 0.55 * chance.random(len(self.people.user_id))
        occasions = Occasions.asked(self.presence, willing, round(start * self.timeline.count), every, chance)
        score = 1 + ticked(self._inclination(occasions, chance), shares)
        moods: list[Mood] = [
            "praise" if given >= 4 else "mixed" if given == 3 else "complaint" for given in score.tolist()
        ]
        share = np.where(np.abs(score - 3) == 2, 0.42, 0.26)
        return Answers(
            self.timeline, occasions, score, self._comments(occasions, moods, share, theme, chance)
        )

    @cached_property
    def _surveys(self) -> dict[int, Answers]:
        return {survey_id: self.survey_answers(survey_id) for survey_id in _SURVEYS}

    @cached_property
    def nps(self) -> Stamped:
        """The NPS feed; a few answers bear no user ID."""

        def write(answer: Answer) -> Record:
            known = None if answer.number % _ANONYMOUS_EVERY == 0 else answer.user_id
            return records.nps(NPS_ID, answer._replace(user_id=known))

        return self.nps_answers.feed(90_000, self.people.user_id.__getitem__, write)

    def survey(self, survey_id: int) -> Stamped:
        """The feed of one survey."""
        answers = self._surveys[survey_id]
        return answers.feed(
            survey_id * 1000, self.people.user_id.__getitem__, partial(records.survey, survey_id)
        )

    @cached_property
    def heart(self) -> Daily:
        """The HEART feed; its users are those present, its Happiness follows from the answers."""
        chance = generator(self.seed, "heart")
        users: Ints = self.presence.sum(axis=1)
        sessions = users + chance.poisson(users * 1.3)
        happy = scores.happiness(self.nps_answers, list(self._surveys.values()))
        return scores.feed(self.timeline, happy, users, sessions, chance)

    @cached_property
    def tags(self) -> Usage:
        """The tag feed."""
        return usage(self.timeline, self.people, self.presence, generator(self.seed, "tags"))

    def _inclination(self, occasions: Occasions, chance: np.random.Generator) -> Floats:
        """How each answer leans: the person's lasting view, the day's climate and the moment."""
        climate = self.timeline.shock(1.0, 0.1) + 0.25 * (self.timeline.progress - 0.5)
        unlucky = np.array([department == "Production" for department in self.people.department])
        lasting = 0.7 * self.people.contentment - 0.45 * unlucky
        passing = 0.66 * chance.standard_normal(len(occasions.day))
        return lasting[occasions.person] + passing + climate[occasions.day] + 0.06

    def _comments(
        self,
        occasions: Occasions,
        moods: list[Mood],
        share: Floats,
        subject: Theme | None,
        chance: np.random.Generator,
    ) -> list[str | None]:
        people = occasions.person.tolist()
        leaning = [subject or _LEANINGS.get(self.people.department[person]) for person in people]
        unhappy = np.array([mood == "complaint" for mood in moods])
        shaken = np.clip(-self.timeline.shock(1.0), 0, 1)[occasions.day] * unhappy * 0.7
        speakers = np.array([region == "DACH" for region in self.people.region])[occasions.person]
        german = speakers & (chance.random(len(people)) < 0.4)
        about = themes(leaning, 0.8 if subject else 0.4, shaken, chance)
        return comments(moods, about, share, german, chance)

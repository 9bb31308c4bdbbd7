"""The four feeds of the intranet, drawn for one set of people so that they agree with each other."""

from functools import cached_property, partial

import numpy as np

from userlane.contract import DatasetName
from userlane.sandbox import responses
from userlane.sandbox.demo.people import People, Usage, draw_people, draw_usage
from userlane.sandbox.records import Feed, Record, RecordList, Response, response_record
from userlane.sandbox.scores import make_heart_feed
from userlane.sandbox.timeline import Flags, Floats, Ints, Timeline, make_rng

NPS_ID = 77
_NPS_FIRST_DAY = 54
_ANONYMOUS_EVERY = 67

_PREFERRED_THEMES: dict[str, responses.Theme] = {
    "Production": "mobile",
    "Finance": "reporting",
    "Sales": "speed",
    "HR": "onboarding",
    "Service": "search",
}
_SURVEYS: dict[int, tuple[float, int, tuple[float, ...], responses.Theme]] = {
    512: (0.09, 130, (0.03, 0.05, 0.13, 0.36, 0.43), "onboarding"),
    513: (0.3, 140, (0.11, 0.2, 0.35, 0.24, 0.1), "reporting"),
    514: (0.6, 75, (0.35, 0.1, 0.07, 0.12, 0.36), "navigation"),
}
"""Per survey: start (share of the timeline), days between two rounds, shares of the scores 1–5, theme."""


class DemoProperty:
    """The property `demo` for one seed and month. Each feed is made on first access."""

    def __init__(self, seed: int, timeline: Timeline) -> None:
        self.seed = seed
        self.timeline = timeline

    def feed(self, dataset: DatasetName, survey_id: str | None) -> Feed:
        """The feed of one API."""
        feed: Feed = self.survey(int(survey_id or "")) if dataset == "surveys" else getattr(self, dataset)
        return feed

    @cached_property
    def people(self) -> People:
        """All people who ever used the intranet."""
        return draw_people(self.seed)

    @cached_property
    def presence(self) -> Flags:
        """Who used the intranet when: days × people."""
        return self.people.draw_presence(self.timeline, make_rng(self.seed, "presence"))

    @cached_property
    def nps_responses(self) -> responses.Responses:
        """About four thousand NPS responses, several of most people."""
        rng = make_rng(self.seed, "nps")
        willing = 0.25 + 0.67 * rng.beta(1.6, 1.5, len(self.people.user_id))
        occasions = responses.Occasions.draw_rounds(self.presence, willing, _NPS_FIRST_DAY, 43, rng)
        score = responses.choose_scores(self._draw_opinions(occasions, rng), responses.NPS_SHARES)
        share = np.where(score >= 9, 0.42, np.where(score >= 7, 0.38, 0.62))
        return self._add_comments(occasions, score, (9, 7), share, None, rng)

    def survey_responses(self, survey_id: int) -> responses.Responses:
        """Draw the responses to one of the three surveys."""
        rng = make_rng(self.seed, f"survey {survey_id}")
        start, every, shares, theme = _SURVEYS[survey_id]
        willing = 0.1 + 0.55 * rng.random(len(self.people.user_id))
        first = round(start * self.timeline.count)
        occasions = responses.Occasions.draw_rounds(self.presence, willing, first, every, rng)
        score = 1 + responses.choose_scores(self._draw_opinions(occasions, rng), shares)
        share = np.where(np.abs(score - 3) == 2, 0.42, 0.26)
        return self._add_comments(occasions, score, (4, 3), share, theme, rng)

    @cached_property
    def _surveys(self) -> dict[int, responses.Responses]:
        return {survey_id: self.survey_responses(survey_id) for survey_id in _SURVEYS}

    @cached_property
    def nps(self) -> RecordList:
        """The NPS feed; a few responses have no user ID."""

        def write(response: Response) -> Record:
            user_id = None if response.number % _ANONYMOUS_EVERY == 0 else response.user_id
            return response_record("npsId", NPS_ID, response._replace(user_id=user_id))

        return self.nps_responses.make_feed(90_000, self.people.user_id.__getitem__, write)

    def survey(self, survey_id: int) -> RecordList:
        """Make the feed of one survey."""
        return self._surveys[survey_id].make_feed(
            survey_id * 1000, self.people.user_id.__getitem__, partial(response_record, "surveyId", survey_id)
        )

    @cached_property
    def heart(self) -> RecordList:
        """The HEART feed; users are the people present, Happiness is computed from the responses."""
        rng = make_rng(self.seed, "heart")
        users: Ints = self.presence.sum(axis=1)
        surveys = list(self._surveys.values())
        return make_heart_feed(self.nps_responses, surveys, users, 1.3, rng)

    @cached_property
    def tags(self) -> Usage:
        """The tag feed."""
        return draw_usage(self.timeline, self.people, self.presence, make_rng(self.seed, "tags"))

    def _draw_opinions(self, occasions: responses.Occasions, rng: np.random.Generator) -> Floats:
        """Draw how good each response is: the person's lasting view, the effect of the day, and chance."""
        climate = self.timeline.release_effect(1.0, 0.1) + 0.25 * (self.timeline.progress - 0.5)
        unlucky = np.array([department == "Production" for department in self.people.department])
        lasting = 0.7 * self.people.contentment - 0.45 * unlucky
        passing = 0.66 * rng.standard_normal(len(occasions.day))
        return lasting[occasions.person] + passing + climate[occasions.day] + 0.06

    def _add_comments(  # noqa: PLR0917 - all of them are needed
        self,
        occasions: responses.Occasions,
        score: Ints,
        limits: tuple[int, int],
        share: Floats,
        subject: responses.Theme | None,
        rng: np.random.Generator,
    ) -> responses.Responses:
        """Write comments for scores; `limits` are the lowest scores of a praising and of a mixed comment."""
        people = occasions.person.tolist()
        preferred = [subject or _PREFERRED_THEMES.get(self.people.department[person]) for person in people]
        unhappy = score < limits[1]
        affected = np.clip(-self.timeline.release_effect(1.0), 0, 1)[occasions.day] * unhappy * 0.7
        in_dach = np.array([region == "DACH" for region in self.people.region])[occasions.person]
        german = in_dach & (rng.random(len(people)) < 0.4)
        themes = responses.choose_themes(preferred, 0.8 if subject else 0.4, affected, rng)
        comments = responses.write_comments(score, limits, themes, share, german, rng)
        return responses.Responses(self.timeline, occasions, score, comments)

"""What pasted requests say about an API: shown before it is used, then a profile, then TOML.

The TOML is what is mounted as `USERLANE_API_PROFILE`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from userlane.contract import ASSUMED, DATASETS, NAMES, Auth, DatasetName, Profile, Route, Token
from userlane.errors import RequestUnusable

COMMENT = """How this company's Userlane API is spoken to, read from its own requests. No token is in here.
Mount it and name it in USERLANE_API_PROFILE; then nobody has to paste a request again."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One row of what was understood: the item, what was found for it, whether that is sure, and why."""

    item: str
    found: str
    sure: bool
    why: str


@dataclass(frozen=True, slots=True)
class Question:
    """Something that must be asked. The answer is one of `candidates`, or any other name where `free`.

    `role` is the key of the answer; `suggestion` the likeliest answer, if there is one.
    """

    role: str
    words: str
    candidates: tuple[str, ...]
    suggestion: str | None = None
    free: bool = False


@dataclass(frozen=True, slots=True)
class Notes:
    """What is noted while one request is interpreted: rows, open questions, and the answers given so far."""

    answers: Mapping[str, str]
    findings: list[Finding] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)

    def add(self, item: str, found: str, why: str, *, sure: bool = True) -> None:
        """Add a row for the screen."""
        self.findings.append(Finding(item, found, sure, why))

    def ask(self, role: str, words: str, candidates: Sequence[str], suggestion: str | None = None) -> None:
        """Add a question whose answer is one of `candidates`."""
        self.questions.append(Question(role, words, tuple(candidates), suggestion))

    def answer(self, role: str, candidates: Sequence[str], refusal: str) -> str | None:
        """The answer for `role`, if there is one.

        Raises `RequestUnusable` when it is none of `candidates`; `refusal` says what it is instead.
        """
        answer = self.answers.get(role)
        if answer is not None and answer not in candidates:
            raise RequestUnusable(f"“{answer}” is {refusal}; one of {', '.join(candidates)} was expected.")
        return answer


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What a pasted request says about one API: where it goes, its parameters, where its token travels.

    Attributes:
        dataset: The API that it is about.
        origin: Scheme and host.
        route: Its URL and names; suggestions stand for what `questions` ask.
        auth: None where the request shows no header for a token.
        token: None where none is written out. It is in no text here.
        findings: Rows for the screen.
        questions: What must be answered before the route is used.
        answer: Returns the result with questions answered (role → answer). Other questions may remain, or
            follow. Raises `RequestUnusable` when an answer is none of those possible.
    """

    dataset: DatasetName
    origin: str
    route: Route
    auth: Auth | None
    token: Token | None
    findings: tuple[Finding, ...]
    questions: tuple[Question, ...]
    answer: Callable[[Mapping[str, str]], "ImportResult"] = field(repr=False, compare=False)

    @property
    def settled(self) -> bool:
        """Whether nothing is left to ask."""
        return not self.questions


def assemble(results: Iterable[ImportResult], base: Profile = ASSUMED) -> Profile:
    """`base` with what pasted requests say: their routes, and the one way in which all
    of them send the token. Field names that `base` has stay.

    Raises `RequestUnusable` when a result still has questions, when two are about the same API, or when they
    send their tokens in different ways.
    """
    profile = base
    auth = None
    known: set[str] = set()
    for result in results:
        title = NAMES[result.dataset]
        if result.questions:
            raise RequestUnusable(f"The request for {title} is not settled: {result.questions[0].words}")
        if result.dataset in known:
            raise RequestUnusable(f"There are two requests for {title}; one was expected.")
        if auth and result.auth and result.auth != auth:
            raise RequestUnusable(
                f"The request for {title} sends its token as “{_token_header(result.auth)}”, "
                f"another as “{_token_header(auth)}”; the same way was expected in all of them."
            )
        auth = auth or result.auth
        known.add(result.dataset)
        route = msgspec.structs.replace(result.route, fields=base.route(result.dataset).fields)
        profile = msgspec.structs.replace(profile, **{result.dataset: route})
    return msgspec.structs.replace(profile, auth=auth or base.auth)


def _token_header(auth: Auth) -> str:
    return " ".join(filter(None, (f"{auth.header}:", auth.scheme, "<token>")))


def find_shared_token(results: Iterable[ImportResult]) -> Token | None:
    """The token that the requests carried, if any did.

    Raises `RequestUnusable` when they carried different ones.
    """
    tokens = {result.token for result in results if result.token}
    if len(tokens) > 1:
        raise RequestUnusable(
            "The requests carry different tokens; the same one was expected in all of them."
        )
    return next(iter(tokens), None)


def to_toml(profile: Profile, comment: str = COMMENT) -> str:
    """The profile as TOML: the way to authenticate, and each API that differs from the assumed contract.

    Reading it gives the same profile again. `comment` goes before it.
    """
    tables = {"auth": msgspec.structs.asdict(profile.auth)}
    for dataset in DATASETS:
        if profile.route(dataset) != ASSUMED.route(dataset):
            values = msgspec.structs.asdict(profile.route(dataset))
            fields = dict(sorted(values.pop("fields").items()))
            tables |= {dataset: values, f"{dataset}.fields": fields}
    lines = [f"# {line}".rstrip() for line in comment.splitlines()]
    for name, values in tables.items():
        if values:
            lines += ["", f"[{name}]", *(f"{key} = {_quoted(value)}" for key, value in values.items())]
    return "\n".join(lines).lstrip("\n") + "\n"


def _quoted(value: str | int) -> str:
    """A TOML value: in a text, quotes, backslashes and signs that cannot be seen are escaped."""
    if isinstance(value, int):
        return str(value)
    plain = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(sign if sign.isprintable() else f"\\U{ord(sign):08x}" for sign in plain) + '"'

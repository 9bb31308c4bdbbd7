"""Results become a profile, and a profile becomes the TOML that is mounted as `USERLANE_API_PROFILE`."""

from collections.abc import Iterable

import msgspec

from userlane.contract import ASSUMED, DATASETS, NAMES, Profile, Token
from userlane.errors import RequestUnusable
from userlane.request_import.result import ImportResult

COMMENT = """How this company's Userlane API is spoken to, read from its own requests. No token is in here.
Mount it and name it in USERLANE_API_PROFILE; then nobody has to paste a request again."""


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
                f"The request for {title} sends its token as “{_show_header(result)}”, another as "
                f"“{auth.header}: {auth.scheme}”; the same way was expected in all of them."
            )
        auth = auth or result.auth
        known.add(result.dataset)
        route = msgspec.structs.replace(result.route, fields=base.route(result.dataset).fields)
        profile = msgspec.structs.replace(profile, **{result.dataset: route})
    return msgspec.structs.replace(profile, auth=auth or base.auth)


def _show_header(result: ImportResult) -> str:
    return f"{result.auth.header}: {result.auth.scheme}" if result.auth else "–"


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
    lines = [f"# {line}".rstrip() for line in comment.splitlines()]
    lines += [
        "",
        "[auth]",
        *(_pair(name, getattr(profile.auth, name)) for name in profile.auth.__struct_fields__),
    ]
    for dataset in DATASETS:
        route = profile.route(dataset)
        if route == ASSUMED.route(dataset):
            continue
        values = {name: getattr(route, name) for name in route.__struct_fields__}
        fields = values.pop("fields")
        lines += ["", f"[{dataset}]", *(_pair(name, value) for name, value in values.items())]
        if fields:
            lines += ["", f"[{dataset}.fields]", *(_pair(name, key) for name, key in sorted(fields.items()))]
    return "\n".join(lines).lstrip("\n") + "\n"


def _pair(name: str, value: object) -> str:
    return f"{name} = {value if isinstance(value, int) else _quoted(str(value))}"


def _quoted(text: str) -> str:
    """A TOML string: quotes, backslashes and signs that cannot be seen are escaped."""
    plain = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(sign if sign.isprintable() else f"\\U{ord(sign):08x}" for sign in plain) + '"'

"""The URL of an object storage, as an operator writes it in `USERLANE_STORE`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit

from userlane.errors import InputUnusable

_OPTIONS: Mapping[str, frozenset[str]] = {
    "s3": frozenset({"region", "scheme", "endpoint_override"}),
    "gs": frozenset({"scheme", "endpoint_override", "anonymous"}),
    "abfs": frozenset({"scheme", "endpoint_override"}),
}
_ALIASES = {"gcs": "gs", "abfss": "abfs"}
_AZURE = "abfs://container@account.dfs.core.windows.net/prefix"


@dataclass(frozen=True, slots=True)
class StorageUrl:
    """A bucket, a prefix in it, and what is needed to reach it. Its `repr` holds nothing secret."""

    scheme: str
    bucket: str
    prefix: str
    options: Mapping[str, str]
    url: str = field(repr=False)
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    @property
    def name(self) -> str:
        """The URL for logs, without user, password and options."""
        return f"{self.scheme}://{'/'.join(filter(None, (self.bucket, self.prefix)))}"


def parse_storage_url(url: str) -> StorageUrl:
    """Read a URL like `s3://bucket/prefix?region=eu-central-1`.

    Raises `InputUnusable`, which repeats only the scheme and the names of the options: the rest of the URL
    may hold a password.
    """
    try:
        parts = urlsplit(url)
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
    except ValueError as error:
        raise InputUnusable("this is no address.", "It looks like s3://bucket/prefix.") from error
    scheme = _ALIASES.get(parts.scheme, parts.scheme)
    if scheme not in _OPTIONS:
        raise InputUnusable(
            f"“{parts.scheme}://” is no storage that is known.",
            "Name a folder, s3://, gs:// or abfs://, or none to keep rows in memory.",
        )
    bucket = user if scheme == "abfs" else parts.netloc.rpartition("@")[2]
    if not bucket:
        looks = _AZURE if scheme == "abfs" else f"{scheme}://bucket/prefix"
        raise InputUnusable("the name of the bucket is missing.", f"It looks like {looks}.")
    if scheme == "s3" and bool(user) != bool(password):
        raise InputUnusable(
            "of key and secret there is only one.",
            "Write s3://key:secret@bucket, each with %2F for a slash; or leave both to the AWS_… variables.",
        )
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    unknown = sorted(options.keys() - _OPTIONS[scheme])
    if unknown or parts.fragment:
        known = ", ".join(sorted(_OPTIONS[scheme])) or "none"
        what = f"the option “{unknown[0]}” is unknown." if unknown else "there is a # in it."
        raise InputUnusable(what, f"After the ? there may be: {known}. A # is written %23.")
    if options.get("scheme", "https") not in {"http", "https"}:
        raise InputUnusable("the option “scheme” is neither http nor https.")
    if scheme == "abfs":
        options = _azure_options(parts.hostname or "", options, key=bool(password))
    return StorageUrl(scheme, bucket, unquote(parts.path).strip("/"), options, url, user, password)


def _azure_options(host: str, options: Mapping[str, str], *, key: bool) -> dict[str, str]:
    """The options of pyarrow's file system for an account, whose name is the first part of its host."""
    account, _, service = host.partition(".")
    kind, _, domain = service.partition(".")
    if not domain or kind not in {"blob", "dfs"}:
        raise InputUnusable("the host names no account.", f"It looks like {_AZURE}.")
    protocol = options.get("scheme", "https")
    if protocol == "http" and not key:
        raise InputUnusable(
            "over http, Azure takes a key only.", "Write abfs://container:key@…, or use https."
        )
    found = {"account_name": account}
    for each in ("blob", "dfs"):
        found[f"{each}_storage_authority"] = options.get("endpoint_override", f".{each}.{domain}")
        found[f"{each}_storage_scheme"] = protocol
    return found

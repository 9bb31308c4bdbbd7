"""Code of any language: the only web address in its quotes, and the pairs beside it. Nothing is run.

The code is split once from left to right; time and memory grow with its length.
"""

from userlane.request_import.parsers.common import UNWRITTEN, Request, with_parameters
from userlane.request_import.parsers.pairs import HOST_KEYS, PATH_KEYS, Found, find_pairs

_MOST_ADDRESSES = 20


def read_quoted_text(code: str, language: str) -> list[Request]:
    """The requests in `code`: one for each address. More than one is for the caller to refuse.

    Args:
        code: Code of any language, already cleaned.
        language: Its name. PowerShell quotes differently; a command line may leave addresses unquoted.
    """
    found = find_pairs(code, language)
    addresses = _addresses(found)
    if language == "PowerShell" and (found.method or "GET") == "GET":
        found.parameters += found.bodies
    requests = []
    for url in addresses[:_MOST_ADDRESSES]:
        parameters = found.parameters or ([] if "?" in url else found.perhaps)
        headers = tuple(dict.fromkeys(found.headers))
        base = url.removesuffix(UNWRITTEN).rstrip("?&") if parameters else url
        whole = with_parameters(base, parameters)
        requests.append(Request(found.method or "GET", whole, headers, None, language, found.sign_in))
    return requests


def _addresses(found: Found) -> list[str]:
    """The addresses that the code asks: whole ones, or a base and a path joined."""
    whole = [each.text for each in found.addresses]
    rooted = [url for url in whole if url.partition("://")[2].rstrip("/").count("/")]
    if rooted and len(rooted) < len(whole):
        whole = rooted
    path = next((found.named[key] for key in PATH_KEYS if key in found.named), None)
    paths = [path] if path else found.paths
    if len(whole) == 1 and len(paths) == 1 and "?" not in whole[0]:
        return [f"{whole[0].rstrip('/')}/{paths[0].lstrip('/')}"]
    host = next((found.named[key] for key in HOST_KEYS if key in found.named), None)
    hosts = [host] if host else list(dict.fromkeys(found.hosts))
    if not whole and len(hosts) == 1 and len(paths) == 1:
        return [f"https://{hosts[0]}/{paths[0].lstrip('/')}"]
    return whole

"""Whether the dashboard on this machine answers: exit code 0 if so, else 1 and the reason in one line.

The container asks this. Bodies are compared because the server gives 200 for paths it does not know.
Port and base path come from the variables that set them for the server.
"""

import json
import os
import sys
from http.client import HTTPConnection, HTTPException


def body(port: int, path: str) -> bytes:
    """What a GET of `path` answers with 200. Raises `ValueError` for any other status."""
    connection = HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        if answer.status != 200:
            raise ValueError(f"status {answer.status}")
        return answer.read(1_000)
    finally:
        connection.close()


def complaint(port: int, base: str) -> str:
    """What is wrong with the server on `port`, or nothing. Only Streamlit's own paths move with `base`."""
    path = f"{base}/_stcore/health"
    try:
        if body(port, path) != b"ok":
            return f"{path} does not say ok"
        path = "/healthz"
        if json.loads(body(port, path)) != {"status": "ok"}:
            return f"{path} does not say that its status is ok"
    except (OSError, HTTPException, ValueError) as error:
        return f"{path}: {error}"
    return ""


if __name__ == "__main__":
    prefix = os.environ.get("STREAMLIT_SERVER_BASE_URL_PATH", "").strip("/")
    reason = complaint(int(os.environ.get("STREAMLIT_SERVER_PORT", "8501")), f"/{prefix}" if prefix else "")
    sys.exit(reason or None)

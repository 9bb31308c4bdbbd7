"""One replica as a process of its own: it loads tags and says what it got, as one line of JSON.

python -m tests.outside.scaling.replica BASE_URL FIRST LAST
"""

import hashlib
import json
import sys
from contextlib import closing
from datetime import date

from tests.stand_in import connection, query
from userlane.contract import Window
from userlane.fetch import Fetcher
from userlane.logs import configure
from userlane.settings import Settings


def main(base_url: str, first: str, last: str) -> None:
    """Load as soon as a line comes in."""
    configure(quiet=True)
    window = Window.through(date.fromisoformat(first), date.fromisoformat(last))
    with closing(Fetcher(Settings.read())) as fetcher:
        print("ready", flush=True)  # noqa: T201 - its answers
        sys.stdin.readline()
        answer = fetcher.load(connection(base_url), query("tags", window))
        rows = answer.table.select(["date", "tag_id", "user_id", "interactions"]).to_pandas()
        digest = hashlib.sha256(rows.to_csv(index=False).encode()).hexdigest()
        said = {"rows": answer.rows, "state": answer.condition, "digest": digest, "trouble": fetcher.trouble}
        print(json.dumps(said), flush=True)  # noqa: T201


if __name__ == "__main__":
    main(*sys.argv[1:])

"""A visitor's tab without a browser: it pastes and uploads over the server's own sockets."""

import time
import uuid
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any, Self, cast

import httpx
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.sync.client import connect
from websockets.typing import Subprotocol

_PATIENCE = 120.0


class Tab:
    """One visit. `drawn` are the elements of the page as it was last drawn, in no order."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._open = ExitStack()
        self._pages: dict[str, str] = {}
        self._page = ""
        self._session = ""
        self._widgets: dict[str, WidgetState] = {}
        self.drawn: list[Any] = []

    def __enter__(self) -> Self:
        host, origin = self._address.removeprefix("http://"), {"Origin": self._address}
        self._socket = self._open.enter_context(
            connect(
                f"ws://{host}/_stcore/stream",
                additional_headers=origin,
                subprotocols=[Subprotocol("streamlit")],
                max_size=None,
                proxy=None,
            )
        )
        self._http = self._open.enter_context(
            httpx.Client(base_url=self._address, headers=origin, timeout=_PATIENCE, trust_env=False)
        )
        self._xsrf = self._http.get("/_stcore/health").cookies["_streamlit_xsrf"]
        self._run()
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def go(self, page: str) -> None:
        """Open the page with this path."""
        self._page = self._pages[page]
        self._run()

    def press(self, label: str) -> float:
        """Press a button; the seconds until the page is drawn again."""
        return self._run(WidgetState(id=self._find(label, "button").id, trigger_value=True))

    def type(self, label: str, text: str) -> None:
        """Put `text` into a field; the server gets it with the next press, as from a browser."""
        found = self._find(label, "text_area", "text_input")
        self._widgets[found.id] = WidgetState(id=found.id, string_value=text)

    def upload(self, label: str, name: str, content: bytes) -> float:
        """Upload one file; the seconds until the page is drawn again."""
        begin = time.perf_counter()
        widget, number = self._find(label, "file_uploader").id, str(uuid.uuid4())
        path = f"/_stcore/upload_file/{self._session}/{number}"
        sent = self._http.put(path, files={"file": (name, content)}, headers={"X-Xsrftoken": self._xsrf})
        assert sent.is_success, sent
        state = WidgetState(id=widget)
        info = state.file_uploader_state_value.uploaded_file_info.add(
            file_id=number, name=name, size=len(content)
        )
        info.file_urls.file_id, info.file_urls.upload_url, info.file_urls.delete_url = number, path, path
        self._widgets[widget] = state
        self._run()
        return time.perf_counter() - begin

    @property
    def words(self) -> str:
        """All text of alerts and paragraphs."""
        found = [*(each.body for each in self._all("alert")), *(each.body for each in self._all("markdown"))]
        return "\n".join(found).replace("\\", "")  # which Markdown takes off again

    def value(self, label: str) -> str:
        """What the server has put into a field."""
        return str(self._find(label, "text_area").value)

    def _all(self, kind: str) -> list[Any]:
        return [getattr(each, kind) for each in self.drawn if each.WhichOneof("type") == kind]

    def _find(self, label: str, *kinds: str) -> Any:
        found = {each.label: each for kind in kinds for each in self._all(kind)}
        assert label in found, (
            f"no {' or '.join(kinds)} “{label}” among {list(found)}; the page says: {self.words}"
        )
        return found[label]

    def _run(self, *pressed: WidgetState) -> float:
        asked = BackMsg()
        asked.rerun_script.query_string = ""
        asked.rerun_script.page_script_hash = self._page
        asked.rerun_script.widget_states.widgets.extend([*self._widgets.values(), *pressed])
        begin = time.perf_counter()
        self._socket.send(asked.SerializeToString())
        drawn: list[Any] = []
        while True:
            said = ForwardMsg.FromString(cast("bytes", self._socket.recv(timeout=_PATIENCE)))
            match said.WhichOneof("type"):
                case "new_session":
                    self._session = said.new_session.initialize.session_id
                    drawn = []
                case "navigation":
                    self._pages = {
                        each.url_pathname: each.page_script_hash for each in said.navigation.app_pages
                    }
                case "delta" if said.delta.WhichOneof("type") == "new_element":
                    drawn.append(said.delta.new_element)
                case "script_finished" if said.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
                    self.drawn = drawn
                    self._take_values()
                    return time.perf_counter() - begin

    def _take_values(self) -> None:
        """Let the server's own values win, as in a browser."""
        for kind in ("text_area", "text_input"):
            for each in self._all(kind):
                if each.set_value:
                    self._widgets[each.id] = WidgetState(id=each.id, string_value=each.value)


def total_memory(process: int) -> int:
    """Bytes of memory that a process and its children hold: the sum of their resident sets."""
    return sum(map(_resident, [process, *_children(process)]))


def _children(process: int) -> Sequence[int]:
    try:
        with open(f"/proc/{process}/task/{process}/children", encoding="ascii") as file:  # noqa: PTH123
            found = list(map(int, file.read().split()))
    except OSError:
        return []
    return [*found, *(each for child in found for each in _children(child))]


def _resident(process: int) -> int:
    try:
        with open(f"/proc/{process}/status", encoding="ascii", errors="replace") as file:  # noqa: PTH123
            return next((int(line.split()[1]) * 1024 for line in file if line.startswith("VmRSS:")), 0)
    except OSError:
        return 0

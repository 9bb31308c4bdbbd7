"""Uploaded files take memory only until they have been read, and none after disconnecting."""

import pytest
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.uploaded_file_manager import UploadedFileRec

from tests.system.pages.conftest import Open
from userlane.sandbox import TOKEN, tag_names_csv


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of the files that the server keeps for its visitors."""
    sizes: dict[tuple[str, str], int] = {}
    found: list[int] = []
    add, remove = MemoryUploadedFileManager.add_file, MemoryUploadedFileManager.remove_session_files

    def adding(self: MemoryUploadedFileManager, session_id: str, file: UploadedFileRec) -> None:
        add(self, session_id, file)
        sizes[session_id, file.file_id] = len(file.data)
        found[:] = sizes.values()

    def removing(self: MemoryUploadedFileManager, session_id: str) -> None:
        remove(self, session_id)
        for each in [each for each in sizes if each[0] == session_id]:
            del sizes[each]
        found[:] = sizes.values()

    monkeypatch.setattr(MemoryUploadedFileManager, "add_file", adding)
    monkeypatch.setattr(MemoryUploadedFileManager, "remove_session_files", removing)
    return found


def test_names_are_read_once_and_their_file_is_let_go(own: Open, kept: list[int]) -> None:
    visitor = own().connect(TOKEN, "demo").go("Connect").upload("tags.csv", tag_names_csv("demo"))
    assert "58 names from" in visitor.words
    assert kept == []


def test_a_file_that_cannot_be_read_is_let_go_on_disconnecting(own: Open, kept: list[int]) -> None:
    visitor = own().connect(TOKEN, "demo").go("Connect").upload("wrong.csv", b"Colour,Size\nred,3\n")
    assert kept == [18]
    visitor.press("Disconnect")
    assert kept == []

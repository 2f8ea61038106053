from __future__ import annotations

import json

import pytest

from aftercare_sdk.cli.receive import Unreadable, _files, read_request


def write(folder, name, content):
    """Write bytes, or a value as JSON."""
    file = folder / name
    file.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return file


def test_a_recorded_request_is_read_exactly(tmp_path):
    """The body byte for byte, the headers as they came; other keys are ignored."""
    recorded = {"headers": {"X-Topic": "order.created"}, "body": '{"name": "小川",\r\n "n":1.10}\n', "no": 1}
    request = read_request(write(tmp_path, "one.json", recorded))
    assert '{"name": "小川",\r\n "n":1.10}\n'.encode() == request.body
    assert "order.created" == request.header("x-topic")


def test_a_file_of_an_editor_that_marks_utf_8_is_read(tmp_path):
    """A byte order mark is not part of the request."""
    assert b"x" == read_request(write(tmp_path, "one.json", b'\xef\xbb\xbf{"headers": {}, "body": "x"}')).body


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON (line 1, column 2)"),
        (b"\xff\xfe{\x00}\x00", "not UTF-8"),
        (b"[" * 100_000, "too deep"),
        (b"1" * 10_000, "too long"),
        ([], 'not {"headers"'),
        ({"body": ""}, 'not {"headers"'),
        ({"headers": [], "body": ""}, '"headers" must be a table'),
        ({"headers": {"X-Count": 3}, "body": ""}, '"headers" must be a table'),
        ({"headers": {}, "body": {"id": 1}}, '"body" must be the exact text'),
        ({"headers": {}, "body": None}, '"body" must be the exact text'),
        (b'{"headers": {}, "body": "\\ud83d"}', "half a character"),
    ],
)
def test_a_file_that_is_no_request_says_why(tmp_path, content, problem):
    """In words of the person who has to mend it, without a traceback."""
    file = write(tmp_path, "bad.json", content)
    with pytest.raises(Unreadable) as raised:
        read_request(file)
    assert problem in str(raised.value)


def test_a_folder_means_its_json_files_by_name(tmp_path):
    """Not other files, and not those of the folders in it."""
    for name in ("b.json", "a.json", "10.json", "9.json", "notes.txt"):
        write(tmp_path, name, {})
    (tmp_path / "c.json").mkdir()
    (tmp_path / "deeper").mkdir()
    write(tmp_path / "deeper", "d.json", {})
    assert [("10.json", ""), ("9.json", ""), ("a.json", ""), ("b.json", "")] == [
        (file.name, problem) for file, problem in _files([tmp_path])
    ]


def test_paths_that_mean_nothing_are_named(tmp_path):
    """A folder without requests is as wrong as a missing file."""
    (tmp_path / "empty").mkdir()
    assert [
        (tmp_path / "gone.json", "there is no such file"),
        (tmp_path / "empty", "there is no *.json file in this folder"),
    ] == list(_files([tmp_path / "gone.json", tmp_path / "empty"]))

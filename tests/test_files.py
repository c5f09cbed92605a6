"""A file is the old one or the whole new one."""

import os

import pytest

from quota_helpers.files import reason, whole_file


def test_a_file_appears_whole(tmp_path):
    path = tmp_path / "a.txt"
    with whole_file(path) as stream:
        stream.write(b"new")
        assert not path.exists(), "before the end nothing is there"
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("a.txt", b"new")]


def _write_half(path, error):
    with whole_file(path) as stream:
        stream.write(b"half")
        raise error


@pytest.mark.parametrize("error", [OSError(28, "No space left"), KeyboardInterrupt(), ValueError("a value")])
def test_what_was_there_stays_when_writing_fails(tmp_path, error):
    path = tmp_path / "a.txt"
    path.write_bytes(b"old")
    with pytest.raises(type(error)):
        _write_half(path, error)
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("a.txt", b"old")]


def test_a_file_that_shall_stay(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"old")
    with pytest.raises(FileExistsError), whole_file(path, replace=False):
        pytest.fail("nothing is written")
    assert path.read_bytes() == b"old"


@pytest.mark.parametrize("name", ["missing/a.txt", "a\0b", "n" * 300])
def test_a_place_that_cannot_be_written_says_why(tmp_path, name):
    with pytest.raises(OSError) as caught, whole_file(tmp_path / name):  # noqa: PT011  # which one is the system's word
        pass
    assert reason(caught.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
def test_only_the_owner_reads_it(tmp_path):
    with whole_file(tmp_path / "a.txt"):
        pass
    assert (tmp_path / "a.txt").stat().st_mode & 0o077 == 0

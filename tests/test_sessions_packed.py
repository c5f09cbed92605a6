"""Compressed logs: read like any other, and skipped by name where they are torn, foreign or a bomb."""

from __future__ import annotations

import time
import tracemalloc

import pytest
from sessions_support import ONE, TWO, limits, log_path, meta, pack, tokens, turns, window, write

from quota_helpers.sessions import unpack
from quota_helpers.sessions.unpack import zstd


@pytest.mark.parametrize("folder", ["sessions", "archived_sessions"])
def test_read_like_any_other(home, read, folder):
    """In both folders; once read, from the cache."""
    pack(write(home, meta(), *turns(1, 3), folder=folder))
    steps = []
    first = read(progress=lambda *step: steps.append(step))
    again = read(progress=lambda *step: pytest.fail(f"read again: {step}"))
    assert steps
    assert (first.tokens["total"] // 12).tolist() == [1, 2, 3]
    assert again.tokens.equals(first.tokens)
    assert again.windows.equals(first.windows)
    assert set(first.tokens["session"]) == {ONE}


def test_beside_its_plain_twin(home, read):
    """While Codex compresses a log it lies there twice, and a lock beside it: the plain one counts, alone."""
    path = write(home, meta(), *turns(1, 3))
    packed = path.with_name(path.name + ".zst")
    packed.write_bytes(b"half a fra")
    path.with_name(path.name + ".zst.lock").write_bytes(b"")
    path.with_name(path.name + ".zst.tmp").write_bytes(b"?")
    found = read()
    assert found.files == 1
    assert found.skipped == ()
    packed.unlink()
    pack(path)
    assert read().tokens.equals(found.tokens)


def test_in_the_archive_as_well(home, read):
    """A log in both folders, plain and compressed, is one."""
    write(home, meta(), *turns(1, 3))
    pack(write(home, meta(), *turns(1, 3), folder="archived_sessions"))
    assert (read().tokens["total"] // 12).tolist() == [1, 2, 3]


def test_read_anew_when_it_changes(home, read):
    """A compressed log is read from its start, never from where an older one ended."""
    path = pack(write(home, meta(), *turns(1, 3)))
    read()
    path.write_bytes(zstd.compress("".join([meta(), *turns(7, 9)]).encode()))
    assert (read().tokens["total"] // 12).tolist() == [7, 8, 9]


def torn(text):
    return zstd.compress(text * 50)[:-20]


def flipped(text):
    data = bytearray(zstd.compress(text, options={zstd.CompressionParameter.checksum_flag: 1}))
    data[len(data) // 2] ^= 255
    return bytes(data)


def far_back(_text):
    """A frame that wants 2 GiB to look back on."""
    options = {zstd.CompressionParameter.window_log: 27, zstd.CompressionParameter.enable_long_distance_matching: 1}
    packer = zstd.ZstdCompressor(options=options)
    return packer.compress(b"x" * 1000) + packer.flush()


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (torn, "ends in the middle"),
        (flipped, "no Zstandard, or damaged"),
        (far_back, "no Zstandard, or damaged"),
        (lambda _: b"\x1f\x8b\x08 something else", "no Zstandard, or damaged"),
        (lambda text: text, "no Zstandard, or damaged"),
        (lambda text: zstd.compress(text) + b"and more", "no Zstandard, or damaged"),
    ],
    ids=["torn", "flipped", "far back", "gzip", "plain", "followed"],
)
def test_what_cannot_be_unpacked_is_named(home, read, spoil, why):
    """The whole file is skipped, with its name and the reason; the others are read."""
    write(home, meta(TWO), *turns(1, 2), session=TWO)
    path = log_path(home).with_name(log_path(home).name + ".zst")
    path.write_bytes(spoil("".join([meta(), *turns(1, 3)]).encode()))
    found = read()
    assert (found.tokens["total"] // 12).tolist() == [1, 2]
    assert len(found.skipped) == 1
    assert str(path) in found.skipped[0]
    assert why in found.skipped[0]
    assert read().skipped == found.skipped


def test_empty_ones(home, read):
    """An empty file holds nothing, and so does an empty text."""
    write(home, meta(TWO), *turns(1, 1), session=TWO)
    log_path(home).with_name(log_path(home).name + ".zst").write_bytes(zstd.compress(b""))
    assert len(read().tokens) == 1


def test_bomb(home, read, monkeypatch):
    """What grows out of all proportion is given up early, within little memory; just below the bound it is read."""
    monkeypatch.setattr(unpack, "FREE_BYTES", 8 << 20)
    text = "".join([meta(), *turns(1, 2)]).encode()
    write(home, meta(TWO), *turns(9, 9), session=TWO)
    path = log_path(home).with_name(log_path(home).name + ".zst")
    path.parent.mkdir(parents=True, exist_ok=True)
    for size, count in (((8 << 20) - len(text), 3), ((8 << 20) - len(text) + 1, 1), (1 << 28, 1)):
        packer = zstd.ZstdCompressor()
        parts = [packer.compress(text)]
        parts += [packer.compress(b" " * min(1 << 20, size - at)) for at in range(0, size, 1 << 20)]
        path.write_bytes(b"".join([*parts, packer.flush()]))
        tracemalloc.start()
        found = read(cache=False, workers=1)
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
        tracemalloc.stop()
        assert len(found.tokens) == count
        assert [("out of all proportion" in text) for text in found.skipped] == [True] * (count == 1)


@pytest.mark.parametrize("text", [b"\n", b"{}\n"], ids=["empty", "short"])
def test_nothing_but_lines_that_say_nothing(home, read, text):
    """As much as is ever unpacked, in the shortest lines there are, takes seconds; what stands behind them is read."""
    path = log_path(home).with_name(log_path(home).name + ".zst")
    path.parent.mkdir(parents=True)
    told = "".join([meta(), *turns(1, 2)]).encode()
    empty = text * ((unpack.FREE_BYTES - len(told)) // len(text))
    path.write_bytes(zstd.compress(empty + told))
    begun = time.process_time()
    assert len(read(workers=1).tokens) == 2
    assert time.process_time() - begun < 30


def test_more_than_one_frame(home, read):
    """Frames behind one another are one text."""
    path = log_path(home).with_name(log_path(home).name + ".zst")
    path.parent.mkdir(parents=True)
    path.write_bytes(b"".join(zstd.compress(text.encode()) for text in (meta(), *turns(1, 3))))
    assert len(read().tokens) == 3


def test_a_line_that_is_not_finished(home, read):
    """The last line without its newline counts when it is whole."""
    path = log_path(home).with_name(log_path(home).name + ".zst")
    path.parent.mkdir(parents=True)
    text = "".join([meta(), tokens(1, total=1, rate=limits(window(1)))])
    path.write_bytes(zstd.compress(text.rstrip("\n").encode()))
    assert len(read().tokens) == len(read().windows) == 1

"""Bodies over real HTTP: compressed, too large, cut off, garbled, and JSON with odd content."""

from __future__ import annotations

import gzip
import json
import tracemalloc
import zlib

import pytest
from client_support import (
    CHUNKED,
    always,
    fetch,
)
from client_support import plain_environment as _plain_environment  # noqa: F401 - an autouse fixture

from quota_helpers.client.body import parse_body, read_body
from quota_helpers.errors import (
    UnexpectedReplyError,
    UnreachableError,
)
from quota_helpers.models.reply import LARGEST_BODY


def encoded(data, encoding):
    return always(body=data, headers=[("Content-Encoding", encoding)])


RAW = zlib.compressobj(wbits=-15)
BIG = json.dumps({"filler": "x" * 3_000_000, "plan_type": "plus"}).encode()
BARE = RAW.compress(BIG) + RAW.flush()
COMPRESSED = {
    "gzip": gzip.compress(BIG),
    "x-gzip": gzip.compress(BIG[:70_000]) + gzip.compress(BIG[70_000:]),
    "GZIP, identity": gzip.compress(BIG) + bytes(16),
    "deflate": zlib.compress(BIG),
    "Deflate": BARE,
    "identity": BIG,
}


@pytest.mark.parametrize("encoding", COMPRESSED)
def test_a_compressed_body_is_read(encoding):
    reply, _ = fetch(encoded(COMPRESSED[encoding], encoding))
    assert reply.body == BIG
    assert reply.payload["plan_type"] == "plus"


@pytest.mark.parametrize(
    ("data", "encoding", "word"),
    [
        (b"no gzip at all", "gzip", "cannot be decompressed"),
        (gzip.compress(BIG)[:-9], "gzip", "cut off"),
        (gzip.compress(b"{}")[:5], "gzip", "cut off"),
        (gzip.compress(b"{}")[:-1], "gzip", "cut off"),
        (gzip.compress(b"{}") + gzip.compress(b"   ")[:-1], "gzip", "cut off"),
        (zlib.compress(BIG)[:-1], "deflate", "cut off"),
        (zlib.compress(BIG)[:-1000], "deflate", "cut off"),
        (BARE[:-1], "deflate", "cut off"),
        (b"\xff\xff\xff\xff", "deflate", "cannot be decompressed"),
        (b"{}", "br", "compression"),
        (b"{}", "zstd", "compression"),
        (gzip.compress(gzip.compress(b"{}")), "gzip, gzip", "compression"),
    ],
)
def test_a_body_that_cannot_be_decompressed_is_a_clear_error(data, encoding, word):
    error, seen = fetch(encoded(data, encoding))
    assert type(error) is UnexpectedReplyError
    assert word in error.message
    assert word in error.reply.notes[0]
    assert len(seen) == 1


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "identity"])
def test_five_mebibytes_are_the_limit(encoding):
    shell = len(b'{"a":""}')
    fits, over = (b'{"a":"' + b"x" * (LARGEST_BODY - shell + more) + b'"}' for more in (0, 1))
    pack = {"gzip": gzip.compress, "deflate": zlib.compress, "identity": bytes}[encoding]
    reply, _ = fetch(encoded(pack(fits), encoding))
    assert len(reply.body) == LARGEST_BODY
    error, _ = fetch(encoded(pack(over), encoding))
    assert type(error) is UnexpectedReplyError
    assert "larger than 5 MiB" in error.message
    assert len(error.reply.body) < LARGEST_BODY


@pytest.mark.parametrize(("encoding", "wbits"), [("gzip", 31), ("deflate", 15), ("deflate", -15)])
def test_a_bomb_of_three_hundred_mebibytes_stays_small(encoding, wbits):
    packer = zlib.compressobj(9, wbits=wbits)
    bomb = b"".join(packer.compress(bytes(1 << 20)) for _ in range(300)) + packer.flush()
    chunks = [bomb[start : start + 16_384] for start in range(0, len(bomb), 16_384)]
    tracemalloc.start()
    _, problem = read_body(chunks, encoding)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert problem == "larger than 5 MiB"
    assert peak < 3 * LARGEST_BODY


def test_a_bomb_without_an_end_is_noticed_long_before_it():
    """A gigabyte in a megabyte: were it unpacked whole, the server's handler would get to its end."""
    packer = zlib.compressobj(9, wbits=31)
    sent = []

    def handler(exchange):
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n")
        for _ in range(10_000):
            exchange.send(packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_SYNC_FLUSH))
            sent.append(1)

    error, _ = fetch(handler)
    assert "larger than 5 MiB" in error.message
    assert len(sent) < 10_000


@pytest.mark.parametrize("size", [1, 7, 1000, 65_536])
def test_a_compressed_body_is_whole_however_it_is_cut_into_chunks(size):
    """Runs that end in the middle of a match leave bytes waiting in the decoder."""
    text = b"".join(b"%d" % (number % 7) * (number * 37 % 3000) for number in range(400))
    for encoding, packed in (("gzip", gzip.compress(text)), ("deflate", zlib.compress(text))):
        assert read_body([packed[at : at + size] for at in range(0, len(packed), size)], encoding) == (text, None)


def test_an_endless_row_of_empty_gzip_members_is_too_large():
    empty = gzip.compress(b"") * 4000

    def handler(exchange):
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n")
        for _ in range(1000):
            exchange.send(empty)

    error, _ = fetch(handler)
    assert "larger than 5 MiB" in error.message


@pytest.mark.parametrize("wbits", [31, 15, -15])
def test_what_waits_in_the_decoder_at_the_end_is_part_of_the_body(wbits):
    """All input can be taken in while output still waits for room in the last piece."""
    for size in range(65_530, 66_100, 7):
        packer = zlib.compressobj(9, wbits=wbits)
        packed = packer.compress(b"a" * size) + packer.flush()
        assert read_body([packed], "gzip" if wbits > 15 else "deflate") == (b"a" * size, None)


@pytest.mark.parametrize("status", [401, 429, 500])
def test_an_error_with_too_large_a_body_is_still_that_error(status):
    error, _ = fetch(always(status, b"x" * (LARGEST_BODY + 1)), retries=0)
    assert error.status == status
    assert type(error) is not UnexpectedReplyError
    assert "5 MiB" in error.reply.notes[0]


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}", UnreachableError),
        (CHUNKED + b"\r\n2\r\n{}\r\n", UnreachableError),
        (CHUNKED + b"\r\n50\r\n{}", UnreachableError),
        (CHUNKED + b"\r\nzz\r\n{}\r\n0\r\n\r\n", UnreachableError),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n{}", UnexpectedReplyError),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}", UnexpectedReplyError),
        (b"SSH-2.0-OpenSSH_9.9\r\n\r\n", UnexpectedReplyError),
        (b"HTTP/1.1 abc OK\r\n\r\n", UnexpectedReplyError),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n{}", UnexpectedReplyError),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000 + b"\r\n\r\n{}", UnexpectedReplyError),
        (b"", UnreachableError),
        (b"HTTP/1.1 200 OK\r\n", UnexpectedReplyError),
        (b"HTTP/1.1 103 Early Hints\r\n\r\n", UnreachableError),
    ],
)
def test_answers_that_are_cut_off_or_no_http_are_told_apart(data, kind):
    def handler(exchange):
        exchange.send(data)
        exchange.conn.close()

    error, _ = fetch(handler, retries=0)
    assert type(error) is kind
    assert ("broke off" in error.message) == (kind is UnreachableError)


WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@pytest.mark.parametrize("statuses", [(100,), (102,), (103,), (199,), (103, 100, 102, 103)])
def test_what_only_announces_an_answer_is_read_past(statuses):
    announced = b"".join(b"HTTP/1.1 %d Soon\r\nContent-Length: 9\r\nX-A: b\r\n\r\n" % status for status in statuses)
    reply, seen = fetch(lambda exchange: exchange.send(announced + WHOLE))
    assert reply.payload == {}
    assert (reply.status, reply.headers.get("x-a")) == (200, None)
    assert len(seen) == 1


def test_switching_to_another_protocol_is_an_answer():
    error, _ = fetch(lambda exchange: exchange.send(b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n" + WHOLE))
    assert type(error) is UnexpectedReplyError
    assert error.status == 101


@pytest.mark.parametrize("length", ["abc", "-5"])
def test_a_content_length_that_is_none_is_passed_over(length):
    def handler(exchange):
        exchange.send(f"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{{}}".encode())
        exchange.conn.close()

    result, _ = fetch(handler, retries=0)
    assert isinstance(result, UnexpectedReplyError) or result.payload == {}


def parsed(data):
    return parse_body(data if isinstance(data, bytes) else data.encode(), lambda text: text)


@pytest.mark.parametrize(
    ("literal", "note"),
    [
        ("NaN", "NaN"),
        ("Infinity", "Infinity"),
        ("-Infinity", "-Infinity"),
        ("1e400", "a number out of range"),
        ("-1e99999", "a number out of range"),
        ("1e309", "a number out of range"),
        ("9" * 309, "an integer of 309 digits"),
        ("9" * 5000, "an integer of 5000 digits"),
        ("-" + "9" * 5000, "an integer of 5000 digits"),
    ],
)
def test_a_number_that_is_none_becomes_unknown_with_its_place(literal, note):
    reply, _ = fetch(always(body=f'{{"a": [{{"b": {literal}}}, 7], "c": 1}}'))
    assert reply.payload == {"a": [{"b": None}, 7], "c": 1}
    assert reply.notes == (f"{note} became null @ $.a[0].b",)


@pytest.mark.parametrize("literal", ["1e308", "9" * 308, "-" + "9" * 307])
def test_the_largest_numbers_are_read(literal):
    assert parsed(f"[{literal}]") == ([json.loads(literal)], f"[{literal}]".encode(), (), None)


def test_bytes_that_are_not_utf8_are_replaced_with_a_note():
    reply, _ = fetch(always(body=b'{"a": "caf\xe9", "b": 1}'))
    assert reply.payload == {"a": "caf\ufffd", "b": 1}
    assert "not UTF-8" in reply.notes[0]
    assert reply.body == b'{"a": "caf\xe9", "b": 1}'


def test_a_byte_order_mark_is_fine():
    reply, _ = fetch(always(body='{"a": "é"}'.encode("utf-8-sig")))
    assert reply.payload == {"a": "é"}
    assert reply.notes == ()


def test_half_a_surrogate_pair_cannot_break_a_later_encoding():
    reply, _ = fetch(always(body=r'{"\ud800k": ["\udfffx", "\ud83d\ude00"]}'))
    assert reply.payload == {"\ufffdk": ["\ufffdx", "\U0001f600"]}
    json.dumps(reply.payload, ensure_ascii=False).encode()
    assert any("surrogate" in note for note in reply.notes)
    "".join(reply.notes).encode()


def test_a_bare_control_character_in_a_string_costs_nobody_the_other_fields():
    assert parsed('{"a": "x\ty\nz", "b": 1}').payload["b"] == 1


@pytest.mark.parametrize("opening", ["[", '{"a":', '[{"a":'])
def test_nesting_beyond_five_hundred_is_refused_before_the_parser_recurses(opening):
    closing = "".join({"[": "]", "{": "}"}[char] for char in reversed(opening) if char in "[{")
    levels = len(closing)
    deep = '{"x":' + opening * (499 // levels) + "1" + closing * (499 // levels) + "}"
    reply, _ = fetch(always(body=deep))
    assert reply.payload.keys() == {"x"}
    for times in (501, 200_000):
        error, _ = fetch(always(body=opening * times + "1" + closing * times))
        assert type(error) is UnexpectedReplyError
        assert "deeper than 500" in error.message


def test_brackets_inside_strings_and_wide_lists_are_not_depth():
    text = json.dumps({"a": "[" * 2000 + '"\\' + "{" * 2000, "b": [[1]] * 5000, "c": "\\" * 3001 + '"' + "[" * 900})
    assert parsed(text).payload == json.loads(text)


def test_a_huge_body_of_escapes_is_scanned_at_all():
    """A pattern that kept its ways back would need a gigabyte here."""
    text = '{"a": "' + "\\\\" * 2_000_000 + '", "b": ' + "[]," * 0 + json.dumps([[]] * 600) + "}"
    assert len(parsed(text).payload["a"]) == 2_000_000


def test_many_oddities_are_summed_up():
    result = parsed("[" + ",".join(["NaN"] * 500) + "]")
    assert result.payload == [None] * 500
    assert len(parsed("[" + ",".join(["NaN"] * 20) + "]").notes) == 20
    assert len(result.notes) == 21
    assert result.notes[-1] == "and 480 more oddities"

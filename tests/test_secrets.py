"""A token has no way to be seen: sentinels are planted in login files, servers echo them, every output is searched."""

from __future__ import annotations

import copy
import dataclasses
import io
import json
import logging
import pickle
import pprint
import sys
import traceback
import warnings

import pytest
from auth_support import API_KEY, IDENTITY, REFRESH, shown
from bad_support import LOGINS, echoes, says
from foundation_support import Desk, ask, usage

import quota_helpers as qh
from quota_helpers.frames import credits_frame, spend_frame

COOKIE = "SENTINEL-cookie-8Rv"
SET_COOKIE = ("Set-Cookie", f"__cf_bm={COOKIE}; path=/; HttpOnly")


def escaped(text: str) -> str:
    return "".join(f"\\u{ord(char):04x}" for char in text)


def echo_in_a_good_body(exchange):
    """The token everywhere a body can hold it: as a value, a key, a plan, a limit's id, a broken field, escaped."""
    token = exchange.headers["authorization"].removeprefix("Bearer ")
    limit = {"limit_name": token, "metered_feature": f"x {token}", "rate_limit": usage(5, None)["rate_limit"]}
    body = usage(
        25,
        token,
        plan=token,
        additional_rate_limits=[limit],
        credits={"has_credits": token, "balance": token},
        spend_control={"individual_limit": {"limit": "5", "used_percent": 1, "source": token}},
        rate_limit_reached_type={"type": token},
        account_id=token,
        **{token: 1, "refresh_token": REFRESH, "id_token": IDENTITY, "api_key": API_KEY},
    )
    text = json.dumps(body).replace('"promo": null', "")
    text = text.replace('"plan_type": ', f'"escaped": "{escaped(token)}", "plan_type": ', 1)
    exchange.reply(200, text, [("X-Echo", f"Bearer {token}"), ("x-codex-plan-type", token), SET_COOKIE])


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    with Desk(tmp_path_factory.mktemp("secrets") / "account") as desk:
        desk.login("good", echo_in_a_good_body)
        desk.login("plain", echoes(200))
        for status in (302, 401, 402, 403, 404, 418, 429, 503):
            desk.login(f"s{status}", echoes(status, [SET_COOKIE, ("Retry-After", "3600")]))
        desk.login("html", lambda exchange: says(f"<title>{exchange.headers['authorization']}</title>")(exchange))
        desk.login("no-http", no_http)
        desk.login("bad-header", bad_header)
        for name, (make, _) in LOGINS.items():
            make(desk.folder / f"bad-{name}.auth.json")
        yield desk


def no_http(exchange):
    exchange.send(f"{exchange.headers['authorization']}\r\n\r\n".encode())
    exchange.conn.close()


def bad_header(exchange):
    """A header that cannot be parsed, which the HTTP library likes to log."""
    exchange.send(f"HTTP/1.1 200 OK\r\n{exchange.headers['authorization']}\r\n: odd\r\n\r\n".encode())
    exchange.conn.close()


@pytest.fixture(scope="module")
def secrets(desk):
    """Every string that must be nowhere: tokens whole, their telling parts, refresh and id tokens, cookies."""
    parts = {part for token in desk.answers for part in (token, *token.split(".")[1:])}
    return {*parts, REFRESH, IDENTITY, API_KEY, COOKIE, "SENTINEL"}


@pytest.fixture(scope="module")
def sent(desk):
    """What a request carries or an answer sets: no reply keeps it. Other secrets that a server invents are hidden
    when a body is shown.
    """
    return {*(part for token in desk.answers for part in (token, *token.split(".")[1:])), COOKIE}


@pytest.fixture(scope="module")
def run(desk):
    """One collection in this process, with everything logged and every warning noted."""
    log = io.StringIO()
    handler = logging.StreamHandler(log)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    with warnings.catch_warnings(record=True) as noted:
        warnings.simplefilter("always")
        try:
            source = qh.live(desk.folder, url=desk.base, deadline=10, retries=1, backoff=0)
            collection = source.collect()
            # The same logins without the bad files, which are read again at every fetch.
            names = list(source.accounts.names)
            with qh.live(desk.folder, url=desk.base, deadline=10, retries=1, backoff=0, names=names) as single:
                fetched = [_error_of(single, name) for name in names]
        finally:
            root.removeHandler(handler)
            root.setLevel(level)
    texts = "\n".join(str(warning.message) for warning in noted)
    with source:
        yield source, collection, [error for error in fetched if error], log.getvalue() + texts


def _error_of(source, name):
    try:
        source.fetch(name)
    except qh.QuotaError as error:
        return error
    return None


def found(text: str, secrets: set[str]) -> list[str]:
    """The secrets that stand in a text, also behind escapes."""
    return [secret[:12] for secret in secrets if secret in text or escaped(secret) in text]


def test_the_sentinels_are_really_there(desk, run, secrets):
    """Else the search below finds nothing because there is nothing."""
    assert len(desk.answers) == 13
    assert "SENTINEL" in (desk.folder / "good.auth.json").read_text("utf-8")
    token = run[0].accounts.named("good").access_token.reveal()
    assert found(f"x{token}x", secrets)
    assert found(escaped(token), secrets)
    assert run[1].snapshots[0].account == "good"
    assert len(run[1].failures) == 12 + len(LOGINS)
    assert len(run[2]) >= 10


@pytest.mark.parametrize(
    "options",
    [[], ["--json"], ["--raw-json"], ["--raw-headers"], ["--raw-json", "--raw-headers"]],
    ids=lambda options: " ".join(options) or "table",
)
def test_no_output_of_the_command_line_shows_one(desk, secrets, options):
    done = ask(desk, *options)
    assert done.returncode == 3
    assert done.stdout
    assert done.stderr
    assert found(done.stdout + done.stderr, secrets) == []
    assert "Traceback" not in done.stderr


def everything(run) -> list[object]:
    source, collection, errors, _ = run
    values: list[object] = [source, source.accounts, source.accounts.failures, source.accounts.skipped, collection]
    values += [*source.accounts, *collection.snapshots, *collection.failures, *collection.replies.values(), *errors]
    values += [failure.error for failure in collection.failures]
    values += [reply.headers for reply in collection.replies.values()]
    return values


def test_no_display_of_a_value_shows_one(run, secrets, sent):
    for value in everything(run):
        texts = [repr(value), str(value), pprint.pformat(value), f"{value}", repr(copy.copy(value))]
        if hasattr(value, "_repr_html_"):
            texts.append(value._repr_html_())
        if dataclasses.is_dataclass(value) and not isinstance(value, qh.outcomes.Failure | qh.outcomes.Collection):
            assert found(repr(dataclasses.asdict(value)), sent) == [], type(value)
        assert found("\n".join(texts), secrets) == [], type(value)


def test_no_reply_holds_one(run, sent):
    for reply in run[1].replies.values():
        assert found(reply.text + repr(reply.payload) + repr(reply.headers.pairs()), sent) == [], reply.account
        assert COOKIE not in repr(reply.body)


def test_no_pickle_holds_one(run, sent):
    source, collection, errors, _ = run
    for value in (collection, source.accounts, *source.accounts, *errors):
        assert found(pickle.dumps(value).decode("latin-1"), sent) == [], type(value)


def test_no_frame_shows_one(run, secrets):
    collection = run[1]
    for make in (qh.to_frame, credits_frame, spend_frame):
        frame = make(collection)
        assert len(frame)
        texts = [
            frame.to_csv(),
            frame.to_json(date_format="iso"),
            frame.to_html(),
            repr(frame.to_dict()),
            frame.to_string(),
        ]
        assert found("\n".join(texts), secrets) == []


@pytest.mark.parametrize("plot", [qh.plot_windows, qh.plot_resets])
def test_no_figure_shows_one(run, secrets, plot):
    figure = plot(qh.to_frame(run[1]), reveal=True)
    assert len(figure.data)
    assert found(figure.to_json() + figure.to_html(include_plotlyjs=False), secrets) == []


def test_no_error_carries_one(run, secrets):
    """Neither in its text, its attributes, its causes, nor in the local variables of our frames."""
    for error in [*run[2], *(failure.error for failure in run[1].failures)]:
        assert found(shown(error), secrets) == [], type(error)
        assert error.__cause__ is None


def test_no_verbose_traceback_shows_one(run, secrets):
    """Also not in the frames of libraries: none that held the request is left."""
    for error in run[2]:
        if not isinstance(error, qh.errors.FetchError):
            continue
        trace = traceback.TracebackException.from_exception(error, capture_locals=True)
        assert found("".join(trace.format()), secrets) == [], type(error)


def test_no_log_and_no_warning_shows_one(run, secrets):
    assert found(run[3], secrets) == []


def test_no_traceback_of_a_bad_login_shows_one(desk, secrets):
    for name in LOGINS:
        with pytest.raises(qh.errors.AuthError) as caught:
            _load(desk, name)
        assert found(shown(caught.value), secrets) == [], name


def _load(desk, name):
    account = qh.load_auth(desk.folder / f"bad-{name}.auth.json")
    raise qh.errors.TokenExpiredError(f"only the expiry is wrong with {account.name}")


def test_the_progress_bar_shows_none(run, secrets, capsys):
    source = run[0]
    source.collect(progress=True, names=["good", "s401"])
    sys.stderr.flush()
    assert found("".join(capsys.readouterr()), secrets) == []

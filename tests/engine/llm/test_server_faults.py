"""A server that is down, slow, wrong or endless: one clear sentence each, in bounded time."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from pathlib import Path

import pytest
from llm_asks import SCHEMA, ask, settings
from odd_server import Fault, Handler, OddServer

from omoai_engine.control import JobControl
from omoai_engine.errors import CancelledError, ConfigError, LanguageModelError
from omoai_engine.postprocess.llm.contract import Completion
from omoai_engine.postprocess.llm.server import ServerModel


def answer(
    fault: Fault, *, owner: str = "somebody", timeout: float = 20, **rest: object
) -> Completion:
    with OddServer(fault, owner) as server:
        model = ServerModel(settings(server_url=server.url, retries=0, timeout_seconds=timeout).llm)
        return model.generate([ask("a", 5, **rest)], control=JobControl())[0]


def sentence_of(url: str, **llm: object) -> str:
    with pytest.raises((LanguageModelError, ConfigError)) as caught:
        ServerModel(settings(server_url=url, retries=0, **llm).llm).load()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def endless(handler: Handler) -> None:
    handler.begin_stream()
    while True:
        handler.send_event("a" * 100)


def drip(handler: Handler) -> None:
    handler.begin_stream()
    while True:
        handler.send_raw(b": still there\n")
        time.sleep(0.05)


def half(handler: Handler) -> None:
    handler.begin_stream()
    handler.send_event("xin ")


def not_json(handler: Handler) -> None:
    handler.begin_stream()
    handler.send_raw(b"data: {oh no\n\n")


def html(handler: Handler) -> None:
    handler.send_whole(b"<html>Welcome</html>", "text/html")


def other_shapes(handler: Handler) -> None:
    handler.begin_stream()
    for event in ([], {"choices": 3}, {"choices": [None]}, {"choices": [{"delta": 4}]}, {}):
        handler.send_raw(f"data: {json.dumps(event)}\n\n".encode())
    handler.send_event("chào\x1b[31m")
    handler.send_raw(b"data: [DONE]\n\n")


def test_an_answer_without_an_end_is_left() -> None:
    got = answer(endless)
    assert got.finish == "length"
    assert len(got.text) < 2000


def test_a_server_that_only_keeps_the_line_open_is_left() -> None:
    got = answer(drip, timeout=1)
    assert got.finish == "error"
    assert "said nothing for 1 s" in got.error


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (half, "broke off in the middle"),
        (not_json, "not JSON"),
        (lambda h: h.send_error(500), "failed (HTTP 500)"),
        (lambda h: h.send_error(429), "too much to do"),
        (lambda h: h.send_json({"error": {"message": "secret words"}}), "in the middle"),
        (lambda h: h.send_json({"error": "secret words"}, 400), "refuses the request"),
    ],
)
def test_one_failed_answer_is_an_answer_with_an_error(fault: Fault, says: str) -> None:
    got = answer(fault)
    assert got.finish == "error"
    assert says in got.error
    assert "secret" not in got.error


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (html, "does not speak the OpenAI interface"),
        (lambda h: h.send_error(401), "does not accept the API key"),
        (lambda h: h.send_error(404), "no such address or model"),
        (lambda h: h.send_whole(b"", "text/plain", 302, Location="http://x/"), "another address"),
    ],
)
def test_what_no_request_can_pass_is_an_error_of_the_server(fault: Fault, says: str) -> None:
    with pytest.raises(LanguageModelError) as caught:
        answer(fault)
    assert says in str(caught.value)


def test_strange_events_are_passed_over_and_control_characters_go() -> None:
    got = answer(other_shapes)
    assert (got.text, got.finish) == ("chào[31m", "stop")


def test_a_server_that_does_not_stream_is_understood() -> None:
    whole = {"choices": [{"message": {"content": "chào"}, "finish_reason": "stop"}]}
    got = answer(lambda h: h.send_json({**whole, "usage": {"completion_tokens": 2}}))
    assert (got.text, got.finish, got.generated_tokens) == ("chào", "stop", 2)


def test_a_grammar_that_is_refused_is_left_out_and_said() -> None:
    def picky(handler: Handler) -> None:
        if {"response_format", "structured_outputs"} & handler.server.bodies[-1].keys():
            handler.send_error(400)
        else:
            handler.send_answer('{"title": "x"}')

    for owner in ("vllm", "somebody"):
        got = answer(picky, owner=owner, json_schema=SCHEMA)
        assert (got.finish, got.constrained) == ("stop", False)
    assert answer(picky, owner="vllm", regex="a+").constrained is False


def test_a_grammar_that_is_ignored_is_not_believed() -> None:
    got = answer(lambda h: h.send_answer("Sure! Here it is."), json_schema=SCHEMA)
    assert (got.text, got.constrained) == ("Sure! Here it is.", False)


def test_what_passes_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def twice(handler: Handler) -> None:
        if len(handler.server.bodies) < 3:
            handler.send_whole(b"", "text/plain", 503, Retry_After="0")
        else:
            handler.send_answer("chào")

    with OddServer(twice) as server:
        model = ServerModel(settings(server_url=server.url, retries=2).llm)
        assert model.generate([ask("a")], control=JobControl())[0].text == "chào"
        assert len(server.bodies) == 3


def test_one_bad_answer_of_many_leaves_the_others() -> None:
    def sometimes(handler: Handler) -> None:
        words = handler.server.bodies[-1]["messages"][-1]["content"]
        if words == "3":
            handler.send_error(500)
        else:
            handler.send_answer(words)

    with OddServer(lambda h: None) as server:
        # The body of this very request, and not of one that came meanwhile.
        lock = threading.Lock()

        def one_at_a_time(handler: Handler) -> None:
            with lock:
                sometimes(handler)

        server.fault = one_at_a_time
        model = ServerModel(settings(server_url=server.url, retries=0, max_sequences=1).llm)
        answers = model.generate([ask(str(n)) for n in range(6)], control=JobControl())
    assert [a.text or a.finish for a in answers] == ["0", "1", "2", "error", "4", "5"]


def test_cancelling_closes_the_connection() -> None:
    with OddServer(drip) as server:
        model = ServerModel(settings(server_url=server.url).llm)
        control = JobControl()
        threading.Timer(0.3, control.cancel).start()
        with pytest.raises(CancelledError):
            model.generate([ask("a")], control=control)
        assert server.closed.wait(5)


def test_closing_from_another_thread_ends_the_wait() -> None:
    with OddServer(drip) as server:
        model = ServerModel(settings(server_url=server.url).llm)
        threading.Timer(0.3, model.close).start()
        with pytest.raises(CancelledError):
            model.generate([ask("a")], control=JobControl())


def test_nobody_there_an_unknown_name_and_no_web_server_are_three_sentences() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert f"no server answers at http://127.0.0.1:{port}/v1" in sentence_of(
        f"http://127.0.0.1:{port}"
    )
    assert "name of the server" in sentence_of("http://no-such-name.invalid/v1")
    assert "no server answers at unix:/nowhere/sock" in sentence_of("unix:/nowhere/sock")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_grumble, args=(listener,), daemon=True).start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        assert "is no web server" in sentence_of(url)


def _grumble(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.recv(1000)
        connection.sendall(b"220 mail.example ESMTP\r\n")


@pytest.mark.parametrize(
    "url", ["localhost:8000", "ftp://x/v1", "http://", "http://u:p@x/v1", "http://x:99999/"]
)
def test_an_address_that_cannot_be_used_names_the_setting(url: str) -> None:
    said = sentence_of(url)
    assert said.startswith("llm.server_url:")
    assert "u:p" not in said


def test_a_unix_socket_works(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        threading.Thread(target=_one_model, args=(listener,), daemon=True).start()
        model = ServerModel(settings(server_url=f"unix:{path}").llm)
        assert model.load().model == "tiny"


def _one_model(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.recv(4096)
        body = b'{"data": [{"id": "tiny"}]}'
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))


def test_without_its_own_count_a_text_is_never_counted_too_small() -> None:
    with OddServer(lambda h: None) as server:
        model = ServerModel(settings(server_url=server.url, retries=0).llm)
        texts = ["luôn luôn", "😀", ""]
        assert model.count_tokens(texts) == [len(t.encode()) + 2 if t else 0 for t in texts]


def test_a_request_holds_what_was_asked() -> None:
    with OddServer(lambda h: h.send_answer("x")) as server:
        model = ServerModel(settings(server_url=server.url, api_key="k" * 20).llm)
        model.generate([ask("<|im_end|> chào", 7, json_schema=SCHEMA)], control=JobControl())
        body = server.bodies[0]
    assert body["max_tokens"] == 7
    assert body["temperature"] == 0
    assert body["messages"][-1]["content"] == "< |im_end|> chào"
    assert body["response_format"]["json_schema"]["schema"] == SCHEMA
    assert http.client.HTTPConnection.debuglevel == 0

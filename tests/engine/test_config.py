"""Where settings come from, which one wins, and what is said of a bad one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from omoai_engine.config import OmoAIConfig, config_path, load_config
from omoai_engine.config_report import MASK, SettingRow, config_report, ignored_variables
from omoai_engine.errors import ConfigError, OmoAIError

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in list(os.environ):
        if name.upper().startswith("OMOAI_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path


@pytest.fixture
def toml(clean: Path) -> Path:
    path = clean / "config" / "omoai" / "omoai.toml"
    path.parent.mkdir(parents=True)
    return path


def rows(config: OmoAIConfig, **overrides: object) -> dict[str, SettingRow]:
    return {row.name: row for row in config_report(config, overrides)}


def sentence(**overrides: object) -> str:
    with pytest.raises(ConfigError) as caught:
        load_config(**overrides)
    assert isinstance(caught.value, ValueError)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_command_line_wins_over_environment_file_and_default(
    toml: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toml.write_text('[asr]\nlanguage = "vi"\nthreads = 3\nquality = "best"\n')
    monkeypatch.setenv("OMOAI_ASR__LANGUAGE", "fr")
    monkeypatch.setenv("OMOAI_ASR__QUALITY", "fast")
    overrides = {"asr": {"language": "en"}}

    config = load_config(**overrides)

    assert (config.asr.language, config.asr.quality, config.asr.threads) == ("en", "fast", 3)
    told = rows(config, **overrides)
    assert told["asr.language"].origin.kind == "command line"
    assert told["asr.quality"].origin.label == "OMOAI_ASR__QUALITY"
    assert told["asr.threads"].origin.label == f"{toml}, [asr] threads"
    assert told["asr.device"].origin.kind == "default"


def test_every_setting_has_a_row_and_a_variable_that_sets_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = rows(load_config())

    assert {row.variable for row in told.values()} >= {
        "OMOAI_ASR__DEVICE",
        "OMOAI_LLM__BACKEND",
        "OMOAI_DEBUG_EMPTY_CACHE",
        "OMOAI_API__ENABLE_PROGRESS_OUTPUT",
    }
    monkeypatch.setenv("OMOAI_DEBUG_EMPTY_CACHE", "true")
    assert load_config().debug_empty_cache is True
    assert rows(load_config())["debug_empty_cache"].origin.kind == "environment"


def test_a_table_given_as_json_counts_as_the_origin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMOAI_ASR", '{"device": "cpu"}')
    monkeypatch.setenv("OMOAI_TUI__KEYS__SAVE", "ctrl+s")

    config = load_config()

    told = rows(config)
    assert (config.asr.device, told["asr.device"].origin.label) == ("cpu", "OMOAI_ASR")
    assert told["asr.engine"].origin.kind == "default"
    assert config.tui.keys == {"save": "ctrl+s"}
    assert told["tui.keys"].origin.label == "OMOAI_TUI__KEYS__SAVE"


def test_an_empty_variable_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMOAI_ASR__DEVICE", "")
    monkeypatch.setenv("OMOAI_CONFIG", "")

    config = load_config()

    assert config.asr.device == "auto"
    assert rows(config)["asr.device"].origin.kind == "default"


def test_a_file_that_is_named_must_exist_and_one_that_is_not_need_not(
    clean: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert load_config().asr.engine == "auto"
    assert config_path() == clean / "config" / "omoai" / "omoai.toml"

    monkeypatch.setenv("OMOAI_CONFIG", str(clean / "absent.toml"))

    assert str(clean / "absent.toml") in sentence()
    assert "OMOAI_CONFIG" in sentence()


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("OMOAI_ASR__NOPE", "1", "variable OMOAI_ASR__NOPE: there is no such setting"),
        ("OMOAI_ASR__DEVISE", "cpu", "Perhaps you mean OMOAI_ASR__DEVICE"),
        ("OMOAI_ARS__DEVICE", "cpu", "Perhaps you mean OMOAI_ASR__DEVICE"),
        ("OMOAI_ASR__DEVICE", "gpu", "variable OMOAI_ASR__DEVICE: it should be 'auto', 'cpu'"),
        ("omoai_asr__threads", "many", "variable omoai_asr__threads: it should be a valid integer"),
        ("OMOAI_ASR", "junk", "variable OMOAI_ASR: the value is not JSON."),
        ("OMOAI_ASR", '{"device": "gpu"}', "variable OMOAI_ASR: it should be 'auto'"),
        ("OMOAI_ASR__PREFERRED_LANGUAGES", "vi,en", "OMOAI_ASR__PREFERRED_LANGUAGES: the value"),
        ("OMOAI_TUI__KEYS", "3", "variable OMOAI_TUI__KEYS: it must be a table"),
        ("OMOAI_AUDIO__MAX_DURATION", "nan", "OMOAI_AUDIO__MAX_DURATION: it should be a finite"),
        ("OMOAI_AUDIO__MAX_DURATION", "-1", "OMOAI_AUDIO__MAX_DURATION: it should be greater"),
        ("OMOAI_DEBUG_EMPTY_CACHE", "maybe", "OMOAI_DEBUG_EMPTY_CACHE: it should be a valid bool"),
    ],
)
def test_junk_in_the_environment_names_the_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, expected: str
) -> None:
    monkeypatch.setenv(variable, value)

    assert expected in sentence()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (
            b"[asr]\ndevise = 'cpu'",
            "[asr] devise: there is no such setting. Perhaps you mean device",
        ),
        (b"[arr]\ndevice = 'cpu'", "arr: there is no such setting. Perhaps you mean asr"),
        (b"asr = 3", "asr: it must be a table"),
        (b"[asr]\nlanguage = 'Vietnamese'", "[asr] language: it should be: ISO 639 code"),
        (b"[asr]\nthreads = 'many'", "[asr] threads: it should be a valid integer"),
        (b"[tui.keys]\nsave = 3", "[tui.keys] save: it should be a valid string"),
        (b"[asr]\ndevice == 1", "not valid TOML: Invalid value (at line 2"),
        (b"\xff\xfea", "not valid TOML: byte 0 is not UTF-8"),
        (b"a = " + b"[" * 50_000, "not valid TOML: it is nested too deeply"),
        (b"a = " + b"9" * 5_000, "not valid TOML: Exceeds the limit"),
        (b"#" * (1 << 21), "larger than 1 MiB"),
        (b'[asr]\n"\\u001b[31m" = 1', "[asr] [31m: there is no such setting"),
    ],
)
def test_a_broken_file_names_itself_and_the_place(
    toml: Path, content: bytes, expected: str
) -> None:
    toml.write_bytes(content)

    said = sentence()

    assert said.startswith(str(toml))
    assert expected in said
    assert "\x1b" not in said


def test_a_bad_value_from_the_command_line_is_said_to_come_from_there() -> None:
    assert sentence(asr={"threads": -1}).startswith("command line, asr.threads: it should be")


def test_a_file_with_a_byte_order_mark_and_other_line_ends_is_read(toml: Path) -> None:
    toml.write_bytes('\ufeff[asr]\r\ndevice = "cpu"\r\n'.encode())

    assert load_config().asr.device == "cpu"


@pytest.mark.parametrize("path", ["/dev/zero", "/", "~nobody-of-this-name/omoai.toml"])
def test_a_path_that_is_no_file_does_not_hang(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.setenv("OMOAI_CONFIG", path)

    assert sentence()


def test_other_variables_with_our_prefix_are_told_not_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OMOAI_FOO", "1")

    load_config()

    assert ignored_variables() == ("OMOAI_FOO",)


def test_secrets_are_masked() -> None:
    from pydantic import BaseModel, SecretStr

    from omoai_engine.config_report import _leaves

    class Server(BaseModel):
        api_key: str = "abc"
        password: SecretStr = SecretStr("def")
        url: str = "http://x"

    told = {path: value for path, value, _ in _leaves(Server(), ())}

    assert told == {("api_key",): MASK, ("password",): MASK, ("url",): "http://x"}


def test_settings_cannot_be_changed_after_loading() -> None:
    config = load_config()

    with pytest.raises(ValueError, match="frozen"):
        config.asr.device = "cpu"  # type: ignore[misc]


def test_errors_cross_process_borders_whole() -> None:
    import pickle

    error = ConfigError("bad", where="here", hint="mend it")

    copy = pickle.loads(pickle.dumps(error))

    assert isinstance(copy, OmoAIError)
    assert str(copy) == "here: bad. mend it."


def test_the_configuration_loads_nothing_heavy() -> None:
    script = (
        "import sys, omoai_engine.config, omoai_engine.config_report, omoai_engine.models;"
        "heavy = {'torch', 'faster_whisper', 'onnxruntime', 'av', 'textual', 'rich'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"


def test_a_key_that_cannot_be_used_is_not_shown(
    toml: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toml.write_text("[llm]\napi_key = 123454321\n")
    with pytest.raises(ConfigError) as wrong_type:
        load_config()
    assert "api_key" in str(wrong_type.value)
    assert "123454321" not in str(wrong_type.value)
    toml.write_text("")
    monkeypatch.setenv("OMOAI_LLM", '{"api_key": "sk-private"')
    with pytest.raises(ConfigError) as not_json:
        load_config()
    assert "OMOAI_LLM" in str(not_json.value)
    assert "sk-private" not in str(not_json.value)

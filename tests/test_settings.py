import re
from datetime import date
from pathlib import Path

import pytest

from bot.settings import Locale, LogLevel, Settings, load

TOKEN = "123456789:AAF-example_of_a_token_that_opens_0"
ROOT = Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def load_with(monkeypatch: pytest.MonkeyPatch) -> "LoadWith":
    return LoadWith(monkeypatch)


class LoadWith:
    """Load the settings with these variables in the environment and no file."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch

    def __call__(self, **variables: str) -> Settings:
        for name, value in variables.items():
            self._monkeypatch.setenv(name, value)
        return load(env_file=None)


def test_nothing_has_to_be_set(load_with: LoadWith) -> None:
    settings = load_with()
    assert settings.database_url == "sqlite+aiosqlite:///var/ocop.db"
    assert settings.files_url == "var/files"
    assert not settings.telegram_is_on
    assert (settings.host, settings.port) == ("127.0.0.1", 8000)
    assert settings.default_locale is Locale.VIETNAMESE
    assert settings.log_level is LogLevel.INFO
    assert settings.days_off == frozenset()
    assert settings.web_chat


def test_an_empty_value_is_the_default(load_with: LoadWith) -> None:
    assert load_with(**{name.upper(): "" for name in Settings.model_fields}) == load(env_file=None)


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("sqlite:///var/ocop.db", "sqlite+aiosqlite:///var/ocop.db"),
        ("sqlite+aiosqlite:////srv/ocop.db", "sqlite+aiosqlite:////srv/ocop.db"),
        ("postgres://ocop:se%40cret@db:5432/ocop", "postgresql+asyncpg://ocop:se%40cret@db:5432/ocop"),
        ("postgresql://ocop@/ocop?host=/run/postgresql", "postgresql+asyncpg://ocop@/ocop?host=/run/postgresql"),
        ("postgresql+asyncpg://db/ocop", "postgresql+asyncpg://db/ocop"),
        ("postgres://u:p@db/ocop?sslmode=require", "postgresql+asyncpg://u:p@db/ocop?ssl=require"),
    ],
)
def test_database_urls_get_the_asynchronous_driver(load_with: LoadWith, given: str, used: str) -> None:
    assert load_with(DATABASE_URL=given).database_url.replace("%2F", "/") == used


@pytest.mark.parametrize(
    "url", ["var/files", "/srv/files", "file:///srv/files", "s3://bucket", "s3://bucket/files", "gs://b/p", "az://c"]
)
def test_files_may_be_in_a_folder_or_in_a_bucket(load_with: LoadWith, url: str) -> None:
    assert load_with(FILES_URL=url).files_url == url


def test_the_other_values_are_read(load_with: LoadWith) -> None:
    settings = load_with(
        TELEGRAM_BOT_TOKEN=TOKEN,
        TELEGRAM_API_URL="http://127.0.0.1:8081/",
        PUBLIC_URL="https://ocop.example.vn/",
        HOST="0.0.0.0",  # noqa: S104  only read here
        PORT="80",
        TRUSTED_PROXIES="127.0.0.1, 10.0.0.0/8,::1",
        SECRET_KEY="k" * 32,
        DEFAULT_LOCALE="en",
        DAYS_OFF="2026-12-31, 2027-01-02,",
        LOG_LEVEL="debug",
        WEB_CHAT="false",
    )
    assert settings.telegram_is_on
    assert settings.telegram_bot_token.get_secret_value() == TOKEN
    assert settings.telegram_api_url == "http://127.0.0.1:8081"
    assert settings.public_url == "https://ocop.example.vn"
    assert (settings.host, settings.port) == ("0.0.0.0", 80)  # noqa: S104  only compared
    assert settings.trusted_proxies == "127.0.0.1,10.0.0.0/8,::1"
    assert settings.default_locale is Locale.ENGLISH
    assert settings.days_off == {date(2026, 12, 31), date(2027, 1, 2)}
    assert settings.log_level is LogLevel.DEBUG
    assert not settings.web_chat


def test_all_proxies_may_be_trusted(load_with: LoadWith) -> None:
    assert load_with().trusted_proxies == "127.0.0.1"
    assert load_with(TRUSTED_PROXIES="*").trusted_proxies == "*"


@pytest.mark.parametrize("url", ["http://localhost:8000", "http://127.0.0.1:8000", "http://[::1]:8000"])
def test_this_machine_needs_no_https(load_with: LoadWith, url: str) -> None:
    assert load_with(PUBLIC_URL=url).public_url == url


WRONG = [
    ("DATABASE_URL", "ocop.db", "is not a database URL"),
    ("DATABASE_URL", "mysql://u:hunter2@db/ocop", "must begin with sqlite:/// or postgresql://"),
    ("DATABASE_URL", "postgresql+psycopg://u:hunter2@db/ocop", "must begin with sqlite:/// or postgresql://"),
    ("DATABASE_URL", "postgresql://u:hunter2@db:port/ocop", "is not a database URL"),
    ("DATABASE_URL", "postgresql://u:hunter2@db", "names no database"),
    ("DATABASE_URL", "sqlite://", "names no database"),
    ("DATABASE_URL", "sqlite:///:memory:", "names no database"),
    ("FILES_URL", "ftp://example.vn/files", "must be a folder or begin with s3://"),
    ("FILES_URL", "s3://", "names no bucket"),
    ("FILES_URL", "file:///", "names no bucket or folder"),
    ("TELEGRAM_BOT_TOKEN", "hunter2", "must look like 123456:ABC-def"),
    ("TELEGRAM_BOT_TOKEN", "123456: hunter2", "must look like 123456:ABC-def"),
    ("TELEGRAM_API_URL", "api.telegram.org", "must be an address like https://"),
    ("TELEGRAM_API_URL", "https://api.telegram.org:x", "is not an address"),
    ("PUBLIC_URL", "http://ocop.example.vn", "must begin with https://"),
    ("PUBLIC_URL", "ocop.example.vn", "must be an address like https://"),
    ("PUBLIC_URL", "https://ocop.example.vn/?a=1", "must be an address like https://"),
    ("HOST", "http://localhost", "must be an IP address or a host name"),
    ("HOST", "300.1.1.1", "must be an IP address or a host name"),
    ("PORT", "http", "must be a whole number from 1 to 65535"),
    ("PORT", "0", "must be a whole number from 1 to 65535"),
    ("PORT", "65536", "must be a whole number from 1 to 65535"),
    ("PORT", "80.5", "must be a whole number from 1 to 65535"),
    ("TRUSTED_PROXIES", "proxy.hunter2", "must be * or IP addresses and networks"),
    ("TRUSTED_PROXIES", "127.0.0.1,*", "must be * or IP addresses and networks"),
    ("TRUSTED_PROXIES", "10.0.0.1/8", "must be * or IP addresses and networks"),
    ("SECRET_KEY", "hunter2", "must have at least 32 characters"),
    ("DEFAULT_LOCALE", "fr", "must be one of 'vi' or 'en'"),
    ("DAYS_OFF", "31/12/2026", "must be dates like 2026-12-31, separated by commas"),
    ("DAYS_OFF", "2026-12-31 2027-01-01", "must be dates like 2026-12-31, separated by commas"),
    ("QUIET_HOURS", "21:00-6:30", "must be true or false"),
    ("ENCRYPTION_KEY", "hunter2", "must have at least 32 characters"),
    ("RETENTION_DAYS", "drafts", "must be days by name like drafts=365"),
    ("RETENTION_DAYS", "nonsense=3", "has no rule nonsense: there are updates, "),
    ("ENCRYPTION_KEY", f"{'k' * 32},hunter2", "must have at least 32 characters, each key"),
    ("ZALO_APP_ID", "hunter2", "must be the app's number"),
    ("ZALO_APP_SECRET", "hunter2 ", "must be one word without blanks"),
    ("ZALO_OA_SECRET_KEY", "hunter2\nhunter2", "must be one word without blanks"),
    ("ZALO_API_URL", "openapi.zalo.me", "must be an address like https://"),
    ("ZALO_OAUTH_URL", "oauth.zaloapp.com", "must be an address like https://"),
    ("ZALO_FILE_HOSTS", "https://zadn.vn/", "must be endings of host names"),
    ("ZALO_FILE_HOSTS", "vn", "must be endings of host names"),
    ("ZALO_FILE_HOSTS", ",", "must be endings of host names"),
    ("ZALO_BUTTONS", "some", "must be true or false"),
    ("ZALO_PAID", "100", "must be true or false"),
    ("METRICS_PORT", "65536", "must be a whole number from 0 to 65535"),
    ("ZALO_CALLS_PER_MINUTE", "0", "must be a whole number from 1 to 10000"),
    ("ZALO_CALLS_PER_MINUTE", "many", "must be a whole number from 1 to 10000"),
    ("ZALO_TEMPLATES", "123456", "must be numbers of templates by kind"),
    ("ZALO_TEMPLATES", "notice=abc", "must be numbers of templates by kind"),
    ("ZALO_BOT_TOKEN", "123:hunter2 hunter2", "must be one word without blanks"),
    ("ZALO_BOT_API_URL", "bot-api.zaloplatforms.com", "must be an address like https://"),
    ("SMTP_URL", "mail.example.vn:587", "must be an address like smtp://"),
    ("SMTP_URL", "smtp://user:hunter2@", "must be an address like smtp://"),
    ("SMTP_URL", "smtp://user:hunter2@host:port", "is not an address"),
    ("MAIL_FROM", "ocop", "must be an e-mail address"),
    ("MAIL_FROM", "OCOP ocop@example.vn", "must be an e-mail address"),
    ("LOG_LEVEL", "loud", "must be one of 'DEBUG', 'INFO', 'WARNING' or 'ERROR'"),
    ("WEB_CHAT", "maybe", "must be true or false"),
]


@pytest.mark.parametrize(("name", "value", "what"), WRONG)
def test_a_wrong_value_stops_the_start_with_one_line(load_with: LoadWith, name: str, value: str, what: str) -> None:
    with pytest.raises(SystemExit) as stop:
        load_with(**{name: value})
    line = str(stop.value)
    assert line.startswith(f"Wrong settings: {name} {what}")
    assert "\n" not in line
    assert "hunter2" not in line
    assert stop.value.__suppress_context__  # nor in a traceback


def test_every_setting_can_be_wrong() -> None:
    assert {name for name, _, _ in WRONG} == {name.upper() for name in Settings.model_fields}


ACCOUNT = {"ZALO_APP_ID": "123", "ZALO_APP_SECRET": "s", "ZALO_OA_SECRET_KEY": "k", "ENCRYPTION_KEY": "e" * 32}


def test_the_settings_of_zalo_are_read(load_with: LoadWith) -> None:
    settings = load_with(
        **ACCOUNT | {"ENCRYPTION_KEY": f"{'n' * 32}, {'o' * 40}"},
        ZALO_FILE_HOSTS=".ZADN.vn, zdn.vn",
        ZALO_TEMPLATES="notice=123456,reminder=7",
        ZALO_CALLS_PER_MINUTE="2000",
        ZALO_BOT_TOKEN="12:ab",
    )
    assert settings.zalo_is_on
    assert settings.zalo_bot_is_on
    assert settings.encryption_keys == ("n" * 32, "o" * 40)
    assert settings.zalo_file_hosts == ("zadn.vn", "zdn.vn")
    assert settings.zalo_templates == {"notice": "123456", "reminder": "7"}
    assert settings.zalo_calls_per_minute == 2000


def test_zalo_is_off_by_default_and_nothing_of_it_costs(load_with: LoadWith) -> None:
    settings = load_with()
    assert (settings.zalo_is_on, settings.zalo_bot_is_on, settings.mail_is_on) == (False, False, False)
    assert (settings.zalo_paid, settings.zalo_templates, settings.zalo_buttons) == (False, {}, False)


@pytest.mark.parametrize(
    ("left_out", "what"),
    [
        (["ZALO_APP_SECRET"], "ZALO_APP_SECRET"),
        (["ZALO_OA_SECRET_KEY", "ENCRYPTION_KEY"], "ZALO_OA_SECRET_KEY and ENCRYPTION_KEY"),
        (
            ["ZALO_APP_SECRET", "ZALO_OA_SECRET_KEY", "ENCRYPTION_KEY"],
            "ZALO_APP_SECRET, ZALO_OA_SECRET_KEY and ENCRYPTION_KEY",
        ),
    ],
)
def test_the_account_needs_all_its_secrets(load_with: LoadWith, left_out: list[str], what: str) -> None:
    with pytest.raises(SystemExit) as stop:
        load_with(**{name: value for name, value in ACCOUNT.items() if name not in left_out})
    assert str(stop.value) == f"Wrong settings: ZALO_APP_ID needs {what}, too"


@pytest.mark.parametrize(
    "url", ["smtp://ocop:p%40ss@mail.example.vn:587", "smtps://mail.example.vn", "smtp://[::1]:25"]
)
def test_mail_needs_a_server_and_a_sender(load_with: LoadWith, url: str) -> None:
    settings = load_with(SMTP_URL=url, MAIL_FROM="OCOP Tân Lĩnh <ocop@example.vn>")
    assert settings.mail_is_on
    assert settings.smtp_url.get_secret_value() == url


def test_mail_without_a_sender_is_refused(load_with: LoadWith) -> None:
    with pytest.raises(SystemExit, match=r"^Wrong settings: SMTP_URL needs MAIL_FROM, too$"):
        load_with(SMTP_URL="smtp://mail.example.vn")


def test_all_wrong_values_are_named_at_once(load_with: LoadWith) -> None:
    with pytest.raises(SystemExit, match=r"^Wrong settings: PORT must .*; LOG_LEVEL must [^;]*$"):
        load_with(PORT="x", LOG_LEVEL="x")


def test_secrets_do_not_show(load_with: LoadWith) -> None:
    url = "postgresql://ocop:hunter2@db/ocop"
    settings = load_with(
        TELEGRAM_BOT_TOKEN=TOKEN,
        SECRET_KEY="hunter2" * 5,
        DATABASE_URL=url,
        ENCRYPTION_KEY="hunter2" * 5,
        ZALO_APP_ID="123",
        ZALO_APP_SECRET="hunter2",
        ZALO_OA_SECRET_KEY="hunter2",
        ZALO_BOT_TOKEN="hunter2",
        SMTP_URL="smtp://ocop:hunter2@mail.example.vn",
        MAIL_FROM="ocop@example.vn",
    )
    assert settings.database_url_shown == "postgresql+asyncpg://ocop:***@db/ocop"
    for shown in (repr(settings), str(settings)):
        assert "hunter2" not in shown
        assert TOKEN not in shown


def test_the_environment_beats_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / ".env"
    file.write_text("PORT=8001\nHOST=localhost\n", encoding="utf-8")
    monkeypatch.setenv("PORT", "8002")
    settings = load(file)
    assert (settings.host, settings.port) == ("localhost", 8002)


def test_a_misspelt_name_in_the_file_is_noticed(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("TELEGRAM_TOKEN=hunter2\n", encoding="utf-8")
    with pytest.raises(SystemExit, match=r"^Wrong settings: TELEGRAM_TOKEN is no setting") as stop:
        load(file)
    assert "hunter2" not in str(stop.value)


def test_a_file_in_another_encoding_is_named(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("# ghi chú\nPORT=8001\n", encoding="utf-16")
    with pytest.raises(SystemExit, match="is not UTF-8 text"):
        load(file)


def test_the_example_lists_exactly_the_settings_with_their_defaults() -> None:
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    blocks = re.findall(r"^# .+\n# .+\n([A-Z_]+)=(.*)$", text, re.MULTILINE)
    assert [name for name, _ in blocks] == [name.upper() for name in Settings.model_fields]
    assert len(re.findall(r"^[^#\n]", text, re.MULTILINE)) == len(blocks)
    assert load(ROOT / ".env.example") == load(env_file=None)

"""What the environment, or a file `.env`, may say about this installation. `.env.example` documents every line."""

import re
from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy import make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError

ENV_FILE = Path(".env")
SECRET_KEY_MIN_CHARS = 32
FILE_STORES = frozenset({"file", "s3", "gs", "az"})
"""URL schemes obstore opens and we have settings for; a path without a scheme is a local folder."""
ZALO_FILE_HOSTS = ("zalo.me", "zadn.vn", "zdn.vn", "zaloapp.com")
"""Endings of the hosts from which files that people send on Zalo are fetched; to be confirmed with a live account."""

_DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
    "postgres": "postgresql+asyncpg",  # as Heroku writes it
    "postgresql": "postgresql+asyncpg",
    "postgresql+asyncpg": "postgresql+asyncpg",
}
_TOKEN = re.compile(r"[0-9]+:[A-Za-z0-9_-]+")
_DIGITS = re.compile(r"[0-9]{1,32}")
_NO_SPACES = re.compile(r"[!-~]*")  # what fits a header or an address
_SENDER = re.compile(r"[^<>@]*<([^<>\s]+)>|([^<>\s]+)")
_TEMPLATE = re.compile(r"([a-z_]{1,20})=([0-9]{1,20})")
_KEPT = re.compile(r"([a-z_]{1,20})=([0-9]{1,5})")
_HOST_NAME = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9-]{1,63}(?<!-))*")


class Locale(StrEnum):
    VIETNAMESE = "vi"
    ENGLISH = "en"


class LogLevel(StrEnum):
    DEBUG = "DEBUG"
    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"


def _database(value: str) -> str:
    """The URL with the asynchronous driver that this program uses."""
    try:
        url = make_url(value)
    except (ArgumentError, ValueError):
        raise ValueError("is not a database URL; sqlite:///var/ocop.db is one") from None
    if url.drivername not in _DRIVERS:
        raise ValueError("must begin with sqlite:/// or postgresql://")
    url = url.set(drivername=_DRIVERS[url.drivername])
    if not url.database or url.database == ":memory:":
        raise ValueError("names no database")
    return _ssl_for_asyncpg(url).render_as_string(hide_password=False)


def _ssl_for_asyncpg(url: URL) -> URL:
    # Hosted databases hand out libpq's word for it, which the driver calls otherwise.
    if url.get_backend_name() != "postgresql" or "sslmode" not in url.query:
        return url
    query = {("ssl" if name == "sslmode" else name): value for name, value in url.query.items()}
    return url.set(query=query)


def _files(value: str) -> str:
    if "://" not in value:
        return value
    parts = _split(value)
    if parts.scheme not in FILE_STORES:
        raise ValueError("must be a folder or begin with s3://, gs://, az:// or file:///")
    if not (parts.path.strip("/") if parts.scheme == "file" else parts.netloc):
        raise ValueError("names no bucket or folder")
    return value


def _token(value: SecretStr) -> SecretStr:
    if value.get_secret_value() and not _TOKEN.fullmatch(value.get_secret_value()):
        raise ValueError("must look like 123456:ABC-def, as @BotFather gives it")
    return value


def _secret_key(value: SecretStr) -> SecretStr:
    if 0 < len(value) < SECRET_KEY_MIN_CHARS:
        raise ValueError(f"must have at least {SECRET_KEY_MIN_CHARS} characters")
    return value


def _encryption_keys(value: SecretStr) -> SecretStr:
    if any(len(key) < SECRET_KEY_MIN_CHARS for key in _parts(value.get_secret_value())):
        raise ValueError(f"must have at least {SECRET_KEY_MIN_CHARS} characters, each key if there are several")
    return value


def _app_id(value: str) -> str:
    if value and not _DIGITS.fullmatch(value):
        raise ValueError("must be the app's number, as developers.zalo.me shows it")
    return value


def _one_word(value: SecretStr) -> SecretStr:
    """A secret as a console shows it: what is copied with a blank or a line break in it opens nothing."""
    if not _NO_SPACES.fullmatch(value.get_secret_value()):
        raise ValueError("must be one word without blanks, as the console shows it")
    return value


def _parts(value: str) -> tuple[str, ...]:
    return tuple(part for part in (part.strip() for part in value.split(",")) if part)


def _split(value: str) -> SplitResult:
    try:
        parts = urlsplit(value)
        _ = parts.port  # checked only when it is read
    except ValueError:
        raise ValueError("is not an address") from None
    return parts


def _http(value: str) -> str:
    """An address to which paths are appended, so it ends without a slash."""
    parts = _split(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or re.search(r"[\s?#]", value):
        raise ValueError("must be an address like https://ocop.example.vn")
    return value.rstrip("/")


def _public(value: str) -> str:
    if not value:
        return value
    address = _http(value)
    parts = _split(address)
    if parts.scheme != "https" and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
        raise ValueError("must begin with https://")
    return address


def _file_hosts(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    hosts = tuple(part.lower().lstrip(".") for part in _parts(value))
    if not hosts or not all(_HOST_NAME.fullmatch(host) and "." in host for host in hosts):
        raise ValueError("must be endings of host names like zadn.vn, separated by commas")
    return hosts


def _templates(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    found = [_TEMPLATE.fullmatch(part) for part in _parts(value)]
    if not all(found):
        raise ValueError("must be numbers of templates by kind like notice=123456, separated by commas")
    return {match[1]: match[2] for match in found if match}


def _smtp(value: SecretStr) -> SecretStr:
    if not (url := value.get_secret_value()):
        return value
    parts = _split(url)
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname or re.search(r"[\s?#]", url):
        raise ValueError("must be an address like smtp://user:password@mail.example.vn:587 or smtps://...")
    return value


def _sender(value: str) -> str:
    """An address, alone or behind a name: OCOP <ocop@example.vn>."""
    if value:
        from email_validator import EmailNotValidError, validate_email  # only for those who send any

        found = _SENDER.fullmatch(value)
        try:
            validate_email((found[1] or found[2]) if found else "", check_deliverability=False)
        except EmailNotValidError:
            raise ValueError("must be an e-mail address like ocop@example.vn") from None
    return value


def _host(value: str) -> str:
    try:
        ip_address(value)
    except ValueError:
        if re.fullmatch(r"[0-9.]+", value) or not _HOST_NAME.fullmatch(value):
            raise ValueError("must be an IP address or a host name") from None
    return value


def _proxies(value: str) -> str:
    """As uvicorn's forwarded_allow_ips, which would take a misspelt address for a name and say nothing."""
    if value.strip() == "*":
        return "*"
    parts = [part.strip() for part in value.split(",")]
    try:
        for part in parts:
            ip_network(part)
    except ValueError:
        raise ValueError("must be * or IP addresses and networks, separated by commas") from None
    return ",".join(parts)


def _days(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    days = (day.strip() for day in value.split(","))
    try:
        return frozenset(date.fromisoformat(day) for day in days if day)
    except ValueError:
        raise ValueError("must be dates like 2026-12-31, separated by commas") from None


def _retention(value: Any) -> Any:
    """Days by the name of a rule of storage.retention, which is loaded only where somebody sets any."""
    if not isinstance(value, str):
        return value
    found = [_KEPT.fullmatch(part) for part in _parts(value)]
    if not all(found):
        raise ValueError("must be days by name like drafts=365, separated by commas")
    days = {match[1]: int(match[2]) for match in found if match}
    from storage.retention import DAYS

    if unknown := sorted(days.keys() - DAYS.keys()):
        raise ValueError(f"has no rule {unknown[0]}: there are {', '.join(DAYS)}")
    return days


def _upper(value: Any) -> Any:
    return value.upper() if isinstance(value, str) else value


class Settings(BaseSettings):
    """One field per line of `.env.example`; an empty value means the default."""

    model_config = SettingsConfigDict(
        env_file=ENV_FILE, env_file_encoding="utf-8", env_ignore_empty=True, extra="forbid", frozen=True
    )

    database_url: Annotated[str, AfterValidator(_database)] = Field("sqlite+aiosqlite:///var/ocop.db", repr=False)
    files_url: Annotated[str, AfterValidator(_files)] = "var/files"
    telegram_bot_token: Annotated[SecretStr, AfterValidator(_token)] = SecretStr("")
    telegram_api_url: Annotated[str, AfterValidator(_http)] = "https://api.telegram.org"
    public_url: Annotated[str, AfterValidator(_public)] = ""
    host: Annotated[str, AfterValidator(_host)] = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 8000
    metrics_port: Annotated[int, Field(ge=0, le=65535)] = 0
    trusted_proxies: Annotated[str, AfterValidator(_proxies)] = "127.0.0.1"
    secret_key: Annotated[SecretStr, AfterValidator(_secret_key)] = SecretStr("")
    default_locale: Locale = Locale.VIETNAMESE
    days_off: Annotated[frozenset[date], NoDecode, BeforeValidator(_days)] = frozenset()
    quiet_hours: bool = True
    retention_days: Annotated[dict[str, int], NoDecode, BeforeValidator(_retention)] = Field(default_factory=dict)
    log_level: Annotated[LogLevel, BeforeValidator(_upper)] = LogLevel.INFO
    web_chat: bool = True
    encryption_key: Annotated[SecretStr, AfterValidator(_encryption_keys)] = SecretStr("")
    zalo_app_id: Annotated[str, AfterValidator(_app_id)] = ""
    zalo_app_secret: Annotated[SecretStr, AfterValidator(_one_word)] = SecretStr("")
    zalo_oa_secret_key: Annotated[SecretStr, AfterValidator(_one_word)] = SecretStr("")
    zalo_api_url: Annotated[str, AfterValidator(_http)] = "https://openapi.zalo.me"
    zalo_oauth_url: Annotated[str, AfterValidator(_http)] = "https://oauth.zaloapp.com"
    zalo_file_hosts: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_file_hosts)] = ZALO_FILE_HOSTS
    zalo_buttons: bool = False
    zalo_paid: bool = False
    zalo_calls_per_minute: Annotated[int, Field(ge=1, le=10_000)] = 100
    zalo_templates: Annotated[dict[str, str], NoDecode, BeforeValidator(_templates)] = Field(default_factory=dict)
    zalo_bot_token: Annotated[SecretStr, AfterValidator(_one_word)] = SecretStr("")
    zalo_bot_api_url: Annotated[str, AfterValidator(_http)] = "https://bot-api.zaloplatforms.com"
    smtp_url: Annotated[SecretStr, AfterValidator(_smtp)] = SecretStr("")
    mail_from: Annotated[str, AfterValidator(_sender)] = ""

    @model_validator(mode="after")
    def _together(self) -> "Settings":
        """What is of no use alone."""
        needed = {
            "ZALO_APP_SECRET": self.zalo_app_secret,
            "ZALO_OA_SECRET_KEY": self.zalo_oa_secret_key,
            "ENCRYPTION_KEY": self.encryption_key,
        }
        if self.zalo_is_on and (missing := [name for name, value in needed.items() if not value.get_secret_value()]):
            raise ValueError(f"ZALO_APP_ID needs {_listed(missing)}, too")
        if self.smtp_url.get_secret_value() and not self.mail_from:
            raise ValueError("SMTP_URL needs MAIL_FROM, too")
        return self

    @property
    def telegram_is_on(self) -> bool:
        return bool(self.telegram_bot_token.get_secret_value())

    @property
    def zalo_is_on(self) -> bool:
        """The Official Account."""
        return bool(self.zalo_app_id)

    @property
    def zalo_bot_is_on(self) -> bool:
        return bool(self.zalo_bot_token.get_secret_value())

    @property
    def mail_is_on(self) -> bool:
        return bool(self.smtp_url.get_secret_value())

    @property
    def encryption_keys(self) -> tuple[str, ...]:
        """The first encrypts, all decrypt."""
        return _parts(self.encryption_key.get_secret_value())

    @property
    def database_url_shown(self) -> str:
        """For logs and screens: the password is three asterisks."""
        return make_url(self.database_url).render_as_string(hide_password=True)


def load(env_file: Path | None = ENV_FILE) -> Settings:
    """The settings of this process; the environment beats the file.

    Raises SystemExit with one line that names each wrong variable and says what is wrong with it. The line never
    repeats a value: it may end in a log, and the value may be a secret in the wrong place.
    """
    try:
        return Settings(_env_file=env_file)  # type: ignore[call-arg]  # pydantic-settings' own, not a field
    except ValidationError as error:
        complaints = (_complaint(details) for details in error.errors(include_input=False, include_url=False))
        raise SystemExit("Wrong settings: " + "; ".join(complaints)) from None
    except UnicodeDecodeError:
        raise SystemExit(f"Wrong settings: {env_file} is not UTF-8 text") from None


def _complaint(details: ErrorDetails) -> str:
    if not details["loc"]:  # several together, which are named in the words
        return _what_is_wrong(details)
    return f"{str(details['loc'][0]).upper()} {_what_is_wrong(details)}"


def _listed(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _bounds(details: ErrorDetails) -> str:
    field = Settings.model_fields[str(details["loc"][0])]
    least, most = (next(getattr(m, name) for m in field.metadata if hasattr(m, name)) for name in ("ge", "le"))
    return f"{least} to {most}"


def _what_is_wrong(details: ErrorDetails) -> str:
    match details["type"]:
        case "value_error":
            return str(details["ctx"]["error"])
        case "int_parsing" | "greater_than_equal" | "less_than_equal":
            return f"must be a whole number from {_bounds(details)}"
        case "bool_parsing":
            return "must be true or false"
        case "enum":
            return f"must be one of {details['ctx']['expected']}"
        case "extra_forbidden":
            return "is no setting of this program (.env.example lists them)"
        case other:
            return f"is wrong ({other})"

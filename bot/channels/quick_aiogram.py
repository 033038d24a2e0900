"""Imported before aiogram, it has aiogram's models built when each is first used, instead of all while it is imported.

They are some 600, of which a bot needs a dozen, and most of them hold most of the others: five seconds of a processor
at each start (github.com/aiogram/aiogram/issues/1876 and 1891). aiogram asks pydantic to put that off (`defer_build`),
and then builds each type by hand, as only that place knows the names in its annotations; so these are given here.
Where aiogram is there already, nothing changes.
"""

import typing
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pydantic import BaseModel


@contextmanager
def _nothing_built() -> Iterator[None]:
    """Models that are declared inside are built later."""
    rebuild, config = BaseModel.__dict__["model_rebuild"], BaseModel.model_config
    setattr(BaseModel, "model_rebuild", classmethod(lambda cls, **given: None))  # noqa: B010  not by assignment: mypy
    BaseModel.model_config = {**config, "defer_build": True}
    try:
        yield
    finally:
        setattr(BaseModel, "model_rebuild", rebuild)  # noqa: B010
        BaseModel.model_config = config


with _nothing_built():
    import aiogram.types as tg
    from aiogram.client.default import Default
    from aiogram.methods.base import Response, TelegramMethod
    from aiogram.types.base import TelegramObject

_NAMES = {**vars(typing), **{name: getattr(tg, name) for name in tg.__all__}, "Default": Default}


def _rebuilt(cls: type[BaseModel], /, **given: Any) -> bool | None:
    """For pydantic, which asks for it at the first use of a model that has not been built."""
    built: bool | None = BaseModel.model_rebuild.__func__(cls, **{**given, "_types_namespace": _NAMES})  # type: ignore[attr-defined]  # a classmethod's
    return built


for _kind in (TelegramObject, TelegramMethod, Response):
    setattr(_kind, "model_rebuild", classmethod(_rebuilt))  # noqa: B010

tg.Update.model_rebuild()  # nobody waits for it yet

"""``create``: a study for workers that are started elsewhere, with nothing run here."""

from core.runtime import use_one_thread
from search.command_line.request import Request
from search.command_line.search import open_or_create
from search.composition import overridden_keys
from search.configuration import compose
from search.setting import load_settings
from search.storage import open_storage
from search.study import as_begun


def create(request: Request) -> None:
    """Create a study with its reference network, or resume it with as many trials as asked."""
    config = compose(request.overrides)
    load_settings(config)  # a setting outside the space is refused before anything is trained
    use_one_thread()
    storage = open_storage(config.storage)
    try:
        keys = overridden_keys(request.overrides)
        open_or_create(storage, as_begun(storage, config, keys))
    finally:
        storage.close()

"""How a worker is called: the words of its command line and the variables of its environment.

The address of the database goes by a variable: a command line can be read by everybody on the
machine.
"""

import os
from pathlib import Path

from search.composition import as_override
from search.configuration import SoftshareConfig, compose
from search.launching.process import WorkerCall
from search.worker import LAUNCHED

_URL_VARIABLE = "SOFTSHARE_STORAGE_URL"
_CLIENT_PREFIXES = ("PG", "AWS_")
"""How the variables begin by which the clients of databases and buckets are told what they need."""


def call_here(config: SoftshareConfig) -> WorkerCall:
    """Return the call of a worker on this machine."""
    return WorkerCall(
        words=(*_words(config), as_override("cache_dir", str(config.cache_dir.absolute()))),
        environment={**_own_variables(), **secret_variables(config)},
    )


def call_elsewhere(config: SoftshareConfig) -> WorkerCall:
    """Return the call of a worker on another machine, without ``secret_variables``.

    That machine's own folder is its cache, unless another is asked for.
    """
    words = _words(config)
    if config.cache_dir != compose().cache_dir:
        words += (as_override("cache_dir", str(config.cache_dir.absolute())),)
    return WorkerCall(words=words, environment=_own_variables())


def secret_variables(config: SoftshareConfig) -> dict[str, str]:
    """Return the variables by which a worker reaches its database: they may hold a password."""
    clients = {
        name: value for name, value in os.environ.items() if name.startswith(_CLIENT_PREFIXES)
    }
    return {**clients, _URL_VARIABLE: config.storage.url}


def _words(config: SoftshareConfig) -> tuple[str, ...]:
    words = [as_override("study.name", config.study.name)]
    words += [f"storage.url=${{oc.env:{_URL_VARIABLE}}}"]
    words += [as_override("study.checkpoint_seconds", config.study.checkpoint_seconds)]
    words += [as_override("device", config.device.value)]
    if config.data.dir is not None:
        words += [as_override("data.dir", str(Path(config.data.dir).absolute()))]
    if config.code.allowed:
        words += [f"code.allowed=[{','.join(config.code.allowed)}]"]
    if config.code.dir is not None:
        words += [as_override("code.dir", str(Path(config.code.dir).expanduser().absolute()))]
    return tuple(words)


def _own_variables() -> dict[str, str]:
    threads = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
    return {LAUNCHED: "1", **threads}

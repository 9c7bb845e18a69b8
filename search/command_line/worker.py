"""``worker``: one more process for an existing study, from anywhere that reaches its database."""

import os

from search.command_line.printing import print_lines
from search.command_line.request import Request
from search.configuration import compose
from search.worker import LAUNCHED, stop_with_launcher, worker_loop


def worker(request: Request) -> None:
    """Join a study and work until it is done or the process is told to stop."""
    local = compose(request.overrides)
    if os.environ.get(LAUNCHED):
        stop_with_launcher()
    num_finished = worker_loop(local.storage, local.study.name, local)
    trials = "trial" if num_finished == 1 else "trials"
    print_lines(f"finished {num_finished} {trials} of study {local.study.name}")

"""A thread that renews the lease of the slot its worker holds, through outages of the database."""

import threading
from types import TracebackType
from typing import Self

from search.errors import LeaseLostError
from search.outages import OUTAGES, is_outage
from search.slots import Slot, renew
from search.storage import Storage

_RENEWALS_PER_LEASE = 4


class LeaseKeeper:
    """Renews a slot's lease while its block runs.

    A database that is away for a while is asked again: when it is back and nobody has taken the
    slot, the lease goes on even though it had run out.
    """

    def __init__(self, storage: Storage, slot: Slot) -> None:
        self._storage = storage
        self._slot = slot
        self._ended = threading.Event()
        self._lost = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="lease", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()

    def check(self) -> None:
        """Return while the slot is still ours.

        Raises:
            LeaseLostError: it is another's by now.
        """
        if self._lost.is_set():
            raise LeaseLostError(f"slot {self._slot.number} was taken over by another worker")

    def _keep(self) -> None:
        try:
            while not self._ended.wait(self._slot.lease_seconds / _RENEWALS_PER_LEASE):
                try:
                    renew(self._storage, self._slot)
                except OUTAGES as error:
                    if not is_outage(error):
                        raise
        except LeaseLostError:
            self._lost.set()
        except BaseException:
            self._lost.set()  # nobody renews it any more
            raise

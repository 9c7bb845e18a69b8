"""The slots of a study: exactly ``num_trials`` trials finish, over any number of workers.

A worker claims a slot, holds it by a lease that it renews, and finishes it once its trial is told.
A slot whose lease ran out is fenced off (its token rises), settled and freed by the reaper; its
former holder can neither renew nor finish it any more.
"""

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import delete, func, insert, or_, select, update
from sqlalchemy.engine import Connection

from search.errors import LeaseLostError, StudyError
from search.schema import SlotTable, StudyTable, database_seconds
from search.storage import Storage

LEASE_SECONDS = 60.0
"""How long a slot stays its worker's without a sign of life."""


class SlotState(StrEnum):
    """Who may do what with a slot: claim it, renew it, settle it, nothing more."""

    free = "free"
    leased = "leased"
    expired = "expired"
    finished = "finished"


@dataclass(frozen=True, kw_only=True)
class Slot:
    """A slot as its holder knows it.

    Attributes:
        study_id: key of the study's row.
        number: its place among the study's slots, from 0.
        token: what its holder shows; a slot that changed hands has another one.
        worker: the holder.
        lease_seconds: how long each renewal lasts.
    """

    study_id: int
    number: int
    token: int
    worker: str
    lease_seconds: float


@dataclass(frozen=True, kw_only=True)
class ExpiredSlot:
    """A slot that nobody holds any more but whose trial is not settled yet."""

    study_id: int
    number: int
    token: int
    trial_number: int | None


def claim(
    storage: Storage, study_id: int, worker: str, lease_seconds: float = LEASE_SECONDS
) -> Slot | None:
    """Claim a free slot for a worker, or return None when none is free.

    Two workers never claim the same one: on PostgreSQL the row is locked and locked rows are
    passed over, on SQLite the transaction holds the only write lock.
    """
    with storage.write() as connection:
        row = connection.execute(
            select(SlotTable.number, SlotTable.token)
            .where(SlotTable.study_id == study_id, SlotTable.state == SlotState.free)
            .order_by(SlotTable.number)
            .limit(1)
            .with_for_update(skip_locked=True)
        ).first()
        if row is None:
            return None
        connection.execute(
            update(SlotTable)
            .where(SlotTable.study_id == study_id, SlotTable.number == row.number)
            .values(
                state=SlotState.leased,
                token=row.token + 1,
                worker=worker,
                trial_number=None,
                lease_until=database_seconds() + lease_seconds,
            )
        )
    return Slot(
        study_id=study_id,
        number=row.number,
        token=row.token + 1,
        worker=worker,
        lease_seconds=lease_seconds,
    )


def attach_trial(storage: Storage, slot: Slot, trial_number: int) -> None:
    """Note which trial runs in a slot.

    Raises:
        LeaseLostError: the slot is another's by now.
    """
    _change(storage, slot, trial_number=trial_number)


def renew(storage: Storage, slot: Slot) -> None:
    """Prolong a lease by its length from now. One that ran out but was not taken is renewed too.

    Raises:
        LeaseLostError: the slot is another's by now.
    """
    _change(storage, slot, lease_until=database_seconds() + slot.lease_seconds)


def finish(storage: Storage, slot: Slot) -> None:
    """Close a slot: its trial counts.

    Raises:
        LeaseLostError: the slot is another's by now.
    """
    _change(storage, slot, state=SlotState.finished, lease_until=None)


def release(storage: Storage, slot: Slot) -> None:
    """Give a slot back unfinished; whoever comes next may claim it.

    Raises:
        LeaseLostError: the slot is another's by now.
    """
    _change(storage, slot, state=SlotState.free, worker=None, trial_number=None, lease_until=None)


def fence_expired(storage: Storage, study_id: int) -> tuple[ExpiredSlot, ...]:
    """Shut the holders of leases that ran out off their slots; return all slots to be settled."""
    mine = SlotTable.study_id == study_id
    with storage.write() as connection:
        connection.execute(
            update(SlotTable)
            .where(
                mine,
                SlotTable.state == SlotState.leased,
                SlotTable.lease_until < database_seconds(),
            )
            .values(state=SlotState.expired, token=SlotTable.token + 1)
        )
        rows = connection.execute(
            select(SlotTable.number, SlotTable.token, SlotTable.trial_number).where(
                mine, SlotTable.state == SlotState.expired
            )
        ).all()
    return tuple(
        ExpiredSlot(
            study_id=study_id,
            number=row.number,
            token=row.token,
            trial_number=row.trial_number,
        )
        for row in rows
    )


def settle(storage: Storage, slot: ExpiredSlot, *, is_finished: bool) -> None:
    """Close an expired slot whose trial had finished, or free it for another."""
    state = SlotState.finished if is_finished else SlotState.free
    values = {} if is_finished else {"worker": None, "trial_number": None}
    with storage.write() as connection:
        connection.execute(
            update(SlotTable)
            .where(
                SlotTable.study_id == slot.study_id,
                SlotTable.number == slot.number,
                SlotTable.token == slot.token,
                SlotTable.state == SlotState.expired,
            )
            .values(state=state, lease_until=None, **values)
        )


def expire_leases_of(storage: Storage, study_id: int, worker_prefix: str) -> None:
    """End the leases of a worker that is known to be dead, before they run out."""
    with storage.write() as connection:
        connection.execute(
            update(SlotTable)
            .where(
                SlotTable.study_id == study_id,
                SlotTable.state == SlotState.leased,
                SlotTable.worker.startswith(worker_prefix, autoescape=True),
            )
            .values(lease_until=0.0)
        )


def count_slots(connection: Connection, study_id: int) -> dict[SlotState, int]:
    """Return how many slots of a study are in each state."""
    rows = connection.execute(
        select(SlotTable.state, func.count())
        .where(SlotTable.study_id == study_id)
        .group_by(SlotTable.state)
    )
    counted = {SlotState(state): count for state, count in rows}
    return {state: counted.get(state, 0) for state in SlotState}


def resize(connection: Connection, study_id: int, num_trials: int) -> None:
    """Give a study ``num_trials`` slots: add free ones, or take free ones away.

    Raises:
        StudyError: more than ``num_trials`` have finished or are being worked on.
    """
    # Who resizes at the same time waits here.
    connection.execute(
        update(StudyTable).where(StudyTable.id == study_id).values(num_trials=num_trials)
    )
    mine = SlotTable.study_id == study_id
    total, last = connection.execute(
        select(func.count(), func.max(SlotTable.number)).where(mine)
    ).one()
    if num_trials > total:
        first = 0 if last is None else last + 1
        numbers = range(first, first + num_trials - total)
        connection.execute(
            insert(SlotTable),
            [{"study_id": study_id, "number": n, "state": SlotState.free} for n in numbers],
        )
    elif num_trials < total:
        free = connection.execute(
            select(SlotTable.number)
            .where(mine, SlotTable.state == SlotState.free)
            .order_by(SlotTable.number.desc())
            .limit(total - num_trials)
            .with_for_update()
        ).scalars()
        numbers_gone = list(free)
        if len(numbers_gone) < total - num_trials:
            raise StudyError(
                f"study.num_trials must be >= {total - len(numbers_gone)}, the trials that have "
                f"finished or run now, but got {num_trials}"
            )
        connection.execute(delete(SlotTable).where(mine, SlotTable.number.in_(numbers_gone)))


def _change(storage: Storage, slot: Slot, **values: object) -> None:
    with storage.write() as connection:
        changed = connection.execute(
            update(SlotTable)
            .where(
                SlotTable.study_id == slot.study_id,
                SlotTable.number == slot.number,
                SlotTable.token == slot.token,
                or_(
                    SlotTable.state == SlotState.leased,
                    SlotTable.state == values.get("state", SlotState.leased),
                ),
            )
            .values(**values)
        )
    if changed.rowcount != 1:
        raise LeaseLostError(
            f"slot {slot.number} is no longer {slot.worker}'s: its lease ran out and was taken over"
        )

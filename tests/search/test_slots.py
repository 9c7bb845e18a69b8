import pytest
from sqlalchemy import select, update

from search.errors import LeaseLostError, StudyError
from search.schema import SlotTable, database_seconds
from search.slots import (
    Slot,
    SlotState,
    attach_trial,
    claim,
    expire_leases_of,
    fence_expired,
    finish,
    release,
    renew,
    resize,
    settle,
)
from search.storage import Storage
from search.study import OpenStudy
from tests.search.studies import small_study


@pytest.fixture
def study(storage: Storage) -> OpenStudy:
    """A study with three slots."""
    return small_study(storage, num_trials=3)


def must_claim(study: OpenStudy, worker: str = "worker", lease_seconds: float = 60) -> Slot:
    slot = claim(study.storage, study.study_id, worker, lease_seconds)
    assert slot is not None
    return slot


def test_each_slot_is_claimed_once_and_then_none_is_left(study: OpenStudy) -> None:
    assert [must_claim(study).number for _ in range(3)] == [0, 1, 2]
    assert claim(study.storage, study.study_id, "late") is None


def test_a_released_slot_is_claimed_again_with_a_higher_token(study: OpenStudy) -> None:
    first = must_claim(study)
    release(study.storage, first)
    second = must_claim(study, "other")
    assert (second.number, second.token) == (first.number, first.token + 1)


def test_a_finished_slot_is_never_claimed_again(study: OpenStudy) -> None:
    for _ in range(3):
        finish(study.storage, must_claim(study))
    assert claim(study.storage, study.study_id, "late") is None
    assert study.count_slots()[SlotState.finished] == 3


def test_finishing_and_releasing_twice_are_the_same_as_once(study: OpenStudy) -> None:
    finished, released = must_claim(study), must_claim(study)
    for _ in range(2):
        finish(study.storage, finished)
        release(study.storage, released)
    counts = study.count_slots()
    assert (counts[SlotState.finished], counts[SlotState.free]) == (1, 2)


def test_a_live_lease_is_left_alone(study: OpenStudy) -> None:
    must_claim(study)
    assert fence_expired(study.storage, study.study_id) == ()


def test_a_renewed_lease_lasts_from_now_on(study: OpenStudy) -> None:
    slot = must_claim(study)
    with study.storage.write() as connection:
        connection.execute(update(SlotTable).values(lease_until=database_seconds() + 1))
    renew(study.storage, slot)
    with study.storage.read() as connection:
        left = select(SlotTable.lease_until - database_seconds()).where(SlotTable.number == 0)
        assert 30 < connection.execute(left).scalar_one() <= 60


def test_a_lease_that_ran_out_is_renewed_while_nobody_took_it(study: OpenStudy) -> None:
    slot = must_claim(study, lease_seconds=-1)
    renew(study.storage, slot)


@pytest.mark.parametrize("act", [renew, finish, release])
def test_the_former_holder_of_an_expired_slot_is_fenced_off(study: OpenStudy, act: object) -> None:
    slot = must_claim(study, lease_seconds=-1)
    attach_trial(study.storage, slot, 7)
    (expired,) = fence_expired(study.storage, study.study_id)
    assert (expired.number, expired.trial_number) == (slot.number, 7)
    assert callable(act)
    with pytest.raises(LeaseLostError, match="taken over"):
        act(study.storage, slot)
    settle(study.storage, expired, is_finished=False)
    successor = must_claim(study, "other")
    with pytest.raises(LeaseLostError, match="taken over"):
        act(study.storage, slot)
    renew(study.storage, successor)


def test_an_expired_slot_stays_to_be_settled_if_its_reaper_dies(study: OpenStudy) -> None:
    must_claim(study, lease_seconds=-1)
    first = fence_expired(study.storage, study.study_id)
    assert fence_expired(study.storage, study.study_id) == first


def test_an_expired_slot_whose_trial_had_finished_is_closed(study: OpenStudy) -> None:
    must_claim(study, lease_seconds=-1)
    (expired,) = fence_expired(study.storage, study.study_id)
    settle(study.storage, expired, is_finished=True)
    assert study.count_slots()[SlotState.finished] == 1


def test_only_the_leases_of_the_dead_process_are_ended(study: OpenStudy) -> None:
    must_claim(study, "host:12:a")
    must_claim(study, "host:123:b")
    expire_leases_of(study.storage, study.study_id, "host:12:")
    assert [slot.number for slot in fence_expired(study.storage, study.study_id)] == [0]


def test_a_study_grows_and_shrinks_by_its_free_slots(study: OpenStudy) -> None:
    finish(study.storage, must_claim(study))
    must_claim(study)
    for num_trials in (10, 2, 5):
        with study.storage.write() as connection:
            resize(connection, study.study_id, num_trials)
        assert sum(study.count_slots().values()) == num_trials
    with (
        pytest.raises(StudyError, match=r"study.num_trials must be >= 2, .* but got 1"),
        study.storage.write() as connection,
    ):
        resize(connection, study.study_id, 1)
    assert sum(study.count_slots().values()) == 5

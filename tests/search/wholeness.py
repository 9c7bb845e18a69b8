"""What must hold of a study in the end, whatever happened on the way."""

from sqlalchemy import func, select

from search.artifacts import Artifacts, load_artifact
from search.reading import read_study
from search.records import StudySnapshot, TrialState
from search.schema import ArtifactTable, CheckpointTable, SlotTable
from search.slots import SlotState
from search.storage import Storage


def check_whole(storage: Storage, num_trials: int) -> StudySnapshot:
    """Check the trials, slots and files of the study ``study``, alone in its database.

    Exactly ``num_trials`` trials are complete and none runs; none is there twice; each has a slot
    of its own; every record and every file is readable and the one that was stored; no checkpoint
    is left.
    """
    snapshot = read_study(storage, "study")
    counted = [t for t in snapshot.trials if t.state is not TrialState.interrupted]
    assert [trial.state for trial in counted] == [TrialState.complete] * num_trials
    assert len({str(trial.params) for trial in counted}) == num_trials
    with storage.read() as connection:
        slots = connection.execute(select(SlotTable.state, SlotTable.trial_number)).all()
        artifacts = set(connection.execute(select(ArtifactTable.id)).scalars())
        assert connection.execute(select(func.count(CheckpointTable.origin))).scalar() == 0
    assert {slot.state for slot in slots} == {SlotState.finished}
    assert sorted(s.trial_number for s in slots) == [trial.number for trial in counted]
    for artifact_id in artifacts:
        load_artifact(Artifacts(storage), artifact_id)  # its checksum is right, or this raises
    for trial in counted:
        assert trial.artifact_id is not None
        assert len(load_artifact(Artifacts(storage), trial.artifact_id)) == trial.file_bytes
    return snapshot

"""Endings on disk: kept through deaths and errors, taken by one process at a time."""

import os
import signal
from multiprocessing import get_context
from pathlib import Path

import pytest

from search.delivery import deliver_left
from search.outages import Patience
from search.spool import Spool, spool_folder
from search.storage import StorageConfig, open_storage
from tests.search.studies import small_study


def test_an_ending_that_was_told_is_gone_and_its_folder_stays_for_others(tmp_path: Path) -> None:
    with Spool(tmp_path / "spool").keeping("1-1", b"ending"):
        assert (tmp_path / "spool" / "1-1.json").read_bytes() == b"ending"
    assert list((tmp_path / "spool").iterdir()) == []


def test_an_ending_stays_if_its_telling_raises_and_is_taken_then(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    with pytest.raises(ZeroDivisionError), spool.keeping("1-1", b"ending"):
        raise ZeroDivisionError
    with pytest.raises(ZeroDivisionError), spool.taking() as left:
        assert left == [b"ending"]
        raise ZeroDivisionError
    with spool.taking() as left:
        assert left == [b"ending"]
    with spool.taking() as left:
        assert left == []


def test_what_a_living_process_keeps_is_not_taken(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    with spool.keeping("1-1", b"ending"), Spool(tmp_path).taking() as left:
        assert left == []


def keep_and_die(folder: Path) -> None:
    with Spool(folder).keeping("1-1", b"ending"):
        os.kill(os.getpid(), signal.SIGKILL)


def test_what_a_dead_process_kept_is_taken(tmp_path: Path) -> None:
    process = get_context("forkserver").Process(target=keep_and_die, args=(tmp_path,))
    process.start()
    process.join()
    with Spool(tmp_path).taking() as left:
        assert left == [b"ending"]


def test_a_folder_that_cannot_be_written_is_warned_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("no folder")
    told = []
    with Spool(tmp_path / "file" / "spool").keeping("1-1", b"ending"):
        told.append(True)
    assert told
    assert "cannot be written" in caplog.text


def test_studies_of_one_name_in_two_databases_have_two_folders(tmp_path: Path) -> None:
    assert spool_folder(tmp_path, "study", 1.5) != spool_folder(tmp_path, "study", 2.5)
    assert spool_folder(tmp_path, "study", 1.5) == spool_folder(tmp_path, "study", 1.5)


def test_an_ending_that_cannot_be_read_is_dropped(
    tmp_path: Path, sqlite_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    storage = open_storage(StorageConfig(url=sqlite_url))
    study = small_study(storage, {"cache_dir": str(tmp_path / "cache")})
    with pytest.raises(ZeroDivisionError), study.spool.keeping("1-1", b"{}"):
        raise ZeroDivisionError
    deliver_left(study, Patience())
    assert "cannot be read" in caplog.text
    with study.spool.taking() as left:
        assert left == []
    storage.close()

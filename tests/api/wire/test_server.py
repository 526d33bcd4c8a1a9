"""The service as a process: how it starts, and how it ends."""

import tempfile
from pathlib import Path

import pytest
from service import Service, running


def test_sigterm_ends_the_service_in_order(tmp_path: Path) -> None:
    # `running` asserts that the exit code is 0.
    with running(tmp_path) as service:
        pass
    assert "stopped" in service.log_text


def test_sigterm_leaves_no_socket_behind(tmp_path: Path) -> None:
    with running(tmp_path) as service:
        assert service.socket.is_socket()
        service.stop()
        assert not service.socket.exists()


def test_sigterm_leaves_the_database_in_one_file(tmp_path: Path) -> None:
    with running(tmp_path):
        pass
    assert not (tmp_path / "statesvc.db-wal").exists()


def test_what_was_created_is_there_after_a_restart(tmp_path: Path) -> None:
    with running(tmp_path) as service:
        service.load_images()
        container = service.create("kept")
    with running(tmp_path) as service:
        assert service.call("GET", "/containers/kept/json").json()["Id"] == container


def test_the_socket_is_for_owner_and_group(service: Service) -> None:
    assert service.socket.stat().st_mode & 0o777 == 0o660


def test_a_second_service_on_the_same_data_root_is_refused(service: Service) -> None:
    with pytest.raises(AssertionError, match="in use by another statesvc"), running(service.data_root):
        pass


def test_when_one_socket_cannot_be_made_none_is_left(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="statesvc-") as folder:
        two = ("-H", f"unix://{folder}/first.sock", "-H", "unix:///proc/second.sock")
        with pytest.raises(AssertionError, match=r"/proc/second\.sock cannot be made"), running(tmp_path, *two):
            pass
        assert list(Path(folder).iterdir()) == []

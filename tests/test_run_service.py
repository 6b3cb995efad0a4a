"""`./swingphase install-service`: the files it writes, as text, and as systemd reads them where it is there."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import swingphase
from firmware_py.pi.console import ROOT, UserError, version
from firmware_py.pi.guardian import real_time
from firmware_py.pi.link_store import FileStore
from firmware_py.pi.log_folder import new_session
from firmware_py.pi.run import controller, service_job
from firmware_py.pi.run.config import load_config
from firmware_py.pi.run.notify import FEED_EVERY_US
from firmware_py.pi.run.service import UNIT, Service, files, quoted, unit
from firmware_py.pi.settings_files import FolderFiles
from firmware_py.settings import SettingsStore


@pytest.fixture
def config_path(tmp_path):
    for name in ("logs", "settings"):
        (tmp_path / name).mkdir()
    path = tmp_path / "swingphase.toml"
    path.write_text("", encoding="utf-8")
    return path


def service(path, user="swingphase", console="/dev/tty1"):
    return service_job.service_for(load_config(path), path, user, console)


def settings(text):
    """Return the settings of a unit; none is said twice, except those of a list."""
    pairs = [line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#")]
    found = dict(pairs)
    assert len(found) == len(pairs)
    return found


def test_the_unit_is_watched_by_cycles_restarts_and_permits_real_time(config_path):
    said = settings(unit(service(config_path)))
    assert said["Type"] == "notify"
    assert said["NotifyAccess"] == "all", "the controller speaks, which is not the main process"
    assert float(said["WatchdogSec"]) * 1e6 >= 4 * FEED_EVERY_US
    assert (said["Restart"], said["StartLimitIntervalSec"]) == ("always", "0")
    assert (said["KillMode"], said["WatchdogSignal"]) == ("mixed", "SIGTERM"), "the parent ends all in order"
    assert int(said["LimitRTPRIO"]) >= max(real_time.PRIORITY, controller.PRIORITY)
    assert said["LimitMEMLOCK"] == "infinity"
    assert "RestrictRealtime" not in said
    assert "CPUSchedulingPolicy" not in said, "the log writer must not have it"


def test_the_unit_starts_this_checkout_and_may_write_only_logs_and_settings(config_path):
    said = settings(unit(service(config_path)))
    folder = config_path.parent
    assert said["ExecStart"].endswith(f'.venv/bin/python" swingphase.py run --config "{config_path}"')
    assert Path(said["WorkingDirectory"], "swingphase.py").is_file()
    assert said["ProtectSystem"] == "strict"
    assert said["ReadWritePaths"] == f'"{folder / "logs"}" "{folder / "settings"}"'
    assert said["User"] == "swingphase"


@pytest.mark.parametrize(
    ("console", "getty"),
    [("/dev/tty1", "getty@tty1"), ("/dev/ttyGS0", "serial-getty@ttyGS0"), ("none", "")],
)
def test_the_console_is_the_persons_alone(config_path, console, getty):
    said = settings(unit(service(config_path, console=console)))
    if getty:
        assert said["Conflicts"] == said["After"] == f"{getty}.service"
        assert (said["StandardInput"], said["TTYPath"]) == ("tty-force", console)
    else:
        assert not {"Conflicts", "TTYPath", "StandardInput"} & set(said)


def test_a_path_with_blanks_quotes_and_percent_stays_one_word():
    assert quoted(Path('/a b/50%/"x"\\y')) == '"/a b/50%%/\\"x\\"\\\\y"'


def test_boards_watchdog_journal_user_and_rules_come_with_it(config_path):
    found = files(service(config_path, user="fes"))
    assert set(found) == {
        UNIT,
        "etc/sysusers.d/swingphase.conf",
        "etc/udev/rules.d/60-swingphase.rules",
        "etc/systemd/system.conf.d/50-swingphase.conf",
        "etc/systemd/journald.conf.d/50-swingphase.conf",
    }
    said = {path: settings(text) for path, text in found.items() if path.endswith((".conf", ".service"))}
    assert 0 < int(said["etc/systemd/system.conf.d/50-swingphase.conf"]["RuntimeWatchdogSec"]) < 15
    assert said["etc/systemd/journald.conf.d/50-swingphase.conf"]["Storage"] == "volatile"
    assert "m fes gpio" in found["etc/sysusers.d/swingphase.conf"]
    assert 'GROUP="fes"' in found["etc/udev/rules.d/60-swingphase.rules"]


def test_systemd_finds_nothing_wrong_with_the_unit(config_path, tmp_path):
    tool = shutil.which("systemd-analyze")
    if tool is None:
        pytest.skip("systemd-analyze is not here; the unit is checked as text only")
    out = tmp_path / "out"
    assert swingphase.main(["install-service", "--config", str(config_path), "--out", str(out)]) == 0
    done = subprocess.run([tool, "verify", str(out / UNIT)], capture_output=True, text=True, check=False)
    own = [line for line in done.stderr.splitlines() if "swingphase" in line]
    assert own == [], done.stderr
    text = (out / UNIT).read_text(encoding="utf-8")
    (out / UNIT).write_text(text.replace("WatchdogSec=1", "WatchdogSec=soon"), encoding="utf-8")
    done = subprocess.run([tool, "verify", str(out / UNIT)], capture_output=True, text=True, check=False)
    assert "swingphase.service:" in done.stderr, "it must be able to find something"


def test_a_dry_run_prints_every_file_and_writes_none(config_path, capsys):
    before = set(config_path.parent.rglob("*"))
    assert swingphase.main(["install-service", "--config", str(config_path), "--dry-run"]) == 0
    said = capsys.readouterr().out
    for path, text in files(service(config_path)).items():
        assert f"# ---- /{path}\n{text}" in said
    assert set(config_path.parent.rglob("*")) == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--user", "Bad User"], "--user is 'Bad User'"),
        (["--console", "/dev/sda"], "--console is '/dev/sda'"),
        (["--out", "/proc/none", "--user", "x"], "cannot be written"),
    ],
)
def test_what_cannot_be_is_one_sentence(config_path, arguments, said, capsys):
    assert swingphase.main(["install-service", "--config", str(config_path), *arguments]) == 2
    assert said in capsys.readouterr().err


def test_a_path_that_would_break_a_unit_is_refused(config_path):
    path = config_path.parent / "a\nExecStart=evil.toml"
    path.write_text("", encoding="utf-8")
    with pytest.raises(UserError, match="control characters"):
        service(path)


class Machine:
    """A machine to install on: root or not, with systemd or not; remembers what was done to it."""

    def __init__(self, monkeypatch, *, uid=0, has_systemd=True, fails=""):
        self.ran, self.written, self.owned = [], {}, []
        self.fails = fails
        monkeypatch.setattr(service_job.os, "geteuid", lambda: uid)
        monkeypatch.setattr(service_job.shutil, "which", lambda name: name if has_systemd else None)
        monkeypatch.setattr(service_job, "_ids", lambda user: (990, 991))
        monkeypatch.setattr(service_job, "hand_over", lambda path, *ids: self.owned.append((path, ids)))
        monkeypatch.setattr(service_job.subprocess, "run", self.run)
        monkeypatch.setattr(
            service_job, "write", lambda found, below: self.written.update({str(below): found})
        )

    def run(self, command, **_):
        self.ran.append(command)
        code = int(command[0] == self.fails)
        return subprocess.CompletedProcess(command, code, "", "it says no\n" if code else "")


def open_service(tmp_path, root=Path("/")):
    return Service(
        root=root,
        python=Path("/p"),
        config=Path("/x.toml"),
        writes=(tmp_path / "logs",),
        user="fes",
        console="/dev/tty1",
    )


def test_it_installs_enables_and_starts_nothing(monkeypatch, tmp_path, capsys):
    machine = Machine(monkeypatch)
    found = open_service(tmp_path)
    assert service_job.install(found) == 0
    assert set(machine.written) == {"/"}
    assert machine.ran[-1] == ["systemctl", "enable", "swingphase.service"]
    assert not any("start" in command for command in machine.ran)
    assert machine.owned == [(tmp_path / "logs", (990, 991))]
    assert "not armed" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"uid": 1000}, "Installing needs root"),
        ({"has_systemd": False}, "has no systemd"),
        ({"fails": "systemd-sysusers"}, "failed: it says no. Mend it"),
    ],
)
def test_where_it_cannot_install_it_says_why(monkeypatch, tmp_path, how, said):
    machine = Machine(monkeypatch, **how)
    found = open_service(tmp_path)
    with pytest.raises(UserError, match=said):
        service_job.install(found)
    assert bool(machine.written) is ("fails" in how), "nothing is written before"


def test_a_checkout_that_the_user_cannot_enter_is_refused_before_anything_is_written(monkeypatch, tmp_path):
    machine = Machine(monkeypatch)
    (tmp_path / "home" / "sp").mkdir(parents=True)
    (tmp_path / "home").chmod(0o700)
    found = open_service(tmp_path, root=tmp_path / "home" / "sp")
    with pytest.raises(UserError, match="cannot enter"):
        service_job.install(found)
    assert not machine.written


@pytest.fixture
def given(monkeypatch):
    """Collects what is given to whom, by its real path, in the place of the system's calls."""
    found = {}

    def chown(path, uid, gid, *, dir_fd=None, follow_symlinks=True):
        folder = Path(os.readlink(f"/proc/self/fd/{dir_fd}")) if dir_fd is not None else Path()
        found[folder / path] = (uid, gid)

    monkeypatch.setattr(service_job.os, "chown", chown)
    monkeypatch.setattr(
        service_job.os,
        "fchown",
        lambda fd, *ids: found.update({Path(os.readlink(f"/proc/self/fd/{fd}")): ids}),
    )
    return found


def test_what_was_written_while_it_was_tried_out_is_the_services_afterwards(tmp_path, given):
    SettingsStore(FolderFiles(tmp_path / "settings")).save("checked", b"1")
    FileStore(tmp_path / "settings" / "link").save("users", b"1")
    session = new_session(tmp_path / "logs")
    (session / "settings").mkdir()
    (session / "guardian-0001.swp").write_bytes(b"1")
    for name in ("settings", "logs"):
        service_job.hand_over(tmp_path / name, 990, 991)
    wanted = [
        "settings",
        "settings/settings.0",
        "settings/settings.1",
        "settings/link",
        "settings/link/users.bin",
    ]
    wanted += ["logs", "logs/session-000001", "logs/session-000001/settings"]
    wanted += ["logs/session-000001/guardian-0001.swp"]
    assert given == {tmp_path / name: (990, 991) for name in wanted}


def test_nothing_else_is_given_away_whatever_lies_there(tmp_path, given):
    """A wrong folder in the configuration, links that lead elsewhere, a second name of somebody else's file."""
    folder, elsewhere = tmp_path / "settings", tmp_path / "etc"
    for one in (folder, folder / "link", elsewhere, folder / "ssh"):
        one.mkdir()
    for path in (elsewhere / "shadow", folder / "ssh" / "key", folder / "notes.txt"):
        path.write_bytes(b"1")
    (folder / "session-000001").symlink_to(elsewhere)
    (folder / "settings.0").symlink_to(elsewhere / "shadow")
    (folder / "link" / "more").symlink_to(elsewhere)
    os.link(elsewhere / "shadow", folder / "settings.1")
    os.link(elsewhere / "shadow", folder / "link" / "users.bin")
    service_job.hand_over(folder, 990, 991)
    assert set(given) == {folder, folder / "link"}


def test_a_folder_that_cannot_be_given_is_said(tmp_path):
    with pytest.raises(UserError, match="cannot be given to the service"):
        service_job.hand_over(tmp_path / "none", 990, 991)
    with pytest.raises(UserError, match="no user and group nobody-at-all"):
        service_job._ids("nobody-at-all")


def test_the_commit_is_known_to_another_user_than_the_checkouts_owner():
    """As the service is; git alone refuses such a checkout."""
    if os.geteuid() != 0 or not (ROOT / ".git").exists():
        pytest.skip("becoming another user needs root, and a commit needs git")
    program = f"import os; os.chdir({str(ROOT)!r}); from firmware_py.pi.console import version; "
    program += "os.setuid(65534); print(version())"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        env=dict(os.environ),
    )
    assert done.stdout.strip() == version()
    assert "(" in version()

"""The set-up in ./swingphase: which Python, which installer, what is said when it cannot go on.

The script runs as it is, in a copy whose path has a space, with stand-ins for Python, pip and uv on an otherwise
nearly empty PATH. Nothing is downloaded.
"""

import fcntl
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house import REPO

TOOLS = ("cat", "cmp", "cp", "date", "dirname", "grep", "mkdir", "readlink", "rm")

# A Python that answers `-c` truthfully except for what a test makes it lie about, and only notes what is installed.
FAKE_PYTHON = """#!/bin/sh
if [ "$1" = -c ]; then
  exec "{real}" -c 'import sys
{lies}
sys.executable = "'"$0"'"
exec(sys.argv[1])' "$2"
fi
case "$*" in
  "-m venv "*) echo "venv" >>"{log}"; mkdir -p "$3/bin"; cp "{fake}" "$3/bin/python" ;;
  "-m pip --version") ;;
  "-m pip install "*requirements/*)
    set_name=${{*##*requirements/}}
    echo "pip ${{set_name%% *}}" >>"{log}"
    [ ! -e "{log}.fail" ] ;;
  *install.py) echo "micropython" >>"{log}"; mkdir -p "${{1%/*}}/node_modules"
    cp "${{1%/*}}/package-lock.json" "${{1%/*}}/node_modules/installed-lock.json" ;;
  *swingphase.py*) echo "door: $*"; echo "in $PWD, PYTHONPATH ${{PYTHONPATH-unset}}" ;;
  *) echo "unexpected: $*" >&2; exit 9 ;;
esac
"""
# Lies stand inside single quotes of the shell: they use double quotes.
NO_ENSUREPIP = 'sys.modules["ensurepip"] = None'


def version_is(major: int, minor: int, micro: int) -> str:
    """Return the lie that makes a stand-in another version."""
    return f'sys.version_info = ({major}, {minor}, {micro}, "final", 0)'


class Checkout:
    """A copy of what ./swingphase needs, and a PATH of its own."""

    def __init__(self, tmp_path: Path) -> None:
        self.root = tmp_path / "check out"
        self.bin = tmp_path / "bin"
        self.log = tmp_path / "log"
        (self.root / "requirements").mkdir(parents=True)
        (self.root / "tests/mpy").mkdir(parents=True)
        self.bin.mkdir()
        shutil.copy(REPO / "swingphase", self.root)
        for name in (
            "requirements/run.txt",
            "requirements/campaign.txt",
            "requirements/test.txt",
            "tests/mpy/package-lock.json",
        ):
            shutil.copy(REPO / name, self.root / name)
        (self.root / "tests/mpy/install.py").touch()
        for tool in TOOLS:
            (self.bin / tool).symlink_to(str(shutil.which(tool)))

    def add(self, name: str, text: str) -> Path:
        """Put an executable on the PATH."""
        path = self.bin / name
        path.write_text(text)
        path.chmod(0o755)
        return path

    def add_python(self, name: str, *lies: str) -> Path:
        """Put a stand-in for Python on the PATH."""
        lines = "\n".join(lies)
        return self.add(
            name, FAKE_PYTHON.format(real=sys.executable, lies=lines, log=self.log, fake=self.bin / name)
        )

    def env(self, **more: str) -> dict[str, str]:
        return {"PATH": str(self.bin), "HOME": str(self.root), **more}

    def call(self, *args: str, door: Path | None = None, cwd: Path | None = None, **env: str):
        """Call ./swingphase and return the finished process."""
        command = [str(door or self.root / "swingphase"), *args]
        return subprocess.run(
            command, env=self.env(**env), cwd=cwd or self.root, capture_output=True, text=True, check=False
        )

    def done(self) -> list[str]:
        """Return what the stand-ins did since the last time this was asked."""
        lines = self.log.read_text().split("\n")[:-1] if self.log.exists() else []
        self.log.unlink(missing_ok=True)
        return lines


@pytest.fixture
def checkout(tmp_path):
    return Checkout(tmp_path)


def assert_refused(process, *words: str) -> None:
    """Exit code 2, no traceback, and one last sentence with these words."""
    assert process.returncode == 2, process.stderr
    assert "Traceback" not in process.stderr
    last = process.stderr.splitlines()[-1]
    assert last.startswith("swingphase: ")
    assert [word for word in words if word not in last] == [], last


def test_a_python_that_is_too_old_is_named_with_what_is_needed(checkout):
    checkout.add_python("python3", version_is(3, 9, 18))
    assert_refused(checkout.call("demo"), "found Python 3.9.18", "3.11 or newer", "SWINGPHASE_PYTHON")
    assert checkout.done() == []


def test_no_python_at_all_says_what_to_install(checkout):
    assert_refused(checkout.call("demo"), "found no Python", "3.11 or newer", "Install Python")


def test_a_swingphase_python_that_does_not_run_is_named(checkout):
    checkout.add_python("python3")
    refused = checkout.call("demo", SWINGPHASE_PYTHON="/nowhere/python3")
    assert_refused(refused, "SWINGPHASE_PYTHON is /nowhere/python3", "3.11 or newer")


def test_swingphase_python_comes_before_every_other(checkout):
    checkout.add_python("python3.13", "sys.exit(1)")
    chosen = checkout.add_python("chosen", version_is(3, 12, 4))
    assert "with Python 3.12.4" in checkout.call("demo", SWINGPHASE_PYTHON=str(chosen)).stderr


def test_a_shim_that_starts_nothing_and_an_old_python_are_passed_over(checkout):
    checkout.add("python3.13", "#!/bin/sh\necho 'command not found' >&2\nexit 127\n")
    checkout.add_python("python3.12", version_is(3, 10, 1))
    checkout.add_python("python3", version_is(3, 11, 9))
    process = checkout.call("demo")
    assert process.returncode == 0
    assert "with Python 3.11.9" in process.stderr


@pytest.mark.parametrize("uv", [None, "#!/bin/sh\nexit 1\n"])
def test_without_ensurepip_the_package_to_install_is_named(checkout, uv):
    checkout.add_python("python3", version_is(3, 12, 4), NO_ENSUREPIP)
    if uv:
        checkout.add("uv", uv)
    assert_refused(checkout.call("demo"), "has no ensurepip", "Install the package python3.12-venv")
    assert checkout.done() == []


def test_a_python_with_ensurepip_comes_before_a_newer_one_without(checkout):
    checkout.add_python("python3.13", version_is(3, 13, 1), NO_ENSUREPIP)
    checkout.add_python("python3.12", version_is(3, 12, 4))
    assert "with Python 3.12.4" in checkout.call("demo").stderr


def test_uv_is_used_if_it_is_there_and_never_asks_for_ensurepip(checkout):
    fake = checkout.add_python("python3", NO_ENSUREPIP)
    checkout.add(
        "uv",
        "#!/bin/sh\n"
        f'echo "uv $1" >>"{checkout.log}"\n'
        f'[ "$1" = venv ] || exit 0\n'
        f'for last; do :; done\nmkdir -p "$last/bin"\ncp "{fake}" "$last/bin/python"\n',
    )
    assert checkout.call("demo").returncode == 0
    assert checkout.done() == ["uv venv", "uv pip"]


def test_if_uv_fails_venv_and_pip_do_it(checkout):
    checkout.add_python("python3")
    checkout.add("uv", "#!/bin/sh\nexit 1\n")
    process = checkout.call("demo")
    assert process.returncode == 0
    assert "trying pip" in process.stderr
    assert checkout.done() == ["venv", "pip run.txt"]


def test_set_up_happens_once_and_again_when_the_requirements_change(checkout):
    checkout.add_python("python3")
    assert checkout.call("demo").returncode == 0
    assert checkout.done() == ["venv", "pip run.txt"]
    again = checkout.call("demo")
    assert (again.returncode, again.stderr, checkout.done()) == (0, "", [])
    with (checkout.root / "requirements/run.txt").open("a") as file:
        file.write("# changed\n")
    assert checkout.call("demo").returncode == 0
    assert checkout.done() == ["pip run.txt"]


def test_the_test_set_serves_every_command_and_brings_micropython(checkout):
    checkout.add_python("python3")
    assert checkout.call("test").returncode == 0
    assert checkout.done() == ["venv", "pip test.txt", "micropython"]
    assert checkout.call("demo").stderr == ""
    assert checkout.call("test").stderr == ""
    with (checkout.root / "tests/mpy/package-lock.json").open("a") as file:
        file.write("\n")
    assert checkout.call("demo").stderr == ""
    assert checkout.call("test").returncode == 0
    assert checkout.done() == ["micropython"]


def test_a_campaign_brings_its_own_set_and_no_other_job_waits_for_it(checkout):
    checkout.add_python("python3")
    assert checkout.call("demo").returncode == 0
    assert checkout.done() == ["venv", "pip run.txt"]
    assert checkout.call("campaign", "--walks", "1").returncode == 0
    assert checkout.done() == ["pip campaign.txt"]
    assert checkout.call("demo").returncode == 0
    assert checkout.call("campaign").returncode == 0
    assert checkout.done() == []


def test_the_test_set_serves_a_campaign_too(checkout):
    checkout.add_python("python3")
    assert checkout.call("test").returncode == 0
    assert checkout.call("campaign").returncode == 0
    assert checkout.done() == ["venv", "pip test.txt", "micropython"]


def test_other_pins_for_a_campaign_make_the_test_set_doubtful_and_leave_the_run_set(checkout):
    checkout.add_python("python3")
    assert checkout.call("test").returncode == 0
    with (checkout.root / "requirements/campaign.txt").open("a") as file:
        file.write("# changed\n")
    assert checkout.call("campaign").returncode == 0
    assert checkout.call("demo").returncode == 0
    assert checkout.call("test").returncode == 0
    assert [line for line in checkout.done() if line.startswith("pip")] == [
        "pip test.txt",
        "pip campaign.txt",
        "pip test.txt",
    ]


def test_other_pins_for_running_make_the_test_set_doubtful(checkout):
    checkout.add_python("python3")
    checkout.call("test")
    with (checkout.root / "requirements/run.txt").open("a") as file:
        file.write("# another branch\n")
    checkout.call("demo")
    checkout.done()
    checkout.call("test")
    assert checkout.done() == ["pip test.txt"]


def test_a_failed_installation_is_refused_and_tried_again(checkout):
    checkout.add_python("python3")
    fail = Path(f"{checkout.log}.fail")
    fail.touch()
    assert_refused(
        checkout.call("demo"), "requirements/run.txt could not be installed", "set-up.log", "network"
    )
    fail.unlink()
    checkout.done()
    assert checkout.call("demo").returncode == 0
    assert checkout.done() == ["venv", "pip run.txt"]


def test_a_failed_test_set_leaves_the_finished_run_set_usable(checkout):
    checkout.add_python("python3")
    checkout.call("demo")
    Path(f"{checkout.log}.fail").touch()
    assert_refused(checkout.call("test"), "requirements/test.txt could not be installed")
    checkout.done()
    process = checkout.call("demo")
    assert (process.returncode, process.stderr, checkout.done()) == (0, "", [])


def test_a_set_up_killed_in_the_middle_starts_anew(checkout):
    checkout.add_python("python3")
    checkout.call("demo")
    checkout.done()
    (checkout.root / ".venv/half-made").touch()
    (checkout.root / ".venv/left-over").touch()
    assert checkout.call("demo").returncode == 0
    assert checkout.done() == ["venv", "pip run.txt"]
    assert not (checkout.root / ".venv/left-over").exists()


def test_a_venv_whose_python_is_gone_is_made_anew(checkout):
    checkout.add_python("python3")
    checkout.call("demo")
    checkout.done()
    python = checkout.root / ".venv/bin/python"
    python.unlink()
    python.symlink_to("/nowhere/python3.11")
    assert checkout.call("demo").returncode == 0
    assert checkout.done() == ["venv", "pip run.txt"]


def test_called_through_a_link_from_elsewhere_the_folder_and_the_words_stay(checkout, tmp_path):
    checkout.add_python("python3")
    elsewhere = tmp_path / "else where"
    elsewhere.mkdir()
    (elsewhere / "sp").symlink_to("../check out/swingphase")
    (tmp_path / "second").symlink_to("else where/sp")
    process = checkout.call("replay", "a b", "", door=tmp_path / "second", cwd=elsewhere, PYTHONPATH="/other")
    door = checkout.root / "swingphase.py"
    assert process.stdout.splitlines() == [f"door: {door} replay a b ", f"in {elsewhere}, PYTHONPATH unset"]


def test_two_first_uses_at_once_make_one_venv(checkout):
    checkout.add_python("python3")
    with (checkout.root / ".venv.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        command = [str(checkout.root / "swingphase"), "demo"]
        with subprocess.Popen(command, env=checkout.env(), stderr=subprocess.PIPE, text=True) as second:
            assert second.stderr is not None
            assert "another call is setting up" in second.stderr.readline()
            # What the first call would leave behind:
            python = checkout.root / ".venv/bin/python"
            python.parent.mkdir(parents=True)
            shutil.copy(checkout.bin / "python3", python)
            shutil.copy(checkout.root / "requirements/run.txt", checkout.root / ".venv/installed-run.txt")
            fcntl.flock(lock, fcntl.LOCK_UN)
            second.communicate()
    assert second.returncode == 0
    assert checkout.done() == []


def test_a_folder_that_cannot_be_written_is_named(checkout):
    checkout.add_python("python3")
    (checkout.root / ".venv.lock").mkdir()
    assert_refused(checkout.call("demo"), "cannot write in", str(checkout.root), "right to write")


def test_a_checkout_without_requirement_files_is_named(checkout):
    (checkout.root / "requirements/run.txt").unlink()
    assert_refused(checkout.call("demo"), "requirements/run.txt is missing", "clone it again")

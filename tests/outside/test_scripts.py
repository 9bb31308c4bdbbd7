"""`scripts/run`, `scripts/test` and `.ci/run`, where Python and apt-get only note what they are asked.

The real thing is `.ci/run` itself, on a clean checkout.
"""

import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# What the scripts may use besides the shell: all of it on every Debian and Ubuntu.
TOOLS = ("sh", "dirname", "readlink", "cmp", "cp", "mkdir", "cat", "sleep", "rm", "sed")

PYTHON = f"""#!/bin/sh
note() {{ echo "$*" >>"$NOTES"; }}
case "$*" in
    "-m venv --clear "*)
        note venv
        rm -rf "$4"
        mkdir -p "$4/bin"
        cp "$0" "$4/bin/python" ;;
    "-c "*"import pip"*) exit 0 ;;
    "-c "*ensurepip*)
        [ "${{WITHOUT_ENSUREPIP-}}" != yes ] || [ -e "$NOTES.ensurepip" ] || exit 1
        exec "{sys.executable}" -c 'import sys' ;;
    "-c "*) exec "{sys.executable}" "$@" ;;
    "-m pip "*)
        shift 2
        note "pip $*"
        sleep "${{PIP_SECONDS-0}}"
        exit "${{PIP_CODE-0}}" ;;
    "-P -m streamlit "*)
        shift 3
        note "streamlit $*"
        echo "$$ $STREAMLIT_SERVER_HEADLESS $STREAMLIT_SERVER_ADDRESS $STREAMLIT_BROWSER_GATHER_USAGE_STATS"
        [ "${{SERVES-}}" != yes ] || exec sleep 60 ;;
    */lint-imports*) note "lint-imports" ;;
    *)
        shift
        note "$*"
        case "$1" in
            ruff) exit "${{RUFF_CODE-0}}" ;;
            mypy) exit "${{MYPY_CODE-0}}" ;;
            pytest) cat; echo "CI is ${{CI-unset}}"; exit "${{PYTEST_CODE-0}}" ;;
        esac ;;
esac
"""
APT_GET = """#!/bin/sh
echo "apt-get $*" >>"$NOTES"
case "$*" in
    *install*-venv) : >"$NOTES.ensurepip" ;;
    *install*chromium*) [ "${APT_CODE-0}" = 0 ] || exit "$APT_CODE"; cp "$0" "${0%/*}/chromium" ;;
    *install*-jre-*) cp "$0" "${0%/*}/java" ;;
    *install*libreoffice*) [ "${OFFICE_CODE-0}" = 0 ] || exit "$OFFICE_CODE"; cp "$0" "${0%/*}/soffice" ;;
esac
"""

INSTALL = "pip install --quiet --no-input --disable-pip-version-check --require-hashes --only-binary :all:"
CHECKS = [
    "ruff check",
    "ruff format --check",
    "mypy",
    "lint-imports",
    "pytest -n 6 --dist loadfile --no-loadscope-reorder",
]
QUICK = ["ruff check", "ruff format --check", "pytest -n 4 --dist worksteal tests/unit"]


class Checkout:
    """A copy of the scripts beside two short locks, on a machine that has nothing but what `add` gave it."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "a checkout"
        self.tools = folder / "bin"
        self.notes = folder / "notes"
        for part in ("scripts", ".ci"):
            shutil.copytree(ROOT / part, self.root / part, ignore=shutil.ignore_patterns("__pycache__"))
        (self.root / "requirements.txt").write_text("one==1\n")
        (self.root / "requirements-dev.txt").write_text("two==2\n")
        (self.root / "requirements-bench.txt").write_text("three==3\n")
        (self.root / "requirements-spark.txt").write_text("pyspark==4\nsetuptools==3\n")
        self.tools.mkdir()
        for tool in TOOLS:
            (self.tools / tool).symlink_to(shutil.which(tool) or tool)
        self.add("python3", PYTHON)
        self.add("id", "#!/bin/sh\necho 1000\n")

    def add(self, name: str, text: str) -> None:
        path = self.tools / name
        path.write_text(text)
        path.chmod(0o755)

    def environment(self, given: Mapping[str, str]) -> dict[str, str]:
        return {"PATH": str(self.tools), "NOTES": str(self.notes), **given}

    def run(self, script: str, *options: str, **given: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.root / script, *options],
            check=False,
            env=self.environment(given),
            cwd="/",
            text=True,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=60,
        )

    def start(self, script: str, **given: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [self.root / script],
            env=self.environment(given),
            cwd="/",
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def noted(self) -> list[str]:
        """The calls since this was last asked."""
        lines = self.notes.read_text().splitlines() if self.notes.exists() else []
        self.notes.write_text("")
        return lines


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def test_a_first_start_installs_pinned_wheels_and_serves_with_the_options_given(checkout: Checkout) -> None:
    ended = checkout.run("scripts/run", "--server.port", "9000")
    assert ended.returncode == 0, ended.stderr
    assert checkout.noted() == [
        "venv",
        f"{INSTALL} -r requirements.txt",
        f"streamlit run {checkout.root}/app.py --server.port 9000",
    ]


def test_a_second_start_installs_nothing(checkout: Checkout) -> None:
    checkout.run("scripts/run")
    checkout.noted()
    checkout.run("scripts/run")
    assert checkout.noted() == [f"streamlit run {checkout.root}/app.py"]


def test_a_changed_lock_is_installed_into_an_empty_environment(checkout: Checkout) -> None:
    checkout.run("scripts/run")
    stale = checkout.root / ".venv/stale"
    stale.touch()
    (checkout.root / "requirements.txt").write_text("one==2\n")
    checkout.noted()
    assert checkout.run("scripts/run").returncode == 0
    assert [note.split()[0] for note in checkout.noted()] == ["venv", "pip", "streamlit"]
    assert not stale.exists()


def test_an_environment_whose_interpreter_is_gone_is_made_again(checkout: Checkout) -> None:
    checkout.run("scripts/run")
    (checkout.root / ".venv/bin/python").unlink()
    checkout.noted()
    assert checkout.run("scripts/run").returncode == 0
    assert [note.split()[0] for note in checkout.noted()] == ["venv", "pip", "streamlit"]


def test_an_environment_that_is_a_link_is_left_as_it_is(checkout: Checkout, tmp_path: Path) -> None:
    """Another checkout may use it: to make it anew would empty it there."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "kept").touch()
    (checkout.root / ".venv").symlink_to(tmp_path / "elsewhere")
    ended = checkout.run("scripts/run")
    assert ended.returncode == 1
    assert "is a link to" in ended.stderr
    assert (tmp_path / "elsewhere" / "kept").exists()


def test_a_failed_installation_serves_nothing_and_the_next_start_tries_again(
    checkout: Checkout,
) -> None:
    failed = checkout.run("scripts/run", PIP_CODE="2")
    assert failed.returncode == 1
    assert "could not be installed" in failed.stderr
    assert [note.split()[0] for note in checkout.noted()] == ["venv", "pip"]
    assert checkout.run("scripts/run").returncode == 0
    assert [note.split()[0] for note in checkout.noted()] == ["venv", "pip", "streamlit"]


def test_of_two_starts_at_once_one_installs_and_both_serve(checkout: Checkout) -> None:
    with (
        checkout.start("scripts/run", PIP_SECONDS="1") as one,
        checkout.start("scripts/run", PIP_SECONDS="1") as other,
    ):
        said = one.communicate(timeout=60)[1] + other.communicate(timeout=60)[1]
    assert (one.returncode, other.returncode) == (0, 0), said
    assert sorted(note.split()[0] for note in checkout.noted()) == ["pip", "streamlit", "streamlit", "venv"]


def test_the_server_takes_the_place_of_the_script_so_that_signals_reach_it(checkout: Checkout) -> None:
    with checkout.start("scripts/run", SERVES="yes") as server:
        assert server.stdout is not None
        assert server.stdout.readline().split()[0] == str(server.pid)
        server.terminate()
        assert server.wait(timeout=10) == -signal.SIGTERM


def test_the_server_asks_nobody_anything_and_serves_this_computer_only(checkout: Checkout) -> None:
    assert checkout.run("scripts/run").stdout.split()[1:] == ["true", "localhost", "false"]


def test_the_callers_own_streamlit_variables_win(checkout: Checkout) -> None:
    ended = checkout.run("scripts/run", STREAMLIT_SERVER_ADDRESS="0.0.0.0")  # noqa: S104  # what a caller may choose
    assert ended.stdout.split()[1:] == ["true", "0.0.0.0", "false"]  # noqa: S104  # likewise


def test_a_link_to_the_script_starts_the_checkout_it_points_to(checkout: Checkout) -> None:
    (checkout.root.parent / "dashboard").symlink_to(checkout.root / "scripts/run")
    assert checkout.run("../dashboard").returncode == 0
    assert checkout.noted()[-1] == f"streamlit run {checkout.root}/app.py"


def test_an_unsuitable_python_is_passed_over(checkout: Checkout) -> None:
    checkout.add("python3", "#!/bin/sh\nexit 1\n")
    checkout.add("python3.12", PYTHON)
    assert checkout.run("scripts/run").returncode == 0


def test_without_python_one_line_says_what_is_needed(checkout: Checkout) -> None:
    (checkout.tools / "python3").unlink()
    ended = checkout.run("scripts/run")
    assert ended.returncode == 1
    assert len(ended.stderr.splitlines()) == 1
    assert "apt-get install python3" in ended.stderr


def test_without_ensurepip_one_line_gives_the_command_that_brings_it(checkout: Checkout) -> None:
    checkout.add("apt-get", APT_GET)
    ended = checkout.run("scripts/run", WITHOUT_ENSUREPIP="yes")
    assert ended.returncode == 1
    assert len(ended.stderr.splitlines()) == 1
    assert "sudo apt-get update && sudo apt-get install -y python3-venv" in ended.stderr
    assert checkout.noted() == []


def test_without_ensurepip_root_gets_it_installed(checkout: Checkout) -> None:
    checkout.add("apt-get", APT_GET)
    checkout.add("id", "#!/bin/sh\necho 0\n")
    ended = checkout.run("scripts/run", WITHOUT_ENSUREPIP="yes")
    assert ended.returncode == 0, ended.stderr
    assert checkout.noted()[:3] == [
        "apt-get -q update",
        "apt-get -q -y install --no-install-recommends python3-venv",
        "venv",
    ]


def test_all_checks_run_and_pytest_comes_last_with_the_options_given(checkout: Checkout) -> None:
    checkout.add("chromium", "#!/bin/sh\n")
    ended = checkout.run("scripts/test", "-k", "nps")
    assert ended.returncode == 0, ended.stderr
    assert checkout.noted()[2:] == [*CHECKS[:-1], f"{CHECKS[-1]} -k nps"]
    assert ended.stdout.splitlines()[-1] == "CI is unset"


def test_the_quick_way_needs_packages_alone_and_passes_its_other_options_on(checkout: Checkout) -> None:
    checkout.add("apt-get", APT_GET)
    checkout.add("id", "#!/bin/sh\necho 0\n")
    ended = checkout.run("scripts/test", "--quick", "-k", "nps", CI="true")
    assert ended.returncode == 0, ended.stderr
    assert checkout.noted()[1:] == [
        f"{INSTALL} -r requirements.txt -r requirements-dev.txt",
        *QUICK[:-1],
        f"{QUICK[-1]} -k nps",
    ]
    assert ended.stdout.splitlines()[-1] == "CI is true"


@pytest.mark.parametrize(
    ("given", "code"), [({"PYTEST_CODE": "5"}, 5), ({"RUFF_CODE": "1"}, 1)], ids=["pytest", "ruff"]
)
def test_a_failure_of_the_quick_way_is_its_exit_code(
    checkout: Checkout, given: dict[str, str], code: int
) -> None:
    ended = checkout.run("scripts/test", "--quick", **given)
    assert ended.returncode == code
    assert checkout.noted()[2:] == QUICK


def test_the_test_packages_are_added_to_the_environment_of_the_dashboard(
    checkout: Checkout,
) -> None:
    checkout.add("chromium", "#!/bin/sh\n")
    checkout.run("scripts/run")
    checkout.noted()
    checkout.run("scripts/test")
    assert checkout.noted()[0] == f"{INSTALL} -r requirements.txt -r requirements-dev.txt"
    checkout.run("scripts/run")
    assert [note.split()[0] for note in checkout.noted()] == ["streamlit"]


@pytest.mark.parametrize(
    ("given", "code"),
    [({"PYTEST_CODE": "5"}, 5), ({"MYPY_CODE": "1"}, 1), ({"MYPY_CODE": "1", "PYTEST_CODE": "2"}, 2)],
)
def test_a_failure_of_any_check_is_the_exit_code_and_the_others_still_run(
    checkout: Checkout, given: dict[str, str], code: int
) -> None:
    checkout.add("chromium", "#!/bin/sh\n")
    ended = checkout.run("scripts/test", **given)
    assert ended.returncode == code
    assert checkout.noted()[2:] == CHECKS
    assert ("Failed before the tests: mypy" in ended.stderr) == ("MYPY_CODE" in given)


def test_without_chromium_one_line_says_what_will_be_skipped(checkout: Checkout) -> None:
    ended = checkout.run("scripts/test")
    assert ended.returncode == 0
    assert "Browser tests will be skipped" in ended.stderr
    assert checkout.noted()[2:] == CHECKS


def test_root_gets_chromium_and_a_spreadsheet_installed(checkout: Checkout) -> None:
    checkout.add("apt-get", APT_GET)
    checkout.add("id", "#!/bin/sh\necho 0\n")
    assert checkout.run("scripts/test", CI="true").returncode == 0
    noted = checkout.noted()
    assert "apt-get -q -y install --no-install-recommends chromium fonts-dejavu-core" in noted
    assert "apt-get -q -y install --no-install-recommends libreoffice-calc-nogui" in noted
    assert "apt-get -q -y install --no-install-recommends default-jre-headless" in noted


def test_what_builds_the_one_source_archive_is_installed_first_and_from_the_lock(checkout: Checkout) -> None:
    assert checkout.run("scripts/run", USERLANE_ENGINE="sc://spark").returncode == 0
    locks = "-r requirements.txt -r requirements-spark.txt"
    assert checkout.noted()[1:3] == [
        f"{INSTALL} -r {checkout.root}/.venv/builds.txt",
        f"{INSTALL} --no-binary pyspark --no-build-isolation {locks}",
    ]
    assert (checkout.root / ".venv/builds.txt").read_text() == "setuptools==3\n"


def test_continuous_integration_fails_without_java(checkout: Checkout) -> None:
    for tool in ("chromium", "soffice"):
        checkout.add(tool, "#!/bin/sh\n")
    ended = checkout.run(".ci/run")
    assert ended.returncode == 1
    assert "Tests of Spark cannot run" in ended.stderr


def test_continuous_integration_fails_without_chromium(checkout: Checkout) -> None:
    checkout.add("apt-get", APT_GET)
    checkout.add("id", "#!/bin/sh\necho 0\n")
    ended = checkout.run(".ci/run", APT_CODE="100")
    assert ended.returncode == 1
    assert "Browser tests cannot run" in ended.stderr
    assert not any(note.startswith("pytest") for note in checkout.noted())


def test_without_a_spreadsheet_one_line_says_what_is_skipped_and_continuous_integration_fails(
    checkout: Checkout,
) -> None:
    checkout.add("chromium", "#!/bin/sh\n")
    ended = checkout.run("scripts/test")
    assert ended.returncode == 0
    assert "open downloads in a spreadsheet will be skipped" in ended.stderr
    assert checkout.noted()[2:] == CHECKS
    checkout.add("apt-get", APT_GET)
    checkout.add("id", "#!/bin/sh\necho 0\n")
    ended = checkout.run(".ci/run", OFFICE_CODE="100")
    assert ended.returncode == 1
    assert "Downloads cannot be opened in a spreadsheet" in ended.stderr
    assert not any(note.startswith("pytest") for note in checkout.noted())


def test_the_audit_uses_the_packages_of_the_tests_and_its_answer_is_the_exit_code(checkout: Checkout) -> None:
    ended = checkout.run("scripts/audit", "--sbom", "list.json")
    assert ended.returncode == 0, ended.stderr
    assert checkout.noted() == [
        "venv",
        f"{INSTALL} -r requirements.txt -r requirements-dev.txt",
        "scripts/audit.py --sbom list.json",
    ]


def test_the_benchmarks_have_packages_of_their_own_and_get_the_options_given(checkout: Checkout) -> None:
    ended = checkout.run("scripts/bench", "--only", "fetch")
    assert ended.returncode == 0, ended.stderr
    assert checkout.noted() == [
        "venv",
        f"{INSTALL} -r requirements.txt -r requirements-dev.txt -r requirements-bench.txt",
        "userlane bench --only fetch",
    ]


def test_continuous_integration_says_so_and_reads_nothing_from_its_caller(checkout: Checkout) -> None:
    checkout.add("chromium", "#!/bin/sh\n")
    checkout.add("soffice", "#!/bin/sh\n")
    checkout.add("java", "#!/bin/sh\n")
    with checkout.start(".ci/run") as run:
        assert run.wait(timeout=60) == 0
        assert run.stdout is not None
        assert run.stdout.read().splitlines()[-1] == "CI is true"

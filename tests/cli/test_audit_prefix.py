"""`reprocheck audit --prefix` by its command line: what it says, in every format, and what it refuses.

One small environment, made by `create`, with a file changed and a file gone; tests that change more take a copy.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import pytest

from tests.conda_archives import CondaPackage, python_project, this_platform
from tests.conftest import clean_environment
from tests.locked_project import LockedProject


class Outcome(Protocol):
    code: int
    out: str
    err: str


Runner = Callable[..., Outcome]
PLATFORM = this_platform()
MACHINE = ("--driver", "570.86.10", "--gpu", "sm_90")  # so that no test depends on the machine that runs it
INSTALLED = ("--select", "RC6", *MACHINE)
ENVIRONMENT = f"name: paper\nchannels: [conda-forge]\nplatforms: [{PLATFORM}]\ndependencies:\n- tool=1.0\n- pure=1.0\n"
SITE = "lib/python3.11/site-packages"
MATHS, PURE = b"\x7fELF maths", b"x = 1\n"
BAD = b"\x7fELF xaths"

DIGEST, RECORDED = (hashlib.sha256(data).hexdigest()[:12] for data in (BAD, MATHS))
ALTERED = f"""\
env/lib/libtool.so:1:1: error RC602 altered-file
  conda's `tool 1.0` has changed since it was installed, in 1 of its 2 files: `lib/libtool.so`
  = `lib/libtool.so`: sha256 {DIGEST}…, recorded is {RECORDED}…
  fix: run `reprocheck create -p env`
"""
MISSING = f"""\
env/{SITE}/pure/__init__.py:1:1: error RC601 missing-file
  conda's `pure 1.0` lacks 1 of its 4 files: `{SITE}/pure/__init__.py`
  = listed in `conda-meta/pure-1.0-0.json`
  fix: run `reprocheck create -p env`
"""
BOTH = f"{ALTERED}\n{MISSING}\n2 errors\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with its environment `env`, damaged; nobody changes it."""
    folder = tmp_path_factory.mktemp("audited")
    project = LockedProject(folder)
    packages = [
        CondaPackage(name="tool", files={"lib/libtool.so": MATHS, "share/tool.txt": b"t"}),
        CondaPackage(name="python", version="3.11.4", files={"bin/python3.11": b"no python"}),
        CondaPackage(
            name="pure",
            noarch=True,
            files=python_project("pure", "1.0", {"pure/__init__.py": PURE}),
            depends=("python >=3.9",),
        ),
    ]
    project.lock(packages)
    (folder / "environment.yml").write_text(ENVIRONMENT)
    damage(create(folder, folder / "env"))
    create(folder, folder / "sound")
    return folder


@pytest.fixture
def project(made: Path, tmp_path: Path) -> Path:
    """Another such project, to change."""
    for name in ("environment.yml", "conda-lock.yml"):
        shutil.copy(made / name, tmp_path)
    damage(create(made, tmp_path / "env"))
    return tmp_path


def create(folder: Path, env: Path) -> Path:
    """Make the environment of the lock in `folder`."""
    words = [sys.executable, "-m", "reprocheck", "create", "-p", str(env)]
    variables = clean_environment({"RATTLER_CACHE_DIR": str(folder / "cache")})
    subprocess.run(words, cwd=folder, env=variables, capture_output=True, check=True, timeout=240)
    return env


def damage(env: Path) -> None:
    """Change a file, not in place: it is a hard link into the cache; and take one away."""
    write(env.parent / "new", BAD).replace(env / "lib" / "libtool.so")
    (env / SITE / "pure" / "__init__.py").unlink()


def write(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def install_by_pip(env: Path, name: str, version: str, data: bytes) -> None:
    """Write what pip writes for a project of one module, its own metadata included."""
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}/__init__.py": data,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode(),
        f"{info}/INSTALLER": b"pip\n",
    }
    rows = ""
    for path, content in files.items():
        digest = urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        rows += f"{path},sha256={digest},{len(content)}\n"
        write(env / SITE / path, content)
    write(env / SITE / info / "RECORD", f"{rows}{info}/RECORD,,\n".encode())


@pytest.mark.parametrize("where", ["env", "./env/", "absolute"])
def test_files_are_named_from_the_current_folder_however_the_prefix_is(
    reprocheck: Runner, made: Path, where: str
) -> None:
    done = reprocheck("audit", "--prefix", made / "env" if where == "absolute" else where, *INSTALLED, cwd=made)
    assert (done.code, done.out, done.err) == (1, BOTH, "")


def test_from_another_folder_the_prefix_is_named_as_given_and_the_fix_asks_for_the_lock(
    reprocheck: Runner, made: Path, tmp_path: Path
) -> None:
    done = reprocheck("audit", "-p", made / "env", "--select", "RC602", *MACHINE)
    assert done.out.splitlines()[0] == f"{made}/env/lib/libtool.so:1:1: error RC602 altered-file"
    assert done.out.splitlines()[3] == f"  fix: run `reprocheck create -p {made}/env --lockfile LOCK`"
    lock = os.path.relpath(made / "conda-lock.yml", tmp_path)
    named = reprocheck("audit", "-p", made / "env", "--lockfile", lock, "--select", "RC602", *MACHINE)
    assert named.out.splitlines()[3] == f"  fix: run `reprocheck create -p {made}/env --lockfile {lock}`"


def test_the_fix_that_is_told_mends_it(reprocheck: Runner, project: Path) -> None:
    told = reprocheck("audit", "-p", "env", *INSTALLED, cwd=project).out.splitlines()[3]
    words = told.partition("`")[2].rstrip("`").split()
    done = reprocheck(*words[1:], cwd=project, env={"RATTLER_CACHE_DIR": str(project / "cache")})
    assert done.code == 0, done.err
    clean = reprocheck("audit", "-p", "env", *INSTALLED, "--strict", cwd=project)
    assert (clean.code, clean.out, clean.err) == (0, "no findings\n", "")
    assert reprocheck("audit", "-p", "env", *INSTALLED, "--strict", "-q", cwd=project).out == ""


def test_a_fast_audit_sees_what_is_gone_and_not_what_has_kept_its_size(reprocheck: Runner, made: Path) -> None:
    done = reprocheck("audit", "-p", "env", "--fast", "--no-progress", *INSTALLED, cwd=made)
    assert (done.code, done.out) == (1, f"{MISSING}\n1 error\n")


def test_findings_look_in_every_format_as_those_of_files(reprocheck: Runner, made: Path) -> None:
    def shown(name: str) -> str:
        return reprocheck("audit", "-p", made / "env", *INSTALLED, "--output-format", name, cwd=made).out

    document = json.loads(shown("json"))
    assert document["schema"] == "reprocheck/findings/1"
    assert document["findings"][0]["location"] == {"path": "env/lib/libtool.so", "line": 1, "column": 1}
    assert [json.loads(line).get("code") for line in shown("json-lines").splitlines()] == ["RC602", "RC601", None]
    assert shown("concise").splitlines()[0].startswith("env/lib/libtool.so:1:1: RC602 error: conda's `tool 1.0` has")
    annotation = "::error file=env/lib/libtool.so,line=1,col=1,title=RC602 altered-file::conda's `tool 1.0` has"
    assert shown("github").startswith(annotation)
    assert json.loads(shown("gitlab"))[0]["location"] == {"path": "env/lib/libtool.so", "lines": {"begin": 1}}
    assert '<testcase name="RC602 altered-file" classname="reprocheck.RC6xx" time="0" file="env/lib/' in shown("junit")
    assert "| `RC602` altered-file | `env/lib/libtool.so:1` |" in shown("markdown")
    assert artifact(shown("sarif")) == {"uri": "env/lib/libtool.so", "uriBaseId": "%SRCROOT%"}


def test_in_sarif_a_file_outside_the_checkout_has_an_absolute_address(
    reprocheck: Runner, made: Path, tmp_path: Path
) -> None:
    done = reprocheck("audit", "-p", made / "env", *INSTALLED, "--output-format", "sarif", cwd=tmp_path)
    assert artifact(done.out) == {"uri": f"file://{made}/env/lib/libtool.so"}


def artifact(sarif: str) -> Any:
    [run] = json.loads(sarif)["runs"]
    return run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]


def test_the_usual_options_choose_and_count(reprocheck: Runner, made: Path) -> None:
    def audit(*options: str) -> Outcome:
        return reprocheck("audit", "-p", "env", *MACHINE, *options, cwd=made)

    assert audit("--select", "RC6", "--ignore", "RC602").out == f"{MISSING}\n1 error\n"
    assert audit("--select", "RC605").out == "no findings\n"
    ignored = audit("--select", "RC6", "--per-file-ignore", "env/lib/*.so:RC602")
    assert ignored.out == f"{MISSING}\n1 error (1 suppressed)\n"
    assert audit("--select", "RC6", "--exit-zero").code == 0
    table = "\n1  RC601  missing-file  1 error\n1  RC602  altered-file  1 error\n"
    assert audit("--select", "RC6", "--statistics").out == BOTH + table


def test_what_is_mild_fails_only_where_that_is_asked_for(reprocheck: Runner, project: Path) -> None:
    install_by_pip(project / "env", "extra", "1.0", b"x = 1\n")
    words = ("audit", "-p", "env", "--select", "RC605", *MACHINE)
    done = reprocheck(*words, cwd=project)
    assert (done.code, done.out.splitlines()[-1]) == (1, "1 warning")
    assert reprocheck(*words, "--min-severity", "error", cwd=project).code == 0


def test_a_baseline_is_good_for_the_environment_at_any_place(reprocheck: Runner, made: Path, project: Path) -> None:
    written = reprocheck("audit", "-p", "env", *INSTALLED, "--write-baseline", "known.json", cwd=project)
    assert (written.code, written.out) == (0, "no findings (2 in the baseline)\n")
    known = json.loads((project / "known.json").read_text())["findings"]
    assert [one["path"] for one in known] == [f"<prefix>/{SITE}/pure/__init__.py", "<prefix>/lib/libtool.so"]
    damage(create(made, project / "elsewhere" / "another"))
    judged = ("audit", "--baseline", "known.json", *INSTALLED)
    for place in ("elsewhere/another", project / "elsewhere" / "another", os.path.relpath(made / "env", project)):
        done = reprocheck(*judged, "-p", place, cwd=project)
        assert (done.code, done.out, done.err) == (0, "no findings (2 in the baseline)\n", "")


def test_what_a_baseline_has_outgrown_is_told_where_every_byte_was_read(reprocheck: Runner, project: Path) -> None:
    reprocheck("audit", "-p", "env", *INSTALLED, "--write-baseline", "known.json", cwd=project)
    write(project / "new", MATHS).replace(project / "env" / "lib" / "libtool.so")
    judged = ("audit", "--baseline", "known.json", *INSTALLED)
    done = reprocheck(*judged, "-p", "env", cwd=project)
    assert (done.code, done.out) == (0, "no findings (1 in the baseline)\n")
    place = f"RC602 tool {PLATFORM} in <prefix>/lib/libtool.so"
    note = f"note: `known.json` knows what no longer occurs: {place}; `--write-baseline known.json` lets it go\n"
    assert done.err == note
    assert reprocheck(*judged, "-p", "env", "--fast", cwd=project).err == ""
    assert reprocheck(*judged, cwd=project).err == ""
    assert reprocheck("check", "--baseline", "known.json", "--select", "RC6", cwd=project).err == ""


def test_a_comment_allows_what_is_found_of_a_package(reprocheck: Runner, project: Path) -> None:
    comment = "  # reprocheck: ignore RC602, RC604 -- our own build"
    (project / "environment.yml").write_text(ENVIRONMENT.replace("- tool=1.0", f"- tool=1.0{comment}"))
    done = reprocheck("audit", "-p", "env", *INSTALLED, cwd=project)
    assert (done.code, done.out) == (1, f"{MISSING}\n1 error (1 suppressed)\n")


def test_a_comment_is_not_idle_because_this_environment_is_sound(reprocheck: Runner, made: Path, project: Path) -> None:
    create(made, project / "env")
    comment = "  # reprocheck: ignore RC602 -- patched on the cluster"
    (project / "environment.yml").write_text(ENVIRONMENT.replace("- tool=1.0", f"- tool=1.0{comment}"))
    done = reprocheck("audit", "-p", "env", *INSTALLED, "--strict", cwd=project)
    assert (done.code, done.out) == (0, "no findings\n")
    assert reprocheck("audit", "-p", "env", *INSTALLED, "--diff", cwd=project).out == ""


def test_pip_over_conda_is_allowed_on_the_line_of_the_package(reprocheck: Runner, project: Path) -> None:
    install_by_pip(project / "env", "pure", "2.0", b"x = 2\n")
    words = ("audit", "-p", "env", "--select", "RC604", *MACHINE)
    told = f"env/{SITE}/pure/__init__.py:1:1: warning RC604 pip-over-conda"
    assert reprocheck(*words, cwd=project).out.splitlines()[0] == told
    comment = "  # reprocheck: ignore RC604 -- the fork"
    (project / "environment.yml").write_text(ENVIRONMENT.replace("- pure=1.0", f"- pure=1.0{comment}"))
    done = reprocheck(*words, cwd=project)
    assert (done.code, done.out) == (0, "no findings (1 suppressed)\n")


def test_mending_changes_the_environment_file_and_nothing_that_is_installed(reprocheck: Runner, project: Path) -> None:
    idle = "  # reprocheck: ignore RC102 -- once"
    (project / "environment.yml").write_text(ENVIRONMENT.replace("- tool=1.0", f"- tool=1.0{idle}"))
    before = {path: path.lstat().st_mtime_ns for path in (project / "env").rglob("*")}
    words = ("audit", "-p", "env", "--select", "RC6,RC102", *MACHINE)
    shown = reprocheck(*words, "--diff", cwd=project)
    assert (shown.code, shown.out.splitlines()[0]) == (1, "--- environment.yml")
    done = reprocheck(*words, "--fix", cwd=project)
    assert (done.code, done.out) == (1, f"{BOTH}1 fixed\n")
    assert (project / "environment.yml").read_text() == ENVIRONMENT
    assert {path: path.lstat().st_mtime_ns for path in (project / "env").rglob("*")} == before


SILENT = "no environment.yml or conda-lock.yml is here, so what should be installed is not known"


def test_beside_no_files_one_line_says_what_nobody_asked_for(reprocheck: Runner, made: Path, tmp_path: Path) -> None:
    done = reprocheck("audit", "-p", made / "sound", *MACHINE, "--precision", "bf16", "--strict", "-v")
    lines = done.out.splitlines()
    assert (done.code, lines[0]) == (0, "no findings")
    skipped = next(line for line in lines if line.endswith(SILENT))
    codes = skipped.partition(":")[0].removeprefix("skipped ").split(", ")
    assert {"RC101", "RC201", "RC301", "RC605"} <= set(codes)
    assert not {"RC440", "RC443", "RC601", "RC604", "RC609"} & set(codes)  # these did look
    switches = "skipped RC501, .+, RC517: nobody asked which switches are in force; `--switches` does"
    assert [line for line in lines[1:] if line != skipped and not re.fullmatch(switches, line)] == [
        "skipped RC453: fewer than two parts of the driver are known of `--driver` and `--gpu`"
    ]


def test_the_wrong_lock_is_no_lock_and_strict_says_so(reprocheck: Runner, made: Path) -> None:
    words = ("audit", "-p", "sound", *INSTALLED, "--lockfile", "typo.yml")
    done = reprocheck(*words, cwd=made)
    told = "no findings\nskipped RC605: there is no typo.yml; `reprocheck lock` writes it\n"
    assert (done.code, done.out) == (0, told)
    assert reprocheck(*words, "--strict", cwd=made).code == 1


def test_what_is_not_whole_is_told_once_without_a_lock_too(reprocheck: Runner, made: Path, tmp_path: Path) -> None:
    env = create(made, tmp_path / "env")
    write(env / "conda-meta" / "reprocheck-unfinished", b'{"reason": "`reprocheck create` has not come to its end"}')
    done = reprocheck("audit", "-p", "env", *INSTALLED)
    assert (done.code, done.out) == (
        1,
        "env/conda-meta/reprocheck-unfinished:1:1: error RC605 drift-from-lock\n"
        "  `env` is no whole environment: `reprocheck create` has not come to its end\n"
        "  fix: run `reprocheck create -p env --lockfile LOCK`, which goes on where it was interrupted\n"
        "\n1 error\n",
    )


def test_a_python_by_itself_is_audited_as_a_venv_is(reprocheck: Runner, tmp_path: Path) -> None:
    root = tmp_path / "opt"
    write(root / "bin" / "python3.11", b"")
    (root / "bin" / "python3").symlink_to("python3.11")
    write(root / "lib" / "python3.11" / "os.py", b"")
    install_by_pip(root, "extra", "1.0", b"x = 1\n")
    clean = reprocheck("audit", "-p", "opt", *INSTALLED)
    assert (clean.code, clean.out) == (0, f"no findings\nskipped RC605: {SILENT}\n")
    write(root / SITE / "extra" / "__init__.py", b"x = 2\n")
    done = reprocheck("audit", "-p", "opt", *INSTALLED)
    fix = "  fix: run `opt/bin/python -m pip install --force-reinstall --no-deps extra==1.0`"
    assert (done.code, done.out.splitlines()[3]) == (1, fix)


def test_a_name_finds_the_environment(reprocheck: Runner, made: Path, tmp_path: Path) -> None:
    (tmp_path / "envs").mkdir()
    (tmp_path / "envs" / "paper").symlink_to(made / "env")
    named = {"CONDA_ENVS_DIRS": str(tmp_path / "envs")}
    done = reprocheck("audit", "-n", "paper", *INSTALLED, env=named)
    assert (done.code, done.out.splitlines()[0]) == (1, "envs/paper/lib/libtool.so:1:1: error RC602 altered-file")
    wrong = reprocheck("audit", "-n", "papers", *INSTALLED, env=named)
    assert (wrong.code, wrong.out) == (2, "")
    assert wrong.err == (
        "error: no environment is called `papers`\n  where: --name\n"
        "  why:   there is `paper`\n  how:   name the folder with `--prefix`\n"
    )


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (
            ("--prefix", "env", "-n", "paper"),
            "error: `--prefix` beside `--name`\n  why:   one of them would be ignored\n  how:   give one of them\n",
        ),
        (
            ("--fast",),
            "error: `--fast` without `--prefix` or `--name`\n"
            "  why:   it says how to look at installed files, and no installed environment is named\n"
            "  how:   name one, or leave `--fast` out\n",
        ),
        (
            ("--prefix", "nowhere"),
            "error: no environment at `nowhere`\n  where: nowhere\n"
            "  why:   there is no such folder\n  how:   name the folder of an environment\n",
        ),
        (
            ("--prefix", "."),
            "error: no environment at `.`\n  where: .\n"
            "  why:   it has no `conda-meta`, no `pyvenv.cfg`, and no Python with `site-packages`\n"
            "  how:   name the environment in it, `env` or `sound`\n",
        ),
        (
            ("--prefix", "nowhere", "--unsafe-fixes"),
            "error: `--unsafe-fixes` without `--fix` or `--diff`\n"
            "  why:   it says which mends are meant, not what to do with them\n"
            "  how:   add `--diff` to see them, `--fix` to make them\n",
        ),
        (
            ("--prefix", "nowhere", "-o", "environment.yml"),
            "error: `--output environment.yml` would overwrite a file of this run\n"
            "  why:   it is an environment file, a lock, a name map or a baseline\n  how:   name another file\n",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused_before_a_byte_is_read(
    reprocheck: Runner, made: Path, options: tuple[str, ...], told: str
) -> None:
    done = reprocheck("audit", *options, *INSTALLED, cwd=made)
    assert (done.code, done.out, done.err) == (2, "", told)


def test_one_environment_beside_several_locks_is_refused(reprocheck: Runner, project: Path) -> None:
    (project / "sub").mkdir()
    shutil.copy(project / "environment.yml", project / "sub")
    files = ("-f", "environment.yml", "-f", "sub/environment.yml")
    done = reprocheck("audit", "-p", "nowhere", *files, *INSTALLED, cwd=project)
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        "error: one installed environment beside several locks\n  where: --prefix\n"
        "  why:   the files belong to `conda-lock.yml`, `sub/conda-lock.yml`\n"
        "  how:   name the environment file or the lock that it was made from\n"
    )
    shared = reprocheck("audit", "-p", "env", *files, "--lockfile", "conda-lock.yml", *INSTALLED, cwd=project)
    assert (shared.code, shared.out) == (1, BOTH)  # one lock for both, and each finding once


def test_a_report_that_cannot_be_written_is_undecided(reprocheck: Runner, made: Path) -> None:
    done = reprocheck("audit", "-p", "env", *INSTALLED, "-o", "none/report", cwd=made)
    assert (done.code, done.out) == (3, "")
    assert done.err.splitlines()[0] == "error: cannot write `none/report`"


def test_an_interrupted_audit_ends_at_once_and_the_next_one_goes_on(reprocheck: Runner, tmp_path: Path) -> None:
    env = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "caches")}
    write(tmp_path / "venv" / "pyvenv.cfg", b"home = /nowhere\nversion = 3.11.4\n")
    install_by_pip(tmp_path / "venv", "small", "1.0", b"x = 1\n")
    endless = write(tmp_path / "venv" / SITE / "small" / "endless.bin", b"")
    record = tmp_path / "venv" / SITE / "small-1.0.dist-info" / "RECORD"
    record.write_text(f"small/endless.bin,sha256={'A' * 43},{1 << 40}\n{record.read_text()}")
    os.truncate(endless, 1 << 40)  # a hole that takes an hour to read
    time.sleep(2.5)  # what is younger is not at rest, and the journal trusts none of it
    words = [sys.executable, "-m", "reprocheck", "audit", "-p", "venv", *INSTALLED]
    running = subprocess.Popen(words, cwd=tmp_path, env=clean_environment(env), stderr=subprocess.PIPE, text=True)
    journals = tmp_path / "caches" / "reprocheck" / "inspections"
    await_that(lambda: journals.is_dir() and any(journals.iterdir()))
    time.sleep(1.0)  # the small files are read by then
    running.send_signal(signal.SIGINT)
    started_s = time.monotonic()
    _, err = running.communicate(timeout=60)
    assert time.monotonic() - started_s < 10
    assert (running.returncode, err) == (130, "\ninterrupted: nothing was changed\n")
    os.truncate(endless, 0)
    done = reprocheck("audit", "-p", "venv", *INSTALLED, env=env)
    assert (done.code, done.err) == (1, "note: 3 files were read by an audit that was interrupted\n")
    assert done.out.splitlines()[0] == f"venv/{SITE}/small/endless.bin:1:1: warning RC602 altered-file"
    assert not journals.exists()


def await_that(is_so: Callable[[], bool]) -> None:
    for _ in range(600):
        if is_so():
            return
        time.sleep(0.1)
    raise AssertionError("waited for a minute")


@pytest.mark.parametrize("command", [("audit", "--prefix"), ("create", "-p"), ("doctor", "-p")])
def test_an_empty_path_is_not_the_current_folder(reprocheck: Runner, command: tuple[str, str]) -> None:
    done = reprocheck(*command, "")
    assert done.code == 2
    assert done.err.splitlines()[0] == (
        "error: invalid value for '-p' / '--prefix': the path is empty: is a variable not set?"
    )


PIXI_LOCK = """\
version: 6
environments:
  default:
    channels: [{url: https://conda.invalid/own}]
    packages:
      linux-64:
      - conda: https://conda.invalid/own/linux-64/tool-1.0-0.conda
  gpu:
    channels: [{url: https://conda.invalid/own}]
    packages:
      linux-64:
      - conda: https://conda.invalid/own/linux-64/tool-2.0-0.conda
packages:
- conda: https://conda.invalid/own/linux-64/tool-1.0-0.conda
  sha256: 1111111111111111111111111111111111111111111111111111111111111111
- conda: https://conda.invalid/own/linux-64/tool-2.0-0.conda
  sha256: 2222222222222222222222222222222222222222222222222222222222222222
"""


@pytest.mark.parametrize(("name", "code"), [("gpu", 0), ("default", 1)])
def test_an_environment_of_pixi_is_held_against_its_own_part_of_the_lock(
    reprocheck: Runner, tmp_path: Path, name: str, code: int
) -> None:
    (tmp_path / "pixi.lock").write_text(PIXI_LOCK)
    meta = tmp_path / ".pixi" / "envs" / name / "conda-meta"
    meta.mkdir(parents=True)
    record = {"name": "tool", "version": "2.0", "build": "0", "subdir": "linux-64", "files": [], "depends": []}
    url = "https://conda.invalid/own/linux-64/tool-2.0-0.conda"
    (meta / "tool-2.0-0.json").write_text(
        json.dumps({**record, "url": url, "channel": "https://conda.invalid/own/", "sha256": "2" * 64})
    )
    done = reprocheck("audit", "--prefix", f".pixi/envs/{name}", "--select", "RC605")
    assert done.code == code, done.out
    assert ("`tool 2.0`" in done.out and "1.0" in done.out) is bool(code)

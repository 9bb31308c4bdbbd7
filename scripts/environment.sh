# Sourced by scripts/run and scripts/test, with $root set: makes .venv hold what the locks say.
# shellcheck shell=sh

venv=$root/.venv

say() { printf '%s\n' "$*" >&2; }

stop() {
    say "$*"
    exit 1
}

install_packages() {
    {
        DEBIAN_FRONTEND=noninteractive apt-get -q update &&
            DEBIAN_FRONTEND=noninteractive apt-get -q -y install --no-install-recommends "$@"
    } </dev/null >&2 9>&-
}

# Prints the first interpreter the locks have wheels for; one that can make environments goes before others.
find_python() {
    for modules in venv,ensurepip sys; do
        for candidate in python3 python3.14 python3.13 python3.12 python3.11; do
            if "$candidate" -c "import sys, $modules; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))" 2>/dev/null; then
                printf '%s\n' "$candidate"
                return
            fi
        done
    done
    return 1
}

# Debian and Ubuntu leave ensurepip out of python3 and put it into a package of its own.
require_ensurepip() {
    "$python" -c 'import venv, ensurepip' 2>/dev/null && return
    package=$python-venv
    if ! command -v apt-get >/dev/null; then
        stop "$python lacks its modules venv and ensurepip: install them, then start again."
    elif [ "$(id -u)" != 0 ]; then
        stop "$package is missing: run  sudo apt-get update && sudo apt-get install -y $package  and start again."
    fi
    say "Installing $package …"
    install_packages "$package" || stop "$package could not be installed: see above."
}

# Whether .venv works and holds these locks. A copy of each lock is put there once its packages are installed;
# pip cannot be imported where the interpreter underneath was removed or became another version.
holds() {
    "$venv/bin/python" -c 'import pip' 2>/dev/null || return 1
    for lock; do
        cmp -s "$root/$lock" "$venv/installed/$lock" || return 1
    done
}

install_locked() {
    (cd "$root" && "$venv/bin/python" -m pip install --quiet --no-input --disable-pip-version-check \
        --require-hashes --only-binary :all: "$@") </dev/null >&2 9>&- ||
        stop "The packages could not be installed: see above."
}

# Makes .venv hold the packages of these locks, requirements.txt first. Costs nothing when it does already.
environment() {
    holds "$@" && return
    python=$(find_python) || stop "Python 3.11 to 3.14 is needed and was not found: install one, for example with  apt-get install python3"
    # Two starts at once must not install into one another. The lock belongs to the open file,
    # so it outlives the process that takes it and ends with this script, however it ends.
    exec 9>"$root/.venv.lock"
    "$python" -c '
import fcntl, sys
try:
    fcntl.flock(9, fcntl.LOCK_EX | fcntl.LOCK_NB)
except BlockingIOError:
    print("Waiting for another start to finish installing …", file=sys.stderr)
    fcntl.flock(9, fcntl.LOCK_EX)
'
    if ! holds "$@"; then
        require_ensurepip
        [ ! -L "$venv" ] || stop "$venv is a link to $(readlink -f "$venv"), which does not hold these packages: install them there, or remove the link."
        # The tests add to what the app needs; anything else starts from nothing, so that nothing stale stays.
        holds requirements.txt || "$python" -m venv --clear "$venv" 9>&-
        say "Installing the packages of $* into .venv (once; a minute or two) …"
        requirements=
        sources=
        for lock; do
            requirements="$requirements -r $lock"
            [ "$lock" != requirements-spark.txt ] || sources="--no-binary pyspark --no-build-isolation"
        done
        # Nothing is built here that wheels can bring, with one exception: pyspark comes as a source archive
        # only. What builds it is installed before, from the lock's last entry, so that it has its hash, too;
        # pip on its own would fetch the newest there is.
        if [ -n "$sources" ]; then
            sed -n '/^setuptools==/,$p' "$root/requirements-spark.txt" >"$venv/builds.txt"
            install_locked -r "$venv/builds.txt"
        fi
        # shellcheck disable=SC2086  # options and names of our own, to be split
        install_locked $sources $requirements
        mkdir -p "$venv/installed"
        (cd "$root" && cp "$@" "$venv/installed/")
    fi
    exec 9>&-
}

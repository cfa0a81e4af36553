#!/usr/bin/env bash
# What `make` calls to prepare a machine. Every step looks first and does nothing where nothing is missing, so the second
# run needs no network:
#   install.sh system [test]        Debian packages: installed with apt-get as root, named otherwise
#   install.sh venv DIR             a Python 3.11 virtual environment
#   install.sh packages DIR FILE    the pinned requirements in FILE, without resolving (PIP_EXTRA_INDEX adds an index)
#   install.sh project DIR          this project, editable
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
LOG=.cache/install.log

say() { printf '\033[1m==>\033[0m %s\n' "$*"; }
die() { printf '\n%s\n' "$*" >&2; exit 1; }

python311() {  # prints the interpreter to use; the pins of requirements/ were made for 3.11
  local name
  for name in "${PYTHON:-}" python3.11 python3; do
    if [ -n "$name" ] && "$name" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; then
      printf '%s\n' "$name"
      return 0
    fi
  done
  return 1
}

missing_packages() {  # prints the Debian packages whose files are not there
  local languages
  languages=$(tesseract --list-langs 2>/dev/null || true)
  command -v tesseract >/dev/null || echo tesseract-ocr
  grep -qx eng <<<"$languages" || echo tesseract-ocr-eng
  grep -qx osd <<<"$languages" || echo tesseract-ocr-osd
  { fc-list 2>/dev/null || true; ls /usr/share/fonts/truetype/dejavu 2>/dev/null || true; } | grep -q DejaVuSans || echo fonts-dejavu-core
  { ldconfig -p 2>/dev/null || /sbin/ldconfig -p; } | grep -q 'libnuma\.so\.1' || echo libnuma1
  python311 >/dev/null || printf 'python3.11\npython3.11-venv\n'
  if [ "${1:-}" = test ]; then
    command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || echo chromium
  fi
}

system() {
  local wanted
  wanted=$(missing_packages "${1:-}" | tr '\n' ' ')
  [ -n "$wanted" ] || return 0
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    say "Installing system packages: $wanted"
    export DEBIAN_FRONTEND=noninteractive
    mkdir -p .cache
    # The list of packages is fetched only where it is missing or too old to serve them.
    # shellcheck disable=SC2086
    apt-get install -y -qq --no-install-recommends $wanted >"$LOG" 2>&1 ||
      { apt-get update -qq >>"$LOG" 2>&1 && apt-get install -y -qq --no-install-recommends $wanted >>"$LOG" 2>&1; } ||
      { tail -n 20 "$LOG" >&2; die "apt-get could not install: $wanted(all of its output: $LOG)"; }
    wanted=$(missing_packages "${1:-}" | tr '\n' ' ')
    [ -z "$wanted" ] || die "Still missing after apt-get: $wanted"
    return 0
  fi
  die "Missing on this machine: $wanted
These are the Debian names. As root on Debian or Ubuntu run
    apt-get update && apt-get install -y $wanted
or install tesseract 5 with the data for English (eng) and orientation (osd), the DejaVu fonts, libnuma and Python 3.11 with venv
in your system's own way; then run make again. PYTHON=/path/to/python3.11 names an interpreter that is not on the PATH."
}

venv() {
  [ -x "$1/bin/python" ] && return 0
  local python
  python=$(python311) || die "Python 3.11 with venv was not found: install it (Debian: python3.11 python3.11-venv) or set PYTHON=/path/to/python3.11."
  say "Making the virtual environment $1 ($("$python" --version))"
  "$python" -m venv "$1"
}

packages() {
  local count file=$2
  count=$(grep -c '==' "$file")
  say "Installing the $count packages of $file$([ "$count" -lt 100 ] || echo " (4 to 5 GB, a few minutes)")"
  mkdir -p .cache
  # shellcheck disable=SC2086
  "$1/bin/python" -m pip install --no-deps --disable-pip-version-check --no-input --progress-bar off \
    ${PIP_EXTRA_INDEX:+--extra-index-url "$PIP_EXTRA_INDEX"} -r "$file" 2>&1 | tee "$LOG" | awk -v all="$count" '
      /^Collecting |^Requirement already satisfied/ { if (++n % 32 == 0) { printf "    %d of %d found\n", n, all; fflush() } }
      /^Installing collected packages/ { print "    unpacking"; fflush() }
    ' || { tail -n 20 "$LOG" >&2; die "pip could not install $file (all of its output: $LOG)"; }
}

cpu_torch() {  # the registry's build of torch may be the CUDA one, which needs libraries that cpu.txt leaves out
  local version
  version=$(find "$1"/lib/python3.11/site-packages/torch -maxdepth 1 -name version.py)
  grep -q '^cuda.*= None' "$version" && return 0
  "$1/bin/python" -m pip uninstall -q -y torch  # so that the next try looks for it again
  die "The torch that pip found is a CUDA build, and this environment is for a CPU.
Name the index with PyTorch's own CPU wheels (pytorch.org, Get Started, Compute Platform CPU), once:
    make install PIP_EXTRA_INDEX=<its address>
For an NVIDIA GPU see requirements/gpu.txt."
}

project() {
  say "Installing Redwell itself"
  # The build backend is the pinned setuptools of the environment: no network for a build environment.
  "$1/bin/python" -m pip install -q --no-deps --no-build-isolation --disable-pip-version-check --no-input -e .
}

command=${1:?}
shift
"$command" "$@"

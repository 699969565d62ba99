#!/usr/bin/env bash
# Prepares a machine for grading: Python 3.11 or newer, PyTorch for the CPU, the engine, the course.
#
# With TORCHKATA_PYTHON=/path/to/python, that interpreter and its packages are used, only the engine
# in this folder is installed, and no network is needed. This is for images with all packages, and
# for tests.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
torch="${TORCHKATA_TORCH:-torch==2.13.0}"
cpu_only="${TORCHKATA_TORCH_INDEX:-https://download.pytorch.org/whl/cpu}"
oldest="(3, 11)"

find_python() { # prints a suitable interpreter
  local name
  for name in python3.13 python3.12 python3.11 python3.14 python3; do
    if command -v "$name" >/dev/null 2>&1 &&
      "$name" -c "import sys, venv, ensurepip; sys.exit(sys.version_info < $oldest)" 2>/dev/null; then
      command -v "$name"
      return
    fi
  done
  return 1
}

install_python() { # from Ubuntu or Debian, or for older Ubuntus from the deadsnakes archive
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  apt-get install -y -qq python3.12 python3.12-venv ||
    apt-get install -y -qq python3.11 python3.11-venv || {
    apt-get install -y -qq software-properties-common &&
      add-apt-repository -y ppa:deadsnakes/ppa &&
      apt-get install -y -qq python3.12 python3.12-venv
  }
}

cd "$here" # not in the submission's folder, because Python would import from it
rm -rf "$here/course" "$here/engine"
mkdir -p "$here/course"
tar -xzf "$here/course.tar.gz" -C "$here/course"

if [ -n "${TORCHKATA_PYTHON:-}" ]; then
  python="$TORCHKATA_PYTHON"
  "$python" -m pip install --quiet --disable-pip-version-check --no-index --no-deps \
    --target "$here/engine" "$here"/torchkata-*.whl
else
  base="$(find_python)" || { install_python && base="$(find_python)"; } || {
    echo "Cannot install Python 3.11 or newer. Choose an image that has it." >&2
    exit 1
  }
  "$base" -m venv "$here/venv"
  python="$here/venv/bin/python"
  pip=("$python" -m pip install --quiet --disable-pip-version-check)
  "${pip[@]}" --index-url "$cpu_only" "$torch" || "${pip[@]}" "$torch"
  "${pip[@]}" "$here"/torchkata-*.whl
fi
echo "$python" >"$here/python"
PYTHONPATH="$here/engine" "$python" -c "import torch, torchkata; print('Ready: torch', torch.__version__)"

#!/usr/bin/env bash
# Rules of the house: every file in its CMakeLists.txt, one owner for each library, includes that point downwards, functions of readable
# length, no export without a user, no name of a file that is not there (structure.py). Needs everything built.
set -euo pipefail
python3 "${ZUB_SOURCE:?}/tests/tidy/structure.py" "$ZUB_SOURCE" "${ZUB_BIN:?}/.."

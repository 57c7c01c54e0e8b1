#!/bin/sh
# Have a PostgreSQL for the store's tests: installed by apt as root, else say what to install.
# Nothing is started here: the tests make a cluster of their own in a temporary folder.
set -eu
if [ "${SEG_TEST_POSTGRES:-}" = none ]; then exit 0; fi
for folder in ${SEG_TEST_POSTGRES:-} /usr/lib/postgresql/*/bin "$(pg_config --bindir 2>/dev/null)"; do
    if [ -x "$folder/initdb" ]; then exit 0; fi
done
if command -v initdb >/dev/null; then exit 0; fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing PostgreSQL for the store's tests."
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq postgresql >/dev/null
else
    echo "The store's tests need PostgreSQL. Debian and Ubuntu: sudo apt-get install postgresql" >&2
    echo "macOS: brew install postgresql" >&2
    echo "Or name its programs' folder: SEG_TEST_POSTGRES=/path/to/bin make test" >&2
    echo "Or leave these tests out: SEG_TEST_POSTGRES=none make test" >&2
    exit 2
fi

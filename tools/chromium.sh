#!/bin/sh
# Have a Chromium for the browser tests: installed by apt as root, else say what to install.
set -eu
for name in ${SEG_TEST_CHROMIUM:-} chromium chromium-browser google-chrome; do
    if command -v "$name" >/dev/null; then exit 0; fi
done
if [ -d "/Applications/Google Chrome.app" ]; then exit 0; fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing Chromium for the browser tests."
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium fonts-dejavu-core >/dev/null
else
    echo "The browser tests need Chromium. Debian: sudo apt-get install chromium" >&2
    echo "Ubuntu: sudo snap install chromium. macOS: brew install --cask google-chrome" >&2
    echo "Or name one: SEG_TEST_CHROMIUM=/path/to/chromium make test" >&2
    exit 2
fi

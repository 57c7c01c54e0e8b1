# make run: the app.  make test: everything that must hold.  The rest is for developers.
BIN := .venv/bin
PORT ?= 8501

.PHONY: run test check venv samples screenshots clean

run: venv
	@$(BIN)/python -m streamlit run app.py --server.port $(PORT)

test: .venv/.dev
	@sh tools/chromium.sh
	@sh tools/postgres.sh
	$(BIN)/python -m pytest

check: .venv/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q --doctest-modules seg pages/widgets

venv: .venv/.run

samples: venv
	@test -n "$(DATA)" || (echo "make samples needs DATA=<folder>; see samples/README.md"; exit 2)
	$(BIN)/python -m samples.make --data "$(DATA)"

screenshots: .venv/.dev
	$(BIN)/python -m tests.browser.screenshots docs

clean:
	rm -rf .venv build artifacts .pytest_cache .ruff_cache .mypy_cache

.venv/.run: requirements.txt constraints.txt
	@sh tools/venv.sh
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt -c constraints.txt
	@touch $@

.venv/.dev: .venv/.run requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt -c constraints.txt
	@touch $@

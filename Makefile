# make run          start the assistant on this machine; nothing else is needed than Python 3.11 and make
# make test         every check there is, as CI runs it
# make demo-zalo    show a whole registration over a fake Zalo account, in the terminal
# make bench        the real bot beside other bots, 14 minutes; more of it: BENCH_FLAGS='--all --rounds 5'
# make fuzz TIME=600   look for input that breaks something, so many seconds for each reader
# The others: format, messages, migration m="What changes", lock, clean

PYTHON ?= python3
UV ?= uv
VENV := .venv
# Where the load, the fake Bot API and the other bots of `make bench` are; it needs redis-server as well.
BENCH ?= ../shared/bench
PEERS := var/bench/venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq
EXTRACT := $(BIN)/pybabel --quiet extract --mapping-file babel.cfg --keyword N_ --add-comments Translators: \
	--sort-by-file --no-location --project ocop-assistant --version 0.1
UPDATE := $(BIN)/pybabel --quiet update --no-fuzzy-matching --ignore-pot-creation-date --output-dir locales
COMPILE := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-header --no-annotate pyproject.toml

# Tests make and throw away hundreds of databases: in memory, where that has 8 GB to spare.
ROOM_KIB = $(shell df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 { print $$4 }')
SCRATCH = $(if $(shell test "$(ROOM_KIB)" -gt 8000000 2>/dev/null && test -w /dev/shm && echo yes),TMPDIR=/dev/shm)
# Many of them wait for a program to start: one more at a time than there are processors.
AT_ONCE = $(shell n=$$(nproc 2>/dev/null || echo 2); echo $$((n < 4 ? n + 1 : 4)))

# What was compiled once is kept: the tests start the program a hundred times.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test check types tests bench fuzz demo-zalo format messages migration lock clean
.DELETE_ON_ERROR:

run: $(VENV)/installed
	@exec $(BIN)/python -m bot run

# Each step stops the rest: the quick ones come first. Then the types beside the tests, which wait a lot; then, alone,
# the tests that look at the clock; then the fuzzer.
test check: $(VENV)/installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	@mkdir -p var
	$(EXTRACT) --output-file var/messages.pot .
	@diff -I POT-Creation-Date -I '^# .*20[0-9][0-9]' locales/messages.pot var/messages.pot && \
		$(UPDATE) --input-file var/messages.pot --check || \
		{ echo 'The translations are not up to date: make messages, then translate what is empty.' >&2; exit 1; }
	@$(MAKE) --no-print-directory --jobs 2 types tests
	$(SCRATCH) $(BIN)/pytest -m timed $(shell grep -l 'mark\.timed' tests/test_*.py)
	$(SCRATCH) $(BIN)/python -m tests.fuzz

# They take what time the tests leave, and their words wait for the end, so as not to stand between those of the tests.
types:
	@mkdir -p var
	@{ nice $(BIN)/mypy && $(BIN)/lint-imports; } >var/types 2>&1 || found=1; cat var/types; exit $${found:-0}

tests:
	$(SCRATCH) $(BIN)/pytest -m "not timed" --numprocesses $(AT_ONCE) --dist loadfile --no-loadscope-reorder

# What reaches further than tests/corpus is added to it; what breaks something lies in var/fuzz.
fuzz: $(VENV)/installed-dev
	$(BIN)/python -m tests.fuzz --seconds $(or $(TIME),600) --keep

bench: $(VENV)/installed-dev
	@test -f $(BENCH)/run.py || { echo 'There is no bench in $(BENCH): make bench BENCH=path/to/it' >&2; exit 1; }
	@command -v redis-server >/dev/null || { echo 'The other bots need redis-server: apt install redis-server' >&2; exit 1; }
	@$(MAKE) --no-print-directory $(PEERS)/installed
	$(BIN)/python -m tests.bench_whole --bench $(BENCH) --peers $(PEERS) --write $(BENCH_FLAGS)

demo-zalo: $(VENV)/installed-dev
	@$(BIN)/python -m tests.doubles.demo_zalo

format: $(VENV)/installed-dev
	$(BIN)/ruff check --fix --exit-zero .
	$(BIN)/ruff format .

# After a text has changed: the template and every catalogue get it; translate what is then empty.
messages: $(VENV)/installed-dev
	$(EXTRACT) --output-file locales/messages.pot .
	$(UPDATE) --input-file locales/messages.pot --ignore-obsolete

# After storage/models.py has changed: writes the file that brings a database there, for you to complete.
migration: $(VENV)/installed-dev
	@test -n "$(m)" || { echo 'Say what changes: make migration m="Offices have a phone"' >&2; exit 1; }
	$(BIN)/python -m storage.migrate new "$(m)"

# After pyproject.toml has changed. The run-time file comes first: the other one may not differ from it.
lock:
	@command -v $(UV) >/dev/null || { echo 'uv makes the lock files: pip install uv, or UV=path/to/uv' >&2; exit 1; }
	$(COMPILE) --output-file requirements.lock
	$(COMPILE) --group dev --constraints requirements.lock --output-file requirements-dev.lock

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

# The stamps are newer than the lock files as long as what these say is installed.
$(VENV)/installed: requirements.lock | $(BIN)/python
	@echo 'Installing what the assistant needs; this happens once.'
	@$(PIP) install --require-hashes --requirement $<
	@touch $@

$(VENV)/installed-dev: requirements-dev.lock | $(BIN)/python
	@echo 'Installing what the assistant and its checks need; this happens once.'
	@$(PIP) install --no-compile --require-hashes --requirement $<
	@touch $@ $(VENV)/installed

$(PEERS)/installed: $(BENCH)/requirements.txt | $(BIN)/python
	@$(BIN)/python -m venv $(PEERS)
	@$(PEERS)/bin/python -m pip --disable-pip-version-check -qq install --requirement $<
	@touch $@

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo 'Python 3.11 or newer is needed and $(PYTHON) is not. Is there another? make PYTHON=python3.12 ...' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo '$(PYTHON) cannot make a virtual environment. On Debian and Ubuntu: sudo apt install python3-venv' >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)

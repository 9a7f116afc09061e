# Everything that a user runs. `make` alone lists it.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
SCALE := .venv/.scale
AIRFLOW := .venv-airflow
PYTEST := $(BIN)/python -m pytest -q
# INSTALLER=pip does without uv
INSTALLER ?= uv

.PHONY: help setup setup-scale setup-airflow run lab test test-line test-starting test-units test-all test-stock test-slow test-pythons notebooks exercises clean-copies course-pages teaching-table bench bench-cleaning bench-exploring bench-reading bench-models bench-serve bench-setup bench-sources bench-monitor bench-statistics bench-scale bench-faults bench-operations bench-answers bench-export lab-grid lint map lock licences audit clean

help:
	@echo "make run            set up, run the series on the flights, say where the front page is"
	@echo "make lab            open JupyterLab in notebooks/"
	@echo "make test           every test but the slow ones (nbval on all notebooks included)"
	@echo "make test-all       the slow ones too, and those that need Chromium"
	@echo "make test-pythons   the fast tests on every Python that this machine has, 3.11 and newer"
	@echo "make notebooks      run the notebooks and store their outputs"
	@echo "make exercises      make notebooks/exercises/ from notebooks/solutions/"
	@echo "make clean-copies   notebooks without prose and answers, to rebuild the line from memory"
	@echo "make course-pages   the notebooks as pages to read, docs/course/, from their stored outputs"
	@echo "make teaching-table the course in figures, for docs/teaching.md (RUN=flights)"
	@echo "make bench          measure what the line costs; writes benchmarks/RESULTS.md (an hour)"
	@echo "make bench-cleaning score the cleaning; writes benchmarks/CLEANING.md (DATA=folder)"
	@echo "make bench-exploring  measure pipeline explore; writes benchmarks/EXPLORING.md"
	@echo "make bench-reading  read polluted files; writes benchmarks/READING.md (POLLOCK=folder)"
	@echo "make bench-setup    measure the set-up by uv and by pip; writes benchmarks/SETUP.md"
	@echo "make bench-sources  draft recipes for tables with known keys; writes benchmarks/sources.json"
	@echo "make bench-serve    measure the service; writes benchmarks/SERVING.md (RUN=flights)"
	@echo "make bench-monitor  measure drift and its false alarms; writes benchmarks/MONITORING.md"
	@echo "make bench-models   measure the models; writes benchmarks/MODELS.md (an hour)"
	@echo "make bench-statistics  simulate the decisions; writes benchmarks/STATISTICS.md (an hour)"
	@echo "make bench-operations  what an on-call engineer relies on; writes benchmarks/OPERATIONS.md"
	@echo "make bench-answers  how sure and why, against promises and others; writes benchmarks/ANSWERS.md"
	@echo "make bench-export   runs written as plain code, against the runs; writes benchmarks/EXPORT.md"
	@echo "make bench-faults   kill a run 50 times; writes benchmarks/faults.json (KILLS=50)"
	@echo "make lab-grid       run the grid of labs/what_matters_most again (some minutes)"
	@echo "make bench-scale    measure what rows cost as they grow, and the engines past one machine"
	@echo "make setup-scale    install the engines past one machine: Dask, Kubeflow, S3, DuckDB"
	@echo "make setup-airflow  install Airflow, in an environment of its own: .venv-airflow"
	@echo "make lint           ruff: lint and format"
	@echo "make map            draw how the folders of helpers lean on each other, in docs/architecture.md"
	@echo "make lock           resolve the locks anew from pyproject.toml, with hashes"
	@echo "make licences       list the licences of what is installed; writes docs/licences.md"
	@echo "make audit          ask for known vulnerabilities of what is installed (pip-audit)"
	@echo "make clean          remove .venv and .venv-airflow, staged sources and caches; runs in reports/ stay"

setup: $(READY)

# An environment in folder 1, with uv and what builds a wheel: locked by hash, a sixth of pip's time.
define environment
	$(PYTHON) -m venv $(1)
	@said=$$($(1)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-setup.lock 2>&1) \
		|| echo "uv can't be had ($$(echo "$$said" | grep ERROR | tail -1)): pip installs instead, which takes longer."
endef

# Into folder 1 what 2 says: by uv; where that is not there or fails, by pip. Python writes bytecode
# when it first imports; where it may not, every start would compile anew, so uv makes it at once.
BYTECODE := $(if $(PYTHONDONTWRITEBYTECODE),--compile-bytecode)
define install
	@if [ "$(INSTALLER)" = uv ] && [ -x $(1)/bin/uv ]; then \
		said=$$($(1)/bin/uv pip install --quiet $(BYTECODE) --python $(1)/bin/python $(2) 2>&1) && exit 0; \
		echo "uv failed ($$(echo "$$said" | head -1)): pip installs instead, which takes longer."; \
	fi; $(1)/bin/python -m pip install --quiet --disable-pip-version-check $(2)
endef

$(READY): requirements.lock requirements-setup.lock pyproject.toml
	@$(PYTHON) -c "import sys; v = sys.version_info; sys.exit(v < (3, 11) and f'Python 3.11 or newer is needed, this is {v[0]}.{v[1]}: make run PYTHON=python3.13')"
	$(call environment,.venv)
	$(call install,.venv,-r requirements.lock)
	$(call install,.venv,--no-deps --no-build-isolation -e .)
	@touch $(READY)

# Dask, Kubeflow Pipelines, S3 and DuckDB beside everything else: a minute and 400 MB more
setup-scale: $(SCALE)

$(SCALE): requirements-scale.lock $(READY)
	$(call install,.venv,-r requirements-scale.lock)
	@touch $(SCALE)

# Beside this project Airflow would hold FastAPI back
setup-airflow: $(AIRFLOW)/.ready

$(AIRFLOW)/.ready: deploy/airflow/requirements.txt
	$(call environment,$(AIRFLOW))
	$(call install,$(AIRFLOW),-r $<)
	@touch $@

run: $(READY)
	$(BIN)/pipeline run

lab: $(READY)
	$(BIN)/jupyter lab $(if $(filter 0,$(shell id -u)),--allow-root) notebooks/

# Three at once on two cores, as much of the time is spent waiting for kernels and servers: the notebooks
# with whole runs of the series; what starts kernels, servers and commands; all else. Each takes about
# equally long. Labs' stored outputs are compared by test-stock; exercises, solutions and copies have none.
NO_OUTPUTS := $(foreach folder,exercises solutions clean_copies,--ignore notebooks/$(folder))
SERIES := tests/stages tests/test_series.py tests/test_explore.py
STARTING := $(patsubst %,tests/test_%.py,kernels service service_limits registry reference retraining \
	batch explorer challenges lab_challenges labs forms extras scorer nasty usual hostile storage deploy)
test: $(READY)
	@$(MAKE) --no-print-directory -j3 --output-sync=target test-line test-starting test-units

test-line: $(READY)
	$(PYTEST) -m "not slow" --nbval --nbval-kernel-name warm notebooks $(SERIES) --ignore notebooks/labs $(NO_OUTPUTS)

test-starting: $(READY)
	$(PYTEST) -m "not slow" $(STARTING)

test-units: $(READY)
	$(PYTEST) -m "not slow" helpers tests .ci $(addprefix --ignore ,$(SERIES) $(STARTING))

# The kernels that Jupyter starts by itself must give the same outputs as the warm ones. Each of the
# two runs side by side takes about half of the time.
WITH_STOCK := $(addprefix tests/test_,airflow.py kubeflow.py dask.py browser.py course_browser.py)
test-all: test $(SCALE)
	@$(MAKE) --no-print-directory -j2 --output-sync=target test-stock test-slow

test-stock: $(SCALE)
	$(PYTEST) --nbval notebooks tests/stages $(NO_OUTPUTS)
	$(PYTEST) -m slow -rs $(WITH_STOCK)

test-slow: $(SCALE)
	$(PYTEST) -m slow -rs tests --ignore tests/stages $(addprefix --ignore ,$(WITH_STOCK))

# Each in a clone of its own, one after the other; some ten minutes a Python
test-pythons: $(READY)
	$(BIN)/python .ci/pythons.py

notebooks: $(READY)
	$(BIN)/python .ci/refresh_notebooks.py
	$(BIN)/python -m helpers.course.course_pages

# The notebooks as pages of Markdown, from their stored outputs: docs/course/
course-pages: $(READY)
	$(BIN)/python -m helpers.course.course_pages

exercises: $(READY)
	$(BIN)/python -m helpers.course.exercises

# Into notebooks/clean_copies/, which git ignores; what stands there already is left alone
clean-copies: $(READY)
	$(BIN)/python -m helpers.course.clean_copies

# The run must exist: make run. Its ledger has the minutes
teaching-table: $(READY)
	$(BIN)/python -m helpers.course.course_table $(if $(RUN),--run $(RUN))

bench: $(READY)
	$(BIN)/python -m benchmarks

# DATA names a folder of benchmark sets: make bench-cleaning DATA=folder
bench-cleaning: $(READY)
	$(BIN)/python -m benchmarks.cleaning $(if $(DATA),--data $(DATA))

# BENCH_PYTHON names a Python that has skrub
bench-exploring: $(READY)
	$(BIN)/python -m benchmarks.exploring $(if $(BENCH_PYTHON),--python $(BENCH_PYTHON))

# POLLOCK names a folder of polluted files; MB is the size of the file that is read for the speed;
# PARTS are those to measure again, such as PARTS="situations speed"
bench-reading: $(READY)
	$(BIN)/python -W ignore -m benchmarks.reading $(PARTS) $(if $(POLLOCK),--pollock $(POLLOCK)) $(if $(MB),--mb $(MB))

bench-setup: $(READY)
	$(BIN)/python -m benchmarks.setup

bench-sources: $(READY)
	$(BIN)/python -W ignore -m benchmarks.sources

# The run must exist: make run
bench-serve: $(READY)
	$(BIN)/python -m benchmarks.serving $(if $(RUN),--run $(RUN))

# The run must exist: make run. EVIDENTLY and NANNYML name Pythons that have these, to set beside
bench-monitor: $(READY)
	$(BIN)/python -W ignore -m benchmarks.monitoring $(if $(EVIDENTLY),--evidently $(EVIDENTLY)) $(if $(NANNYML),--nannyml $(NANNYML))

# SUBJECTS are words of the simulations to run: make bench-statistics SUBJECTS="intervals drift"
bench-statistics: $(READY)
	$(BIN)/python -m benchmarks.statistics $(SUBJECTS)

# BENCH_PYTHON names a Python that has this project and the extra `bench`
bench-models: $(READY)
	$(or $(BENCH_PYTHON),$(BIN)/python) -m benchmarks.models

# The run must exist: make run. RUN names another one
bench-scale: $(SCALE)
	$(BIN)/python -m benchmarks.scale $(if $(RUN),--run $(RUN))

# TABLES, RUNS: make bench-export TABLES="penguins diabetes" RUNS=/tmp/runs
bench-export: $(READY)
	$(BIN)/python -W ignore -m benchmarks.export $(if $(RUNS),--runs $(RUNS)) $(TABLES)

# PARTS, SPLITS, TABLES: make bench-answers PARTS=certainty SPLITS=5 TABLES=wages,diabetes
bench-answers: $(READY)
	$(BIN)/python -W ignore -m benchmarks.answers $(if $(PARTS),--parts $(PARTS)) $(if $(SPLITS),--splits $(SPLITS)) $(if $(TABLES),--tables "$(TABLES)")

bench-faults: $(READY)
	$(BIN)/python -m benchmarks.faults $(if $(KILLS),--kills $(KILLS))

# PARTS are some of its parts: make bench-operations PARTS=forms,log
bench-operations: $(READY)
	$(BIN)/python -W ignore -m benchmarks.operations $(if $(PARTS),--parts $(PARTS))

lab-grid: $(READY)
	$(BIN)/python -W ignore -m helpers.course.labs.what_matters_most

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# From the imports and docstrings, into docs/architecture.md
map: $(READY)
	$(BIN)/python .ci/house_map.py

# The larger lock first: what it holds back is held back in the others, too, so that it only adds.
# Both installers check the hashes by themselves, and take nothing that has none.
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-annotate --no-header --no-emit-index-url --generate-hashes
EXTRAS := --extra dask --extra kubeflow --extra s3 --extra duckdb --extra scale-tests
lock: $(READY)
	@[ -x $(BIN)/uv ] || { echo "make lock needs uv, since pip locks for one system only: $(BIN)/pip install uv"; exit 1; }
	$(COMPILE) --extra all --extra dev $(EXTRAS) pyproject.toml --upgrade -o requirements-scale.lock
	$(COMPILE) --extra all --extra dev pyproject.toml --upgrade -c requirements-scale.lock -o requirements.lock
	$(COMPILE) requirements-setup.in --upgrade -c requirements-scale.lock -o requirements-setup.lock
	$(COMPILE) --extra serve pyproject.toml deploy/requirements.in --upgrade -c requirements.lock -o deploy/requirements.lock
	$(COMPILE) --extra serve --extra track pyproject.toml deploy/requirements.in --upgrade -c requirements.lock -o deploy/requirements-track.lock
	$(MAKE) --no-print-directory licences

# From what is installed, into docs/licences.md
licences: $(READY)
	$(BIN)/python .ci/licences.py

# Known vulnerabilities of what is installed; asks the index, so it needs a network
audit: $(READY)
	@$(BIN)/python .ci/audit.py

clean:
	rm -rf .venv $(AIRFLOW) data/sources .pytest_cache .ruff_cache *.egg-info
	find . -name __pycache__ -prune -exec rm -rf {} +

# The list of everything that can be done; `make` alone prints it.
.DEFAULT_GOAL := help
.PHONY: help start stop status logs demo run_dbt docs psql duckdb spark \
    start_db stop_db apply_schema deploy_flows stop_flows flows load_csv server stop_server register agent \
    test test-system browser test-pythons test-all test-wheel test-spark wheel torture bench lint format lock clean
VENV := .venv
# make status DEMO=1, make psql DEMO=1, make stop DEMO=1: the system of make demo instead of yours.
BRT_WATCH := $(VENV)/bin/brt-watch $(if $(DEMO),--demo)
# Where it is set, every process would compile all that it imports, and take more than twice as long to start.
unexport PYTHONDONTWRITEBYTECODE

help:  ## Print this list
	@grep -hE '^[a-z_-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z_-]+):.*## */  make \1\t/' | expand -t 22

# -- what most people need --

start: $(VENV)/installed  ## Start everything in the background: Postgres, the flows, the page
	@$(BRT_WATCH) start

stop: $(VENV)/bin/brt-watch  ## Stop everything; captured data is never lost
	@$(BRT_WATCH) stop

status: $(VENV)/bin/brt-watch  ## Show the processes, the last poll and the waiting windows
	@$(BRT_WATCH) status

logs: $(VENV)/bin/brt-watch  ## Follow the logs
	@$(BRT_WATCH) logs

demo: $(VENV)/installed  ## Start a separate system with a simulated BRT, its last 6 hours filled in
	@$(BRT_WATCH) demo

run_dbt: $(VENV)/installed  ## Derive the models with dbt now (needs start or start_db)
	@$(BRT_WATCH) transform

docs: $(VENV)/installed  ## Write docs/reference/models.md and dbt's documentation site (needs start or start_db)
	@$(BRT_WATCH) docs

psql: $(VENV)/bin/brt-watch  ## Open psql on the database
	@$(BRT_WATCH) db psql

duckdb: $(VENV)/installed  ## Open a shell for queries on the lake: years of signals, polls and models, without Postgres
	@$(BRT_WATCH) lake shell

spark: $(VENV)/with-spark  ## Derive all models on Spark from the lake: a master and two workers here (needs Java 17)
	@$(BRT_WATCH) lake spark

# -- the small steps --

start_db: $(VENV)/installed  ## Start only the embedded Postgres, with its tables
	@$(BRT_WATCH) db start

stop_db: $(VENV)/bin/brt-watch  ## Stop only Postgres; the capture continues
	@$(BRT_WATCH) db stop

apply_schema: $(VENV)/installed  ## Bring the tables up to date
	@$(BRT_WATCH) db schema

deploy_flows: $(VENV)/installed  ## Start only the Prefect flows, on their schedules
	@$(BRT_WATCH) flow start

stop_flows: $(VENV)/bin/brt-watch  ## Stop only the flows
	@$(BRT_WATCH) flow stop

flows: $(VENV)/installed  ## List the flows, their schedules and labels
	@$(BRT_WATCH) flow list

server:  ## Start a Prefect Server with the flows and an agent, in Docker (docs/how-to/prefect-server.md)
	docker compose --profile server up --detach --build --wait

stop_server:  ## Stop the Prefect Server, the agent first; its data stays
	docker compose --profile server --profile docker-agent stop agent docker-agent
	docker compose --profile server --profile docker-agent down

register: $(VENV)/installed  ## Register the flows with the Prefect Server of BRT_WATCH_PREFECT_API
	@$(BRT_WATCH) flow register

agent: $(VENV)/installed  ## Run an agent of that server here (LABEL=brt-load: only that flow)
	@$(BRT_WATCH) flow agent $(if $(LABEL),--label $(LABEL))

load_csv: $(VENV)/installed  ## Load the closed windows (CSV) into Postgres now
	@$(BRT_WATCH) load

# -- for those who change it --

BIOME := @biomejs/biome@2.6.8

# Each further process imports everything again: a quarter of a minute of processor time.
TOGETHER := -n $(shell getconf _NPROCESSORS_ONLN) --maxprocesses 4 --no-loadscope-reorder

test: $(VENV)/installed  ## Run all tests except test-system, name the ten slowest, and say how much processor time they took
	$(VENV)/bin/python scripts/processor-time $(VENV)/bin/pytest $(TOGETHER) --durations=10 -m "not system"

test-system: $(VENV)/installed  ## Start the system as users do: the demo, ten recorded minutes, agents of Prefect, Postgres, another city, kills
	$(VENV)/bin/python scripts/processor-time $(VENV)/bin/pytest $(TOGETHER) --durations=10 -m system

browser:  ## Install the Chromium for the page's tests (Debian, as root)
	apt-get update -q && apt-get install -yq --no-install-recommends chromium-headless-shell

OLDEST_AND_NEWEST := 3.10 3.13

test-pythons:  ## Run the unit tests on the oldest and the newest Python that are installed, but those that one is enough for
	@for version in $(OLDEST_AND_NEWEST); do \
	    python=$$(scripts/find-python $$version) || { echo "no Python $$version here: left out"; continue; }; \
	    scripts/environment .venv-$$version $$python --no-compile \
	    && .venv-$$version/bin/pytest -q --portable tests/unit || exit 1; \
	done

test-all: $(VENV)/installed  ## Run the tests on more data and chances, and some on Python 3.10, 3.12 and 3.13 too
	$(VENV)/bin/pytest $(TOGETHER) --deep
	@for version in 3.10 3.12 3.13; do \
	    scripts/environment .venv-$$version $$(scripts/find-python $$version) \
	    && .venv-$$version/bin/pytest $(TOGETHER) tests/acceptance tests/unit || exit 1; \
	done

test-wheel: $(VENV)/installed  ## Install the wheel with its dependencies into an empty environment, and start it there
	$(VENV)/bin/pytest -rs --deep tests/acceptance/test_wheel.py

test-spark: $(VENV)/with-spark  ## Run the tests of the models on Spark (needs Java 17), which make test leaves out without it
	$(VENV)/bin/pytest tests/integration/test_spark.py

wheel: $(VENV)/installed  ## Build the wheel into dist/
	rm -rf build dist
	$(VENV)/bin/python -c 'import setuptools.build_meta as backend; backend.build_wheel("dist")'

torture: $(VENV)/installed  ## Kill the processes 250 times at random moments, and count the remaining data
	BRT_WATCH_TORTURE_KILLS=250 $(VENV)/bin/pytest -s tests/integration/test_torture.py tests/unit/test_lake_killed.py

bench: $(VENV)/installed  ## Measure against reference implementations: one line of JSON per result (NAME=load: only that)
	@$(VENV)/bin/python -m bench $(NAME)

lint: $(VENV)/installed  ## Check style and types: Python, the models, and the page's scripts if npx is installed
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/mypy
	cd src/brt_watch/transform/dbt && $(abspath $(VENV))/bin/sqlfluff lint --nocolor models analyses
	@if command -v npx >/dev/null; then npx --yes $(BIOME) lint; else echo "no npx here: the scripts are not checked"; fi

format: $(VENV)/installed  ## Format the code
	$(VENV)/bin/ruff check --fix
	$(VENV)/bin/ruff format

lock:  ## Rewrite requirements.lock from pyproject.toml
	scripts/lock

clean:  ## Remove build products; never touches data/
	rm -rf .venv .venv-3.* build dist src/*.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

# Half a gigabyte, which nothing else needs.
$(VENV)/with-spark: $(VENV)/installed requirements-spark.lock
	@if command -v uv >/dev/null; then add="uv pip install --python $(VENV)/bin/python"; else add="$(VENV)/bin/python -m pip install"; fi; \
	$$add --quiet --require-hashes --no-deps -r requirements-spark.lock
	@touch $@

# The program alone needs no newer lock file: what runs keeps its environment while it is asked and stopped.
$(VENV)/installed: requirements.lock pyproject.toml
$(VENV)/installed $(VENV)/bin/brt-watch:
	@scripts/environment $(VENV) $(PYTHON)

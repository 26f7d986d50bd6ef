# make help
SHELL := /bin/bash
.DEFAULT_GOAL := help

# The first Python on this machine that is new enough.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
# The folder of AWS Lambda's Python, also where a version manager keeps it off the PATH.
PYTHON313 ?= $(shell for p in $$(command -v python3.13) $$HOME/.pyenv/versions/3.13*/bin/python3.13; do \
	$$p -c '' 2>/dev/null && { dirname $$p; break; }; done)
PORT ?= 4599
REGION ?= us-east-2
SEED ?= 1

# A file's tests stay in one process, because they share an embedded AWS; the longest files come first. Those of
# the pick-up tool wait more for their DNS servers than they compute.
SPREAD = .venv/bin/python -m pytest --dist loadfile --no-loadscope-reorder

# Where it is set, each of some thousand processes of the tests compiles all of this again.
unexport PYTHONDONTWRITEBYTECODE
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export SAM_CLI_TELEMETRY := 0

.PHONY: help e2e rebuild-ledger demo test test-stories test-hosts whole onprem distributions faults record storms fleet second-opinion bench tools models release audit local setup servers lint format unit build lock clean

help: ## show this
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

demo: setup ## connect a VPC on an embedded AWS, show the proof, take it all away (about a minute)
	@scripts/install-dns-servers --if-possible
	@.venv/bin/python -m local demo --region $(REGION)

test: setup servers tools lint ## every check, and of each area what every change has to pass (half an hour or more)
	$(SPREAD) -n 3 tests/unit tests/contract tests/template tests/local tests/bench tests/e2e tests/second_opinion tests/release tests/browser
	$(MAKE) --jobs=2 --output-sync=line test-stories test-hosts
	$(SPREAD) -n 3 tests/storm tests/faults
	.venv/bin/python -m pytest tests/fleet

# Both wait more than they compute: the ones for things that take time, the others for DNS servers.
test-stories:
	$(SPREAD) -n 4 tests/story

test-hosts:
	.venv/bin/python -m pytest tests/onprem tests/hostcheck -n 3

whole: ## make test with nothing left out, then storms, fleet, second opinion, distributions: before a release (hours)
	WHOLE=1 $(MAKE) test
	$(MAKE) storms fleet second-opinion distributions

onprem: setup servers tools ## only the tests of the pick-up tool, each with every real DNS server (make test: most of them with one)
	WHOLE=1 .venv/bin/python -m pytest tests/onprem tests/hostcheck -n 4

distributions: setup servers ## the pick-up tool's package on Debian 12, 13 and testing, with their own Python and DNS servers (as root; a quarter of an hour) [TOOL_PACKAGE=x.deb]
	@scripts/install-distributions
	WHOLE=1 .venv/bin/python -m pytest tests/distributions

faults: setup ## one fault at every call, a death at every state: the whole table (fifty minutes)
	WHOLE=1 .venv/bin/python -m pytest tests/faults -n 6

record: setup ## write anew which calls the faults are to strike (on a machine that does nothing else)
	PYTHONPATH=functions .venv/bin/python -m tests.faults.record

storms: setup ## as many storms of events as you like, other ones each time [STORMS=100]
	STORMS=$(or $(STORMS),100) .venv/bin/python -m pytest tests/storm

fleet: setup ## a hundred VPCs tagged in one second, on an AWS that throttles (half an hour) [VPCS=100]
	FLEET_VPCS=$(or $(VPCS),100) FLEET_TIME_SCALE=0.25 .venv/bin/python -m pytest tests/fleet -s

second-opinion: setup .venv-second/.ready ## the workflow under another interpreter, LocalEmu's, and whether it tells the same (a quarter of an hour)
	@.venv/bin/python -m tests.second_opinion.other_interpreter

bench: setup ## time over the floor, calls, cost, starts and growing fleets, ours and others', in virtual time (minutes) [DESIGNS=1]
	PYTHONPATH=functions .venv/bin/python -m bench $(if $(DESIGNS),--designs)

e2e: setup $(if $(CLEANUP),,build) ## the app against your own AWS account: hours, some dollars [YES=1 CLEANUP=1 KEEP=1 ONLY=facts ONPREM=i-... NODE=mi-... HOST=mi-... CLUSTER=default EMAIL=...]
	@PYTHONPATH=functions .venv/bin/python -m e2e $(if $(YES),--yes) $(if $(CLEANUP),--cleanup) $(if $(KEEP),--keep) \
		$(if $(ONLY),--only '$(ONLY)') $(if $(ONPREM),--onprem '$(ONPREM)') $(if $(NODE),--node '$(NODE)') $(if $(HOST),--host '$(HOST)') \
		$(if $(CLUSTER),--cluster '$(CLUSTER)') $(if $(EMAIL),--email '$(EMAIL)')

rebuild-ledger: setup ## find what your stack's ledger has lost, and write it down when you say yes [STACK=private-connectivity VPC=vpc-...]
	@PYTHONPATH=functions:cli .venv/bin/python -m recovery --stack $(or $(STACK),private-connectivity) $(if $(VPC),--vpc $(VPC))

local: setup ## the embedded AWS with the app deployed, for your AWS CLI [PORT=4599 REGION=us-east-2 UNKIND=1 SEED=7]
	@exec .venv/bin/python -m local up --port $(PORT) --region $(REGION) $(if $(UNKIND),--unkind --seed $(SEED))

unit: setup ## only the tests that need no embedded AWS
	.venv/bin/python -m pytest tests/unit tests/contract tests/template

lint: setup ## ruff, mypy
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy functions cli onprem/ecs_anywhere_dns onprem/ecs_anywhere_check local bench recovery e2e tests

format: setup ## let ruff format and mend
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

build: setup ## sam build, with the python3.13 of this machine or of its pyenv
	PATH="$(PYTHON313):$$PATH" .venv/bin/sam build

servers: ## the DNS servers and the browser that the tests run (Debian, Ubuntu; root or sudo; never started)
	@scripts/install-dns-servers

tools: .venv-tools/.ready ## other people's validators and evaluators, and what builds a release, into .venv-tools

.venv-tools/.ready: requirements-tools.lock tests/second_opinion/package-lock.json
	@scripts/install-tools $(PYTHON)

setup: .venv/.ready .venv-lambda/.ready ## install what all of this needs, into .venv and .venv-lambda

.venv/.ready: requirements-dev.lock
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: install it, or make PYTHON=/path/to/it"; exit 1; }
	@echo "installing the tools into .venv, once; this takes a minute or two"
	@$(PYTHON) -m venv .venv
	@.venv/bin/pip install --quiet -r requirements-dev.lock
	@touch $@

.venv-lambda/.ready: requirements-runtime.lock
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: install it, or make PYTHON=/path/to/it"; exit 1; }
	@$(PYTHON) -m venv .venv-lambda
	@.venv-lambda/bin/pip install --quiet -r requirements-runtime.lock
	@touch $@

# With the Python of AWS Lambda, as LocalEmu runs the functions with its own.
.venv-second/.ready: requirements-second.lock
	@test -n "$(PYTHON313)" || { echo "Python 3.13 is needed, which is AWS Lambda's: make PYTHON313=/the/folder/of/it"; exit 1; }
	@echo "installing LocalEmu into .venv-second, once; this takes a minute or two"
	@$(PYTHON313)/python3.13 -m venv .venv-second
	@.venv-second/bin/pip install --quiet -r requirements-second.lock
	@touch $@

lock: ## pin the newest versions of what the *.in files ask for
	.venv/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --custom-compile-command "make lock" --generate-hashes functions/requirements.in -o functions/requirements.txt
	.venv/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --custom-compile-command "make lock" --generate-hashes onprem/pyproject.toml -o onprem/requirements.lock
	.venv/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --custom-compile-command "make lock" requirements-dev.in -o requirements-dev.lock
	.venv/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --custom-compile-command "make lock" requirements-runtime.in -c requirements-dev.lock -o requirements-runtime.lock
	.venv/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --custom-compile-command "make lock" requirements-tools.in -o requirements-tools.lock
	.venv/bin/uv pip compile --quiet --upgrade --python-version 3.13 --custom-compile-command "make lock" requirements-second.in -o requirements-second.lock

models: setup ## cut the SDK's models down to what the functions call, after an adapter or a pin has changed
	.venv/bin/python scripts/cut_models.py

release: setup tools ## the wheels, the packages, the app, their SBOMs and checksums, into dist; the same bytes each time
	.venv-tools/bin/python scripts/release.py dist
	.venv-tools/bin/python scripts/keep_release.py

audit: tools ## known vulnerabilities of what ships, where the index has advisory data
	.venv-tools/bin/pip-audit --disable-pip -r functions/requirements.txt -r onprem/requirements.lock

clean: ## remove everything that make made
	rm -rf .venv .venv-lambda .venv-tools .venv-second tests/second_opinion/node_modules dist .local .aws-sam .mypy_cache .ruff_cache .pytest_cache .hypothesis

# Every target sets up what it needs by itself: Python 3.11 to 3.14 and make are enough.
UV_VERSION := 0.13.9
BIN := .venv/bin
SAM := .venv-sam/bin/sam
SCAN := .venv-scan/bin
EVENT ?= events/create.json
SEEDS ?= 1-1000
SEED ?= 1
SIMULATION = PYTHONPATH=provider:failure_responder:cli $(BIN)/python -m tests.simulation
ENVIRONMENT ?= default
ifndef TEMPLATE
TEMPLATE := examples/several-streams.yaml
PARAMETERS ?= StreamNames=orders,payments,page-views,invoices KeyId=alias/platform
endif

# What is imported again and again is compiled once, also where the environment says otherwise, as in many containers.
unexport PYTHONDONTWRITEBYTECODE
INSTALL := $(BIN)/uv pip install --quiet --compile-bytecode --require-hashes

.DEFAULT_GOAL := help
.PHONY: help setup demo record invoke plan audit check test simulate replay mutants mutate bench examples code lint scan \
  advisories format build dist deploy draw lock clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-12s%s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: .venv/.ready .venv-engines/.ready .venv-sam/.ready ## Install everything, into this folder only

.venv/.uv:
	@python=$${PYTHON:-$$(sh tools/find-python.sh)} && "$$python" --version && "$$python" -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@touch $@

.venv/.ready: requirements/dev.txt provider/requirements.txt | .venv/.uv
	@echo "Installing the product's packages and the tests' ..."
	@$(INSTALL) --python $(BIN)/python -r requirements/dev.txt
	@touch $@

.venv-engines/.ready: requirements/engines.txt requirements/package-lock.json | .venv/.uv
	@echo "Installing the embedded AWS (MiniStack and kinesis-local), and asl-validator ..."
	@$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python .venv-engines
	@$(INSTALL) --python .venv-engines/bin/python -r requirements/engines.txt
	@sh tools/npm-ci.sh
	@touch $@

.venv-sam/.ready: requirements/sam.txt | .venv/.uv
	@echo "Installing SAM, which brings AWS's runtime interface emulator ..."
	@$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python .venv-sam
	@$(INSTALL) --python .venv-sam/bin/python -r requirements/sam.txt
	@touch $@

.venv-scan/.ready: requirements/scan.txt | .venv/.uv
	@echo "Installing the scanners ..."
	@$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python .venv-scan
	@$(INSTALL) --python .venv-scan/bin/python -r requirements/scan.txt
	@touch $@

benchmarks/node_modules/.ready: benchmarks/package-lock.json | .venv-engines/.ready
	@echo "Installing the AWS CDK, a peer in the benchmarks ..."
	@sh benchmarks/npm-ci.sh
	@touch $@

.venv-cdk/.ready: requirements/cdk.txt | .venv/.uv
	@echo "Installing the AWS CDK's Python library ..."
	@$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python .venv-cdk
	@$(INSTALL) --python .venv-cdk/bin/python -r requirements/cdk.txt
	@touch $@

demo: setup ## Deploy into the emulator, and take a stream from Create to Delete
	@$(BIN)/python -m local.demo

record: setup ## The same, with pictures for the docs: docs/demo.svg and docs/create.svg
	@$(BIN)/python -m local.demo --record

invoke: setup ## Run the function with one event: make invoke EVENT=events/create.json
	@$(BIN)/python -m local.invoke $(EVENT)

plan: setup ## Show the command plan on the emulator: make plan TEMPLATE=examples/… PARAMETERS="Name=value …" STACK=…
	@$(BIN)/python -m local.plan plan $(TEMPLATE) $(addprefix --parameter ,$(PARAMETERS)) $(addprefix --stack-name ,$(STACK))

audit: setup ## Show the command audit on the emulator
	@$(BIN)/python -m local.plan audit

# The tests of parts cover every branch. Those of the whole provider need no coverage, which would double their time.
WHOLE := tests/contract tests/simulation tests/lives tests/stack
PYTEST := $(BIN)/python -m pytest

check: setup code ## The inner loop of a change: form, types, and the tests of parts; about a minute
	@$(PYTEST) -n 2 --dist worksteal $(WHOLE:%=--ignore=%)

test: setup ## All the tests: those of parts, then those of the whole provider, simulated and on the embedded AWS
	@$(PYTEST) -n 2 --dist worksteal $(WHOLE:%=--ignore=%) --cov --cov-fail-under=100
	@# Six at once, since many of them wait. Those of the embedded AWS go by real seconds: on a crowded machine one can be
	@# late, and is tried once more, alone.
	@$(PYTEST) -n 6 --dist worksteal $(WHOLE) || $(PYTEST) --last-failed --last-failed-no-failures none $(WHOLE)

simulate: .venv/.ready ## Run random worlds of failures: make simulate SEEDS=1-1000 (WATCH=1: with the watch; GRANTS=1: of grants), or SEEDS=lifecycles
	@$(SIMULATION) $(if $(filter lifecycles,$(SEEDS)),lifecycles,$(if $(GRANTS),grants,$(if $(WATCH),watch,seeds)) $(SEEDS))

replay: .venv/.ready ## Show one of these worlds: make replay SEED=42
	@$(SIMULATION) $(if $(GRANTS),replay-grants,$(if $(WATCH),replay-watch,replay)) "$(SEED)"

mutants: .venv/.ready ## How often the simulation finds planted bugs: make mutants SEEDS=1-300
	@$(SIMULATION) mutants $(SEEDS)

mutate: .venv/.ready ## Mutation testing, about ten minutes
	@sh tests/mutate.sh $(BIN)

bench: setup benchmarks/node_modules/.ready ## Measure speed and cost, compared with other tools: make bench, or make bench ONLY="lag calls"
	@PYTHONPATH=provider:failure_responder:cli $(BIN)/python -m benchmarks $(ONLY)

examples: .venv-cdk/.ready benchmarks/node_modules/.ready ## Synthesize the CDK examples, and compare them with examples/cdk/synthesized.template.json
	@$(BIN)/python -m tools.synth_examples

code: .venv/.ready
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy

lint: setup code ## ruff, mypy, cfn-lint, asl-validator, sam validate; actionlint and schemas for the pipelines
	@$(BIN)/cfn-lint template.yaml deploy/*.yaml examples/*.yaml examples/cdk/*.json
	@sh tools/asl-validate.sh statemachine/*.asl.json
	@$(BIN)/python -m tools.draw_states --check
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	@$(BIN)/check-jsonschema --quiet --schemafile deploy/buildspec.schema.json deploy/buildspec*.yml
	@sh tools/actionlint.sh .github/workflows/*.yml
	@SAM_CLI_TELEMETRY=0 $(SAM) validate --lint --region us-east-1 --template-file template.yaml

scan: .venv-scan/.ready ## Find unsafe templates (checkov), code (bandit) and workflows (zizmor)
	@$(SCAN)/checkov --directory . --framework cloudformation github_actions --skip-path '\.venv' --skip-download --compact --quiet
	@$(SCAN)/bandit --quiet --recursive provider failure_responder cli local tools
	@$(SCAN)/zizmor --offline --quiet --persona pedantic --no-progress .github/workflows

advisories: .venv-scan/.ready ## Find known vulnerabilities of pinned packages (pip-audit, which asks PyPI)
	@$(SCAN)/pip-audit --progress-spinner off --disable-pip --require-hashes --strict -r provider/requirements.txt \
	  -r requirements/dev.txt -r requirements/engines.txt -r requirements/sam.txt -r requirements/scan.txt

format: .venv/.ready ## Format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

build: .venv-sam/.ready ## Build the artifact with SAM (needs the template's Python on the PATH)
	@SAM_CLI_TELEMETRY=0 $(SAM) build

dist: .venv/.ready .venv-sam/.ready ## Build a release into dist/: the command's wheel, and a zip for sam deploy
	@$(BIN)/python -m tools.release

deploy: .venv-sam/.ready ## Deploy the build without questions: make deploy ENVIRONMENT=staging
	@SAM_CLI_TELEMETRY=0 $(SAM) deploy --config-env $(ENVIRONMENT) --no-confirm-changeset --no-fail-on-empty-changeset

draw: .venv/.ready ## Draw the state machine and the architecture for the docs
	@$(BIN)/python -m tools.draw_states
	@$(BIN)/python -m tools.draw_architecture

lock: .venv/.uv ## Update the pinned dependencies and their hashes
	@sh tools/lock.sh $(BIN)/uv

clean: ## Remove everything that was installed or built in this folder
	@rm -rf .venv .venv-engines .venv-sam .venv-scan .venv-cdk benchmarks/node_modules mutants .aws-sam .local dist build \
	  *.egg-info */*.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage .coverage.*
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Two commands: `make demo` and `make test`. Both need only Python 3.11+ and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: demo serve test eval load bench check setup clean

demo: setup ## build the index of seeds/ and answer a question
	@$(BIN)/askpkcn index seeds
	$(BIN)/askpkcn ask "How many agreements did Kakar sign in China?"

serve: setup ## answer on http://127.0.0.1:8000, with a page for people
	@$(BIN)/askpkcn index seeds
	$(BIN)/askpkcn serve

eval: setup ## score the shipped engine on the hand-written questions
	@$(BIN)/askpkcn index seeds
	$(BIN)/askpkcn eval

load: setup ## measure the service under load, in about six minutes; docs/performance.md shows the tables
	@$(BIN)/askpkcn index seeds
	$(BIN)/python benchmarks/load.py

# READING=folder of SQuAD files: real paragraphs for the growth, which are those of seeds/ without it.
bench: setup ## measure stages, growth and peers into benchmarks/results/, in about an hour; the peers take 6 GB
	@test -f index/CURRENT || $(BIN)/askpkcn index seeds
	@mkdir -p benchmarks/results
	$(BIN)/python benchmarks/stages.py > benchmarks/results/stages.md
	$(BIN)/python benchmarks/growth.py $(if $(READING),--reading $(READING)) > benchmarks/results/growth.md
	$(BIN)/python benchmarks/peers/run.py > benchmarks/results/peers.md
	@cat benchmarks/results/*.md

test: setup check ## lint, types and tests, as CI runs them
	$(BIN)/python -m pytest

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

setup: $(INSTALLED)

# pip before 25.1 knows no dependency groups, so it is brought up to date first.
$(INSTALLED): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "askpkcn needs Python 3.11 or newer; name one with make PYTHON=python3.12"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --editable ".[eval]" --group dev
	touch $(INSTALLED)

clean: ## remove what the two commands made
	rm -rf $(VENV) index

# make demo    measure once and show it: the first notebook, run here          make lab     JupyterLab with that notebook
# make test    ruff, pyright, pytest                                           make bench   every instrument beside its peer
# make clean   back to a fresh clone
#
# Each makes .venv by itself with $(PYTHON), and takes seconds when nothing has changed. None needs Node.js.

PYTHON ?= python3
# processes of pytest; each computes with one thread
JOBS ?= 2
# more to say: make test ARGS='-m slow', make lab ARGS=--no-browser
ARGS ?=

BIN   := .venv/bin
FIRST := notebooks/00_first_reading.ipynb
# What an editable install depends on: Python sources are used where they lie.
BUILD := pyproject.toml constraints.txt hatch_build.py $(wildcard labextension/*.json labextension/*.mjs notebooks/[0-9]*.ipynb) $(shell find labextension/src labextension/style -type f)

.PHONY: demo lab test bench clean
.DELETE_ON_ERROR:

demo: build/first_reading.html
	@cat build/first_reading.txt
	@echo "The figures are in build/first_reading.html. Go on with"
	@echo "    make lab     the same notebook in JupyterLab, to change and run again"
	@echo "    make test    the tests"
	@echo "and README.md."

build/first_reading.html: .venv/.lab $(FIRST) notebooks/demo.py $(shell find jupyter_phys -name '*.py')
	@echo "Running $(FIRST), less than a minute."
	@$(BIN)/python notebooks/demo.py $(FIRST) $@

lab: .venv/.lab
	$(BIN)/jupyter lab $(FIRST) $(ARGS)

# threads that wait without spinning: on a busy machine spinning costs several times the work
demo lab build/first_reading.html: export OMP_WAIT_POLICY := PASSIVE

test: export OMP_NUM_THREADS := 1
test: .venv/.dev
	$(BIN)/ruff check
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/python -m pytest -n $(JOBS) --dist loadgroup $(ARGS)

bench: .venv/.dev
	$(BIN)/python -m benchmarks

clean:
	rm -rf .venv build dist jupyter_phys/labextension jupyter_phys/static labextension/lib labextension/node_modules
	rm -rf .hypothesis .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "jupyter_phys needs Python 3.11 or newer, and '$(PYTHON)' is not that."; \
	  echo "Name one:  make $(MAKECMDGOALS) PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -m venv .venv

.venv/.lab .venv/.dev: .venv/.%: .venv/bin/python $(BUILD)
	@echo "Installing jupyter_phys[$*] into .venv: minutes the first time, seconds later."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[$*]'
	@test -e jupyter_phys/labextension/package.json || { \
	  echo "The front end is not built: that takes Node.js >= 20.19. JupyterLab shows readings as HTML and PNG."; \
	  echo "Once Node.js is here:  make -B lab"; }
	@touch $@

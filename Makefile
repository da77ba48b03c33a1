# One command each. `make demo` runs the main job; `make test` passes the tests.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
# Says which Python the environment was built with: another one builds it anew.
DEPENDENCIES := .venv/dependencies-$(subst /,-,$(PYTHON))
# jsonatapy, which evaluates the expressions in mappings, has wheels for these.
WRONG_PYTHON := "Python 3.11, 3.12 or 3.13 is needed, and this is " + sys.version.split()[0] + "; set PYTHON=python3.11"

.PHONY: demo test check bench chaos clean

demo: .venv/installed
	$(BIN)/m3-walmart demo $(ARGS)

test: .venv/installed
	$(BIN)/pytest $(ARGS)

check: .venv/installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy .
	$(BIN)/lint-imports --config pyproject.toml

bench: .venv/installed
	$(BIN)/python -m bench $(ARGS)

chaos: .venv/installed
	$(BIN)/python -m tests.chaos $(ARGS)

.venv/installed: $(DEPENDENCIES) pyproject.toml
	$(PIP) install --no-deps --no-build-isolation -e .
	touch $@

# Built anew, so that nothing an earlier lock file or another PYTHON had is left in it.
$(DEPENDENCIES): requirements-dev.txt
	@command -v $(PYTHON) > /dev/null || { echo "there is no $(PYTHON); set PYTHON=python3.11"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13) and $(WRONG_PYTHON))'
	$(PYTHON) -m venv --clear .venv
	$(PIP) install --require-hashes -r requirements-dev.txt
	touch $@

clean:
	rm -rf .venv .m3-walmart

# Every task works from a fresh clone with Python (3.11 or newer) and make, in one command.
#
#   make PYTHON=python3.13 test     with another Python
#   make test TEST_ARGS='-k push'   TEST_ARGS, LAB_ARGS and BENCH_ARGS are handed on

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TOUR := notebooks/00_tour.ipynb
IMAGES := notebooks/01_images.ipynb

.DEFAULT_GOAL := help
.PHONY: help lab tour test peers bench check lock clean force
MAKEFLAGS += --no-builtin-rules --no-print-directory

# $(call quietly,what,command): one line when it works, everything it said when it does not.
quietly = @mkdir -p build; printf '%s ... ' '$(1)'; \
	if $(2) >build/$(@F).log 2>&1; then echo ok; \
	else echo failed; cat build/$(@F).log; exit 1; fi

# $(call executed,name,notebook): build/name.html of the notebook as it runs.
executed = JUPYTER_NO_CONFIG=1 $(BIN)/jupyter-nbconvert --execute --to html \
	--ExecutePreprocessor.store_widget_state=False --output-dir build --output $(1) $(2)

# $(call install,pip arguments): the last lines of what pip said when it does not work.
install = $(BIN)/python -m pip install --quiet --disable-pip-version-check $(1) >build/install.log 2>&1 || { \
	tail -n 15 build/install.log; \
	echo "Could not install the packages above into $(VENV): see build/install.log."; \
	echo "Is the network there? Then the same command again takes it from the start."; exit 1; }

help: ## what there is to make
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-13s %s\n", $$1, $$2 }'

lab: $(VENV)/.installed ## open the tour in JupyterLab
	@$(BIN)/jupyter-lab --log-level=WARN --LabApp.extension_manager=readonly \
		$(if $(filter 0,$(shell id -u)),--allow-root) $(LAB_ARGS) $(TOUR)

tour: $(VENV)/.installed ## run the notebooks without a browser and write build/tour.html and build/images.html
	$(call quietly,Running $(TOUR),$(call executed,tour,$(TOUR)))
	$(call quietly,Running $(IMAGES),$(call executed,images,$(IMAGES)))
	@echo build/tour.html build/images.html

test: $(VENV)/.installed ## run the tests; what was skipped, and why, is told at the end
	@$(BIN)/python -m pytest -q -rfEs $(TEST_ARGS)

peers: ## bring real registries and clients into .peers/bin, for the tests that talk to them
	@$(require_python)
	@$(PYTHON) tests/peers/build

bench: $(VENV)/.installed build/bench-venv/.filled ## measure speed and memory beside other clients
	@$(BIN)/python -m benchmarks $(BENCH_ARGS)

check: $(VENV)/.installed ## lint, format, types, and which module may import which
	$(call quietly,ruff check,$(BIN)/ruff check --output-format concise .)
	$(call quietly,ruff format,$(BIN)/ruff format --check .)
	$(call quietly,mypy,$(BIN)/mypy)
	$(call quietly,lint-imports,$(BIN)/lint-imports)

lock: ## pin the newest versions of the development environment in .ci/requirements.txt
	@$(require_python)
	@test -x build/uv/bin/uv || { $(PYTHON) -m venv --clear build/uv && \
		build/uv/bin/python -m pip install --quiet --disable-pip-version-check uv; }
	@UV_CUSTOM_COMPILE_COMMAND='make lock' build/uv/bin/uv pip compile pyproject.toml \
		--extra lab --group dev --universal --python-version 3.11 --generate-hashes --upgrade \
		--no-emit-index-url --no-emit-find-links --quiet --output-file .ci/requirements.txt

clean: ## remove everything that was made
	rm -rf $(VENV) .peers build dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The environment. A half-made one has no .filled, and is made again from the start.

define require_python
$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	echo "ocinb needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>/dev/null || echo 'not there')."; \
	echo "Name another one: make PYTHON=python3.13 $(MAKECMDGOALS)"; exit 1; }
endef

# Clients written in Python that the benchmarks run have one of their own; without it, they are told missing.
build/bench-venv/.filled: benchmarks/requirements.txt | $(VENV)/.installed
	@mkdir -p build
	@{ $(BIN)/python -m venv --clear $(@D) && $(@D)/bin/python -m pip install --quiet \
		--disable-pip-version-check --require-hashes -r $< && touch $@; } >build/bench-venv.log 2>&1 || \
		echo "oras-py and dxf could not be installed (build/bench-venv.log); the others are measured."

version_of = $(shell $(1) -c 'import sys; print(sys.version)' 2>/dev/null)

# Somebody who names a Python gets that one.
ifneq ($(origin PYTHON),file)
ifneq ($(call version_of,$(PYTHON)),$(call version_of,$(BIN)/python))
$(VENV)/.filled: force
endif
endif

$(VENV)/.filled: .ci/requirements.txt
	@$(require_python)
	@echo "Making $(VENV) with $$($(PYTHON) --version) (once, about a minute)"
	@mkdir -p build
	@$(PYTHON) -m venv --clear $(VENV) >build/install.log 2>&1 || { cat build/install.log; exit 1; }
	@$(call install,--require-hashes -r .ci/requirements.txt)
	@touch $@

$(VENV)/.installed: $(VENV)/.filled pyproject.toml
	@mkdir -p build
	@$(call install,--no-deps --no-build-isolation --editable .)
	@$(BIN)/python -m pip check >build/install.log 2>&1 || { cat build/install.log; \
		echo "pyproject.toml and .ci/requirements.txt disagree: make lock"; exit 1; }
	@touch $@

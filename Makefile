# One command each; `make` alone lists them. Nothing is reinstalled until one of $(SOURCES) changes.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules
export PYTHON

BIN := .venv/bin
SOURCES := pyproject.toml constraints.txt scripts/bootstrap.sh $(shell find adapters/mypaint/native -type f 2>/dev/null)
PHOTO ?= configs/samples/chelsea.jpg
OUT ?= painting
ARGS ?=
TESTS ?= tests

.PHONY: help
help: ## list these commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 18

.PHONY: install
install: .venv/.installed-runtime ## install what painting needs into .venv

.PHONY: venv
venv: .venv/.installed-develop ## install what development needs, too (tests, training)

.venv/.installed-runtime: $(SOURCES)
	@sh scripts/bootstrap.sh runtime

.venv/.installed-gui: $(SOURCES)
	@sh scripts/bootstrap.sh gui

.venv/.installed-develop: $(SOURCES)
	@sh scripts/bootstrap.sh develop

.venv/.installed-bench: $(SOURCES)
	@sh scripts/bootstrap.sh bench

.PHONY: paint
paint: .venv/.installed-runtime ## paint a photo: make paint [PHOTO=my.jpg] [OUT=painting] [ARGS="--strokes 800"]
	$(BIN)/spiral paint "$(PHOTO)" -o "$(OUT)" $(ARGS)

.PHONY: gui
gui: .venv/.installed-gui ## open the desktop studio: make gui [PHOTO=my.jpg]
	$(BIN)/spiral-gui $(if $(filter command,$(origin PHOTO)),"$(PHOTO)")

.PHONY: test
test: check ## all checks, then all tests
	$(BIN)/pytest $(TESTS)

.PHONY: check
check: .venv/.installed-develop ## formatting, lint, types, import contracts
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports

.PHONY: fix
fix: .venv/.installed-develop ## format and mend what can be mended
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

.PHONY: golden
golden: .venv/.installed-develop ## write the golden files anew (look at the difference!)
	$(BIN)/pytest $(TESTS) --update-golden

.PHONY: translations
translations: .venv/.installed-gui ## bring the studio's translations up to date (needs Qt's lrelease)
	$(BIN)/python -m gui.translations.update

.PHONY: bench
bench: .venv/.installed-bench ## measure speed and painting quality, print ratios
	@status=0; for script in tests/benchmarks/bench_*.py; do $(BIN)/python "$$script" || status=1; done; exit $$status

.PHONY: soak
soak: .venv/.installed-develop ## the tests with many more random examples (an hour)
	HYPOTHESIS_PROFILE=soak $(BIN)/pytest $(TESTS)

.PHONY: clean
clean: ## remove builds, caches and paintings; keep .venv
	rm -rf build dist painting .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .benchmarks
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +

.PHONY: distclean
distclean: clean ## remove .venv, too
	rm -rf .venv

# make app     serve the app on http://127.0.0.1:8501
# make test    everything that must hold: make check, then all tests
# make proof   what must hold of thousands of random files, of each line spoilt, of the sample mill and of the
#              articles' presets in the browser; takes hours
# make check   lint, format and types, of Python and of the pages' JavaScript
# make docs    docs/api.md from the docstrings
# make audit   the known vulnerabilities of what requirements.txt installs; needs the network
# make bench   the speed figures, each against its reference
#
# Each sets up what it needs in .venv first. Another Python: make app PYTHON=python3.12

PYTHON ?= python3
# In the order of their folders: the slow files of the browser then do not come last, one beside an idle core.
PYTEST_ARGS ?= --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

SCRIPTS := rare_event/ui/threshold_explorer rare_event/ui/compare rare_event/report
VENV := .venv
RUN := $(VENV)/bin/python -m

.PHONY: app test proof check docs audit bench

app: $(VENV)/app.stamp
	$(RUN) streamlit run app.py

test: check
	$(RUN) pytest $(PYTEST_ARGS)

proof: $(VENV)/test.stamp
	$(RUN) pytest $(PYTEST_ARGS) tests/proof tests/app/proof tests/browser/proof

check: $(VENV)/test.stamp
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(RUN) mypy
	$(VENV)/bin/oxlint --deny-warnings $(SCRIPTS)
	$(VENV)/bin/oxfmt --check $(SCRIPTS)

docs: $(VENV)/test.stamp
	$(RUN) docs.make_api
	$(RUN) docs.make_checks

audit: $(VENV)/app.stamp
	$(RUN) pip install --quiet --group audit
	$(VENV)/bin/python .ci/audit.py

bench: $(VENV)/app.stamp
	$(RUN) rare_event bench

# pip 25.1 is the first that installs dependency groups. TensorFlow would keep the setuptools that came with Python,
# which has known vulnerabilities; 78.1.1 is the first without.
$(VENV)/app.stamp: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; name one with PYTHON=.")'
	$(PYTHON) -m venv $(VENV)
	$(RUN) pip install --upgrade "pip>=25.1" "setuptools>=78.1.1"
	$(RUN) pip install -r requirements.txt
	$(RUN) pip install --no-deps --editable .  # `import rare_event` and `rare-event` from any folder
	touch $@

$(VENV)/test.stamp: $(VENV)/app.stamp
	$(RUN) pip install -r requirements.txt --group test
	touch $@

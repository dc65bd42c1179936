# Each target makes what it needs first. All of it, caches included, stays in this folder.
.PHONY: help demo test lint format ledger test-devices test-web test-clients test-families test-calibration test-kernels test-heads test-mpnet test-bulk conformance bench-peers bench-training bench-translation bench-translation-speed bench-forms bench-ecosystem bench-providers bench-web bench-server bench-bulk venv clean

bin := .venv/bin
kernels := runtimes/kernels
servers := edgebert infinity infinity-optimum sentence-transformers
kernel_sources := $(wildcard $(addprefix $(kernels)/,*.py *.toml edgebert_kernels/*.py source/* source/*/*))
export XDG_CACHE_HOME := $(CURDIR)/.cache
export PIP_CACHE_DIR := $(CURDIR)/.cache/pip
export npm_config_cache := $(CURDIR)/.cache/npm
export MPLCONFIGDIR := $(CURDIR)/.cache/matplotlib
unexport PYTHONPATH

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-16s %s\n", $$1, $$2 }' Makefile

demo: .venv/kernels ## train, distil, export, quantize, check, time and use a BERT: out/demo
	$(bin)/edgebert demo -o out/demo --force

test: lint ## lint, then run every test
	@mkdir -p .cache
	$(bin)/pytest -n auto --dist loadfile --no-loadscope-reorder \
		--basetemp=.cache/tests --junitxml=.cache/tests.xml

lint: .venv/kernels ## style, layers and types
	$(bin)/ruff check
	$(bin)/ruff format --check
	$(bin)/lint-imports
	$(bin)/mypy

format: .venv/ready ## put the code into the project's style
	$(bin)/ruff check --fix
	$(bin)/ruff format

test-devices: .venv/kernels .cache/devices/kernels ## the same vectors on other CPUs, under qemu (TEXTS=, DEVICES=, BUNDLES=, OUT=)
	PYTHONPATH=tests $(bin)/python -m devices $(BUNDLES) $(addprefix --texts ,$(TEXTS)) \
		$(addprefix --device ,$(DEVICES)) $(addprefix -o ,$(OUT))

test-families: .venv/kernels ## every family as it is published: fused, proved, at what cost (FAMILIES=, SHORT=1, OUT=)
	PYTHONPATH=tests $(bin)/python -m published $(FAMILIES) $(if $(SHORT),--short) \
		-o $(or $(OUT),out/families.json)

test-calibration: .venv/kernels ## int8 MiniLM calibrated on one kind of text, measured on six (KINDS=, TEXTS=, TIMES=, OUT=)
	PYTHONPATH=tests $(bin)/python -m calibration $(KINDS) $(addprefix --texts ,$(TEXTS)) \
		$(addprefix --layer-times ,$(TIMES)) -o $(or $(OUT),out/calibration.json)

test-kernels: .venv/kernels ## the native kernels: inner loops, sanitizers, bits on other CPUs, all platforms (SHORT=1)
	PYTHONPATH=tests:$(kernels) $(bin)/python -m kernels $(if $(SHORT),--short)

test-heads: .venv/kernels ## a tagger, a reranker and a reader that were really trained, as int8 (HEADS=, OUT=)
	PYTHONPATH=tests $(bin)/python -m heads $(HEADS) $(addprefix -o ,$(OUT))

test-mpnet: .venv/kernels .cache/mpnet/ready ## the real all-mpnet-base-v2: export, quantize, drift, at what cost (OUT=)
	PYTHONPATH=tests $(bin)/python -m mpnet -o $(or $(OUT),out/mpnet.json)

test-bulk: .venv-bulk/ready ## runs over many files in the real Ray, and whatever can be killed (BUNDLE=, STEPS=)
	PYTHONPATH=tests .venv-bulk/bin/python -m bulk $(BUNDLE) $(addprefix --step ,$(STEPS))

test-web: .venv/kernels .cache/web/ready ## the client for JavaScript in Node and Chromium (BUNDLES="FP32 INT8", STEPS=, OUT=)
	PYTHONPATH=tests $(bin)/python -m web $(BUNDLES) $(addprefix --step ,$(STEPS)) $(addprefix -o ,$(OUT))

test-clients: .venv/kernels .venv-clients/ready ## the server asked by others' clients, and by what breaks servers (BUNDLES=INT8, STEPS=, SECONDS=, EXAMPLES=)
	PYTHONPATH=tests $(bin)/python -m clients $(BUNDLES) $(addprefix --step ,$(STEPS)) \
		$(addprefix --seconds ,$(SECONDS)) $(addprefix --examples ,$(EXAMPLES))

bench-web: .venv/kernels .cache/web/ready ## the client beside transformers.js (BUNDLES="NAME=FOLDER", PLACES=, OUT=)
	PYTHONPATH=tests $(bin)/python -m benchmarks.web $(BUNDLES) $(addprefix --place ,$(PLACES)) $(addprefix -o ,$(OUT))

bench-server: .venv/kernels $(servers:%=.venv-servers/%/ready) ## the server beside infinity and others (BUNDLES="FP32 INT8", QUICK=1, OUT=)
	PYTHONPATH=tests $(bin)/python -m benchmarks.server $(BUNDLES) $(if $(QUICK),--quick) $(addprefix -o ,$(OUT))

.venv-servers/%/ready: tests/benchmarks/server/setup tests/benchmarks/server/pins/%.txt | .venv/kernels
	tests/benchmarks/server/setup $*

.venv-servers/edgebert/ready: tests/benchmarks/server/setup constraints.txt pyproject.toml .venv/kernels
	tests/benchmarks/server/setup edgebert

.cache/web/ready: tests/web/setup tests/web/package-lock.json runtimes/web/package-lock.json
	tests/web/setup

.venv-clients/ready: tests/clients/setup tests/clients/constraints.txt tests/clients/package-lock.json | .venv/ready
	tests/clients/setup

.cache/mpnet/ready: tests/mpnet/setup | .venv/ready
	tests/mpnet/setup

.cache/devices/ready: tests/devices/setup constraints.txt | .venv/ready
	tests/devices/setup

.cache/devices/kernels: tests/devices/kernels .cache/devices/ready $(kernel_sources) | .venv/kernels
	tests/devices/kernels

conformance: .venv/kernels ## make anew what the tests of all clients read: runtimes/conformance
	PYTHONPATH=tests $(bin)/python -m conformance

ledger: .venv/kernels ## measure this version, and hold it against the one before (WHY=)
	PYTHONPATH=tests $(bin)/python -m benchmarks.ledger $(if $(WHY),--why "$(WHY)")

bench-peers: .venv-peers/kernels ## edgebert beside other runtimes: out/bench-peers (QUICK=1, PEERS=, OUT=)
	PYTHONPATH=tests .venv-peers/bin/python -m benchmarks $(if $(QUICK),--quick) \
		$(addprefix --peer ,$(PEERS)) -o $(or $(OUT),out/bench-peers$(if $(QUICK),-quick))

bench-training: .venv/kernels .cache/mpnet/ready ## models trained by recipe, held against published figures (ROWS=, OUT=)
	PYTHONPATH=tests $(bin)/python -m benchmarks.training $(ROWS) $(addprefix -o ,$(OUT))

bench-translation: .venv/kernels ## translators trained by recipe, beside a Transformer without a BERT (ROWS=, PAGE=1, OUT=)
	PYTHONPATH=tests $(bin)/python -m benchmarks.translation $(ROWS) $(if $(PAGE),--page) $(addprefix -o ,$(OUT))

bench-translation-speed: .venv/kernels .venv-ctranslate2/ready ## a translator beside CTranslate2 with its weights (MODEL=checkpoint, QUICK=1, PAGE=1, OUT=)
	PYTHONPATH=tests $(bin)/python -m benchmarks.translation.speed $(MODEL) $(if $(QUICK),--quick) $(if $(PAGE),--page) $(addprefix -o ,$(OUT))

bench-forms: .venv/kernels ## the choices behind the graph of target cpu (CHECKPOINT=folder, ROUNDS=)
	PYTHONPATH=tests $(bin)/python -m benchmarks.forms $(CHECKPOINT) $(addprefix --rounds ,$(ROUNDS))

bench-ecosystem: .venv-ecosystem/ready ## search in LangChain, LlamaIndex, Haystack and Chroma (BUNDLE=folder)
	PYTHONPATH=tests .venv-ecosystem/bin/python -m benchmarks.ecosystem $(BUNDLE)

bench-bulk: .venv-bulk/kernels ## many texts from files to files: a process, shards, Ray, kills (N=, BUNDLE=, OUT=)
	PYTHONPATH=tests .venv-bulk/bin/python -m benchmarks.bulk $(BUNDLE) $(addprefix --texts ,$(N)) $(addprefix -o ,$(OUT))

.venv-ctranslate2/ready: tests/benchmarks/translation/speed/setup tests/benchmarks/translation/speed/constraints.txt | .venv/ready
	tests/benchmarks/translation/speed/setup

.venv-bulk/kernels: .ci/kernels .venv-bulk/ready $(kernel_sources)
	SETUP_VENV=.venv-bulk .ci/kernels

.venv-peers/kernels: .ci/kernels .venv-peers/peers $(kernel_sources)
	SETUP_VENV=.venv-peers SETUP_CONSTRAINTS=tests/benchmarks/constraints.txt .ci/kernels

.venv-peers/peers: tests/benchmarks/setup tests/benchmarks/constraints.txt .ci/setup pyproject.toml
	tests/benchmarks/setup

.venv-bulk/ready: tests/bulk/setup tests/bulk/constraints.txt pyproject.toml | .venv/ready
	tests/bulk/setup

.venv-ecosystem/ready: tests/benchmarks/ecosystem/setup tests/benchmarks/ecosystem/constraints.txt pyproject.toml | .venv/ready
	tests/benchmarks/ecosystem/setup

bench-providers: .venv/kernels ## OpenVINO, and WebGPU where there is an adapter, beside the CPU (PROVIDERS=, OUT=)
	OUT=$(OUT) PROVIDERS="$(PROVIDERS)" tests/benchmarks/run_providers

venv: .venv/kernels ## only make .venv, from constraints.txt, with the native kernels of this clone

.venv/ready: .ci/setup constraints.txt pyproject.toml
	.ci/setup

.venv/kernels: .ci/kernels .venv/ready $(kernel_sources)
	.ci/kernels

clean: ## remove .venv and its siblings, caches and out/demo
	rm -rf .venv .venv-bulk .venv-clients .venv-ctranslate2 .venv-peers .venv-ecosystem .venv-providers .venv-servers .cache out/demo build dist *.egg-info .*_cache
	rm -rf runtimes/web/node_modules tests/web/node_modules tests/clients/node_modules
	rm -rf $(kernels)/build $(kernels)/dist $(kernels)/*.egg-info
	find . -name __pycache__ -prune -exec rm -rf {} +

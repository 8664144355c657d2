# Thin: each target installs what it needs (.ci/packages), then calls meson or a script.

PREFIX ?= /usr/local
prefix ?= $(PREFIX)
DESTDIR ?=
PROGRAMS = swarmward swarmward-control swarmward-worker swarmward-keys swarmward-checker swarmward.service
FUZZ_SECONDS ?= 60
FUZZ_BUDGET ?= 0

.PHONY: help build demo test bench lint docs fuzz valgrind image swarm-demo install clean

help:
	@echo "make build     compile the programs; the command is build/swarmward"
	@echo "make demo      HTTPS on https://localhost:8443 in front of three small backends, until Ctrl-C"
	@echo "make image     the container image swarmward:latest"
	@echo "make swarm-demo  a Docker Swarm of its own with swarmward in front, and requests (as root)"
	@echo "make test      every suite, under the address and undefined behaviour sanitizers"
	@echo "make lint      format, clang-tidy, cppcheck, shellcheck, structure"
	@echo "make bench     compare with nginx, HAProxy, h2o and Caddy on this machine"
	@echo "make fuzz      fuzz every parser and whole exchanges, FUZZ_SECONDS=$(FUZZ_SECONDS) each"
	@echo "make valgrind  the system tests with every program under valgrind, once in a while: it takes long"
	@echo "make docs      write the documents that are made from the code again"
	@echo "make install   into $(DESTDIR)$(prefix) (prefix= and DESTDIR= are honoured)"
	@echo "make clean     remove every build directory"

build:
	@.ci/install build
	@.ci/build "$(prefix)" $(PROGRAMS)

demo:
	@.ci/install build demo
	@.ci/build "$(prefix)" $(PROGRAMS) test-backend
	@conf/demo/run

image:
	@.ci/install image
	@.ci/image

swarm-demo:
	@.ci/install build demo image swarm
	@.ci/build "$(prefix)" tests/swarm/app/swarm-app
	@.ci/image --save .state/swarmward.tar
	@conf/swarm-demo/run

test: build
	@.ci/install build test
	@.ci/test

lint:
	@.ci/install build lint test
	@.ci/lint

bench: build
	@.ci/install build bench
	@bench/run

fuzz:
	@.ci/install build test
	@.ci/fuzz "$(FUZZ_SECONDS)" "$(FUZZ_BUDGET)"

valgrind:
	@.ci/install build test valgrind
	@.ci/valgrind

docs: build
	@.ci/docs

install: build
	@DESTDIR="$(DESTDIR)" meson install -C build --no-rebuild --quiet

clean:
	rm -rf build build-test build-clang build-fuzz build-valgrind .state

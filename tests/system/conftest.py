"""Fixtures of the scenarios: a CA for the run, backends and instances that end with the test."""

import pytest
from lab import backends, valgrind
from lab.certificates import Authority
from lab.swarmward import RELEASE, Swarmward


def pytest_configure(config):
    """A thread of a test that ends by an exception has seen a failure."""
    config.addinivalue_line("filterwarnings", "error::pytest.PytestUnhandledThreadExceptionWarning")


def pytest_collection_modifyitems(items):
    for item in items:
        reason = valgrind.reason_to_skip(item.path.stem, item.fixturenames)
        if reason:
            item.add_marker(pytest.mark.skip(reason=f"under valgrind: {reason}"))


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def backend():
    """backend(script) -> a listening backend"""
    made = []

    def make(script=backends.says("hello"), **options):
        made.append(backends.Backend(script, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()
    for one in made:
        assert not one.mistakes, one.mistakes


@pytest.fixture
def swarmward_new(tmp_path, authority, request):
    """swarmward_new() -> an instance that is not started yet; stopped and examined at the end"""
    made = []

    def make(**options):
        folder = tmp_path / f"instance{len(made)}"
        folder.mkdir()
        made.append(Swarmward(folder, authority, **options))
        return made[-1]

    yield make
    try:
        for one in made:
            one.stop()
    finally:
        for one in made:
            one.kill()


@pytest.fixture
def swarmward(swarmward_new):
    """An instance, not started yet."""
    return swarmward_new()


@pytest.fixture
def serving(swarmward):
    """serving(services=..., ...) -> the instance, started on these settings with one worker"""

    def serve(*arguments, start=("--workers", "1"), **sections):
        swarmward.write(*arguments, **sections)
        return swarmward.start(*start)

    return serve


@pytest.fixture
def released(swarmward_new):
    """The same without sanitizers, for what counts memory or takes many rounds."""

    def serve(*arguments, start=("--workers", "1"), **sections):
        instance = swarmward_new(build=RELEASE)
        instance.write(*arguments, **sections)
        return instance.start(*start)

    return serve

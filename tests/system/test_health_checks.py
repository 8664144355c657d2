"""Active checks: who does not answer its health path as told gets no requests."""

import threading

import pytest
from lab import backends, process_table
from lab.swarmward import Swarmward


class Patient:
    """A backend whose health is in our hands."""

    def __init__(self, backend, name, health="200 OK"):
        self.health = health
        self.stall = threading.Event()
        self.checks = 0
        self.checked = threading.Condition()
        self.name = name.encode()
        self.backend = backend(self.script)

    def script(self, connection):
        while True:
            request = connection.read()
            if request.target != "/health":
                connection.answer(self.name)
                continue
            with self.checked:
                self.checks += 1
                self.checked.notify_all()
            if self.health is None:
                connection.wait_for_end()
                return
            connection.answer(b"", self.health)

    def wait_checks(self, count):
        with self.checked:
            wanted = self.checks + count
            assert self.checked.wait_for(lambda: self.checks >= wanted, 20)


CHECKS = {"path": "/health", "interval": "500ms", "timeout": "500ms", "rise": 2, "fall": 2}


def serve(serving, patients, **health) -> Swarmward:
    entry = {"servers": [patient.backend.at for patient in patients], "balance": "round_robin"}
    return serving({"app": entry}, defaults={"health": {**CHECKS, **health}})


def state(instance, patient):
    for one in instance.status()["services"][0]["endpoints"]:
        if one["address"] == patient.backend.at:
            return one["state"]
    raise KeyError(patient.backend.at)


def answers(instance, count=6):
    return {instance.get().body for _ in range(count)}


def wait_answers(instance, *wanted):
    process_table.wait_until(lambda: answers(instance) == set(wanted), f"answers {wanted}")


def test_the_sick_one_gets_nothing_and_comes_back_when_well(serving, backend):
    well, sick = Patient(backend, "well"), Patient(backend, "sick")
    instance = serve(serving, [well, sick])
    wait_answers(instance, b"well", b"sick")
    sick.health = "503 Service Unavailable"
    wait_answers(instance, b"well")
    assert state(instance, sick) == "down"
    sick.health = "200 OK"
    wait_answers(instance, b"well", b"sick")


def test_one_bad_check_is_not_enough(serving, backend):
    patient, other = Patient(backend, "patient"), Patient(backend, "other")
    instance = serve(serving, [patient, other], fall=10)
    patient.wait_checks(2)
    patient.health = "503 Service Unavailable"
    patient.wait_checks(2)
    patient.health = "200 OK"
    patient.wait_checks(2)
    assert state(instance, patient) != "down"


@pytest.mark.parametrize("answered,wanted,well", [("204 No Content", "200-399", True),
                                                  ("302 Found", "200-299", False),
                                                  ("404 Not Found", "404", True)])  # fmt: skip
def test_the_expected_status_decides(serving, backend, answered, wanted, well):
    patient, other = Patient(backend, "patient", answered), Patient(backend, "other", "200 OK")
    other.health = answered if wanted == "404" else "200 OK"
    instance = serve(serving, [patient, other], status=wanted)
    if well:
        patient.wait_checks(4)
        assert state(instance, patient) != "down"
    else:
        process_table.wait_until(lambda: state(instance, patient) == "down", "down")


def test_a_check_without_answer_in_time_is_a_bad_one(serving, backend):
    stuck, well = Patient(backend, "stuck", None), Patient(backend, "well")
    instance = serve(serving, [stuck, well], timeout="100ms")
    wait_answers(instance, b"well")


def test_all_sick_is_503_or_still_tried_but_never_a_hang(serving, backend):
    patient = Patient(backend, "patient", "500 Internal Server Error")
    instance = serve(serving, [patient])
    process_table.wait_until(lambda: state(instance, patient) == "down", "down")
    assert instance.get().status in (200, 503)


def test_the_check_names_itself_and_the_host(serving, backend):
    patient = Patient(backend, "patient")
    serve(serving, [patient])
    patient.wait_checks(1)
    request = patient.backend.request()
    assert request.method == "GET"
    assert request.get("Host")
    assert "swarmward" in request.get("User-Agent")


def test_a_lying_health_answer_hurts_nobody(serving, backend):
    def script(connection):
        request = connection.read()
        if request.target == "/health":
            connection.send(b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 2_000_000)
        else:
            connection.answer(b"liar")

    liar, well = backend(script), Patient(backend, "well")
    entry = {"servers": [liar.at, well.backend.at], "balance": "round_robin"}
    instance = serving({"app": entry}, defaults={"health": CHECKS})
    wait_answers(instance, b"well")


def test_the_checker_is_replaced_when_killed(serving, backend):
    import os
    import signal

    patient = Patient(backend, "patient")
    instance = serve(serving, [patient])
    patient.wait_checks(1)
    (checker,) = instance.children("checker")
    os.kill(checker, signal.SIGKILL)
    process_table.wait_until(
        lambda: instance.children("checker") not in ([], [checker]), "a new checker"
    )
    patient.wait_checks(2)
    assert instance.get().body == b"patient"


def test_without_a_path_nothing_is_checked(serving, backend):
    app = backend(backends.says("x"))
    instance = serving({"app": app})
    assert instance.get().body == b"x"
    assert [request.target for request in iter(lambda: app.requests.get() if app.asked() else None, None)] == ["/"]

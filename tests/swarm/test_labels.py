"""Labels of services are followed at once; the encryption gate; addresses that change hands."""

import time

from lab import table
from lab.services import assert_nothing_lost

WITHIN_SECONDS = 1.5
TIMES = 5


def test_a_new_service_answers_and_a_removed_one_is_gone(one_node):
    came, went = [], []
    for number in range(TIMES):
        name = f"fresh{number}"
        one_node.create(name, replicas=1, wait=False)
        one_node.wait_status(name, 200)
        answered = time.time()
        came.append(answered - one_node.running_since(name))
        one_node.lab.docker("service", "rm", name)
        went.append(one_node.wait_status(name, 404))
    table.add_measure(
        "a new service answers after its task runs; a removed one is 404",
        f"{TIMES} times: {max(came):.2f} s and {max(went):.2f} s at most",
    )
    assert max(came) <= WITHIN_SECONDS, came
    assert max(went) <= WITHIN_SECONDS, went


def test_a_network_that_is_not_encrypted_is_refused(one_node):
    one_node.create("secret", replicas=1)
    one_node.create("naked", replicas=1, network="plain", wait=False)
    one_node.wait_status("naked", 503)
    one_node.lab.wait_running("naked", 1)
    refused = one_node.get("naked")
    assert refused.status == 503 and "backend_not_encrypted" in refused.body, refused.body
    assert "plain" in one_node.explained("naked") and "encrypted" in one_node.explained("naked")
    assert one_node.get("secret").status == 200


def test_an_address_that_went_to_another_service_gets_nothing_of_the_old_one(one_node):
    """In a network of few addresses, each task soon has one that was another service's."""
    names = ["left", "right"]
    for name in names:
        one_node.create(name, network="tiny")
    since = time.time()
    owners = {}
    with one_node.load(*names) as load:
        for version in range(2, 7):
            one_node.update_together(*names, version=version)
            for name in names:
                for address in one_node.addresses(name):
                    owners.setdefault(address, set()).add(name)
    shared = [address for address, of in owners.items() if len(of) > 1]
    result = one_node.judge(
        "updates of two services in a network of 13 addresses", "now", load, since,
        note=f"{len(shared)} addresses were of both",
    )  # fmt: skip
    assert shared, owners
    assert_nothing_lost(result)

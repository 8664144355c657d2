"""Rolling updates and scaling under load: no request is lost, and no WebSocket is closed but those to
a stopped task."""

import os
import time

import pytest
from lab.services import assert_nothing_lost

UPDATES = int(os.environ.get("SWARM_UPDATES", "10"))

BEHAVIOURS = pytest.mark.parametrize("exits", ["now", "stay"])


@BEHAVIOURS
@pytest.mark.parametrize("order", ["stop-first", "start-first"])
def test_ten_rolling_updates(one_node, order, exits):
    one_node.create("shop", "--update-order", order, exits=exits)
    since = time.time()
    with one_node.load("shop") as load:
        for version in range(2, 2 + UPDATES):
            one_node.lab.update("shop", "--env-add", f"VERSION={version}")
        one_node.wait_served("shop", 2)
    result = one_node.judge(f"{UPDATES} rolling updates, {order}", exits, load, since)
    assert_nothing_lost(result)
    assert one_node.get("shop").said["version"] == str(UPDATES + 1)

"""What swarmward's own log says of requests to tasks that died without a word: which requests were tried
there, when each of them had begun, and which of them were lost."""

import json
import re

from .services import unix_time

EJECTED_SECONDS = 5  # outlier.base_ejection
SLACK_SECONDS = 0.1  # between two workers, and between the line and what it tells
NOBODY_THERE = ("connect_failed", "connect_timeout", "backend_silent")
WAITED = ("connect_timeout", "backend_silent")  # a task that is only starting refuses
ARRIVED = ("backend_closed", "backend_cut", "backend_silent", "response_timeout")

FAILED = re.compile(r"time=(\S+) .*event=backend_failed endpoint=(\S+) reason=(\S+) .*request=(\S+)")
DRAINED = re.compile(r"time=(\S+) .*event=drain endpoint=(\S+) ")


class Losses:
    """From `since`, when they died, to now. `dead`: the names of their endpoints, as in `shop.2`;
    Swarm gives the name to the task that takes the place."""

    def __init__(self, services, dead, since):
        assert dead
        lines = services.front.log(services.front.nodes[0])
        self.dead = set(dead)
        names = {name.rpartition(".")[0] for name in dead}  # of their service
        self.accesses = [
            line for line in services.accesses(since, float("inf"))
            if line.get("service", "").partition(":")[0] in names
        ]  # fmt: skip
        begins = {line.get("request_id"): line["begin"] for line in self.accesses}
        self.attempts = []
        self.left = {}  # endpoint -> when discovery took it away
        for line in lines:
            if (found := DRAINED.search(line)) and unix_time(found[1]) >= since:
                self.left.setdefault(found[2], unix_time(found[1]))
            elif (found := FAILED.search(line)) and found[4] in begins and unix_time(found[1]) >= since:
                at = unix_time(found[1])
                self.attempts.append({
                    "at": at, "endpoint": found[2], "reason": found[3],
                    "begin": begins[found[4]], "request": found[4],
                })  # fmt: skip
                begins[found[4]] = at  # the next attempt of this request begins where this one has ended
        assert self.dead <= set(self.left), f"of {self.dead} only these were taken away: {self.left}"

    def known_at(self, endpoint):
        """When swarmward knew that nobody is there: by a request, or by discovery."""
        found = [
            one["at"] for one in self.attempts
            if one["endpoint"] == endpoint and one["reason"] in NOBODY_THERE
        ]  # fmt: skip
        return min([self.left[endpoint], *found])

    def bans(self, endpoint):
        """The spans in which it gets no request: each of `outlier.base_ejection`, after which one may
        try, until discovery takes it away."""
        spans = []
        for one in sorted(self.attempts, key=lambda one: one["at"]):
            if one["endpoint"] == endpoint and one["reason"] in NOBODY_THERE and one["at"] < self.left[endpoint]:
                if not spans or one["at"] > spans[-1][1]:
                    spans.append((one["at"], min(one["at"] + EJECTED_SECONDS, self.left[endpoint])))
        return spans

    def assert_left_alone(self):
        """No request is tried at a dead task that begins after the first one that found nobody there,
        or after discovery took it away. A kept connection that closes is no proof of a dead task
        (docs/decisions/retries-and-ejection.md)."""
        late = []
        for one in self.attempts:
            if one["endpoint"] not in self.dead:
                continue
            gone = one["begin"] > self.left[one["endpoint"]] + SLACK_SECONDS
            banned = any(
                begin + SLACK_SECONDS < one["begin"] < end for begin, end in self.bans(one["endpoint"])
            )
            if banned or (gone and one["reason"] in WAITED):
                late.append({**one, "left": self.left[one["endpoint"]], "bans": self.bans(one["endpoint"])})
        assert not late, json.dumps(late[:10])

    def assert_only_arrived_ones(self, result):
        """Lost may be a POST that was sent to a dead task before anybody knew; never a GET, which is
        asked elsewhere, and nothing that has reached nobody."""
        lost = [line for line in self.accesses if line.get("status", 0) >= 500]
        wrong = [
            line for line in lost
            if line["method"] != "POST" or line["reason"] not in ARRIVED or line["endpoint"] not in self.dead
            or line["begin"] > self.known_at(line["endpoint"]) + SLACK_SECONDS
        ]  # fmt: skip
        assert not wrong, json.dumps(wrong[:10])
        strange = [one for one in result["failures"] if one["kind"] not in ("502", "504")]
        assert not strange, json.dumps(strange)
        assert result["failed"] == len(lost), "the load lost what the log does not know of"
        assert result["others"] == [], result["others"]
        assert result["rate"] >= 200, result["rate"]

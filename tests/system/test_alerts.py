"""conf/prometheus-alerts.yaml and conf/grafana-dashboard.json: they are what Prometheus and Grafana
read, they ask for metrics and labels that are there, and the alert for a dead replica sees one."""

import json
import re
from pathlib import Path

import pytest
import yaml
from lab.exposition import Metrics
from test_admin import ask

CONF = Path(__file__).parents[2] / "conf"
SELECTOR = re.compile(r'(?<![$.\w])(swarmward_[a-z_0-9]+|up\b)(?:\{([^}]*)\})?')
DURATION = re.compile(r"(\d+(s|m|h))+")


def rules():
    (group,) = yaml.safe_load((CONF / "prometheus-alerts.yaml").read_text())["groups"]
    assert group["name"] == "swarmward"
    return {rule["alert"]: rule for rule in group["rules"]}, group["rules"]


def panels():
    dashboard = json.loads((CONF / "grafana-dashboard.json").read_text())
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def wanted(expression):
    """(metric, labels with one value) of every selector in an expression."""
    for name, matchers in SELECTOR.findall(expression):
        yield name, re.findall(r'(\w+)="([^"]+)"', matchers)


def test_every_rule_is_whole():
    by_name, listed = rules()
    assert len(listed) == len(by_name) > 8
    for name, rule in by_name.items():
        assert set(rule) - {"for"} == {"alert", "expr", "labels", "annotations"}, name
        assert set(rule["annotations"]) == {"summary", "action"}, name
        assert all(text.strip() for text in rule["annotations"].values()), name
        assert rule["labels"] in [{"severity": word} for word in ("critical", "warning", "info")], name
        assert DURATION.fullmatch(rule.get("for", "0s")), name
        assert rule["expr"].count("(") == rule["expr"].count(")"), name


def test_every_panel_asks():
    assert len(panels()) > 10 and all(panel["targets"] for panel in panels())


def test_what_is_asked_for_is_there(serving, backend):
    instance = serving({"app": backend()})
    assert instance.get().status == 200
    known = Metrics(ask(instance, "/metrics")[2].decode())
    shown = {name for name, _ in known.samples}
    expressions = [rule["expr"] for rule in rules()[1]]
    expressions += [target["expr"] for panel in panels() for target in panel["targets"]]
    asked = {(name, tuple(labels)) for text in expressions for name, labels in wanted(text)}
    assert len(asked) > 20
    for name, labels in asked - {("up", (("job", "swarmward"),))}:
        assert known.family(name), name
        for label, value in labels if name in shown else ():  # without Docker nothing is discovered
            assert value in known.labels(name, label), (name, label, value)


# --- the alert for a dead replica -------------------------------------------------------------------


def vector(term, world):
    """The series that one term of PromQL leaves: a selector, perhaps `== NUMBER`, or absent()."""
    absent = re.fullmatch(r"absent\((.*)\)", term)
    selector, _, number = (absent[1] if absent else term).partition(" == ")
    ((name, labels),) = wanted(selector)
    found = {
        series
        for (known, series), value in world.items()
        if known == name and set(labels) <= set(series) and (not number or value == float(number))
    }
    return ({()} if not found else set()) if absent else found


def alerts(expression, world):
    return set().union(*(vector(term, world) for term in expression.split(" or ")))


def replicas(**values):
    """What Prometheus has of some replicas: swarmward_up of each; None for one that is dead."""
    world = {}
    for instance, value in values.items():
        series = (("instance", instance), ("job", "swarmward"))
        world["up", series] = value is not None
        if value is not None:
            world["swarmward_up", series] = value
    return world


REPLICAS = {
    "all are well": (replicas(a=1, b=1), set()),
    "one is dead, another lives": (replicas(a=None, b=1), {"a"}),
    "one serves no traffic": (replicas(a=1, b=0), {"b"}),
    "all are dead": (replicas(a=None, b=None), {"a", "b"}),
    "none is scraped": ({("up", (("instance", "x"), ("job", "other"))): 1}, {None}),
}


@pytest.mark.parametrize("case", REPLICAS)
def test_a_replica_that_is_down_is_seen(case):
    world, down = REPLICAS[case]
    seen = alerts(rules()[0]["SwarmwardDown"]["expr"], world)
    assert {dict(series).get("instance") for series in seen} == down

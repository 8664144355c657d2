"""Results as text for readers and as JSON for programs."""

import json
import os

MEBIBYTE = 1 << 20
OURS = {"swarmward", "keys-in-workers", "before"}  # no peers


def table(rows):
    """Rows of cells, the first left-aligned, as text."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:])]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def best_peer(results, key="cost"):
    """The lowest figure among the peers of swarmward, or None."""
    others = {name: one for name, one in results.items() if name not in OURS}
    figures = [one[key] for one in others.values()]
    return min(figures) if figures else None


def ratio(value, best):
    return f"{value / best:.2f}" if best else "-"


def _number(value):
    return f"{value:.1f}" if value < 100 else f"{value:,.0f}"


def rate_table(scenario, results):
    best = best_peer(results)
    rate = "GB/s" if scenario.unit == "ms/GB" else "a second"
    head = ["", f"CPU {scenario.unit}", "of the best", rate, "busy", "p50 ms", "p99 ms"]
    rows = [[*head, "peak MiB", "failed"]]
    for name, one in results.items():
        per_second = f"{one['rate']:.2f}" if rate == "GB/s" else f"{one['rate']:,.0f}"
        rows.append(
            [
                name,
                _number(one["cost"]),
                ratio(one["cost"], best),
                per_second,
                f"{one['busy'] * 100:.0f} %",
                f"{one['p50_us'] / 1e3:.2f}",
                f"{one['p99_us'] / 1e3:.2f}",
                f"{one['peak_bytes'] / MEBIBYTE:.1f}",
                str(one["failures"]),
            ]
        )
    return table(rows)


def idle_table(_scenario, results):
    best = best_peer(results)
    rows = [["", "KiB each", "of the best", "open", "before MiB", "after MiB", "failed"]]
    for name, one in results.items():
        rows.append(
            [
                name,
                f"{one['cost']:.2f}",
                ratio(one["cost"], best),
                f"{one['open']:,.0f}",
                f"{one['before_bytes'] / MEBIBYTE:.1f}",
                f"{one['peak_bytes'] / MEBIBYTE:.1f}",
                str(one["failures"]),
            ]
        )
    return table(rows)


STEPS = {
    "start": "cold start",
    "one": "one domain added",
    "all": "every certificate replaced",
}


def reload_table(_scenario, results):
    texts = []
    for step, title in STEPS.items():
        start = step == "start"
        best = best_peer(results[step], "served_ms")
        head = [title, "served after ms", "of the best"]
        rows = [head + (["MiB"] if start else ["CPU ms", "failed", "of requests", "MiB before"])]
        rows[0] += [] if start else ["peak", "after"]
        for name, one in results[step].items():
            row = [name, f"{one['served_ms']:,.0f}", ratio(one["served_ms"], best)]
            if not start:
                row += [f"{one['cpu_ms']:,.0f}", str(one["failures"]), f"{one['requests']:,}"]
                row += [f"{one[key] / MEBIBYTE:.1f}" for key in ("before_bytes", "peak_bytes")]
            row.append(f"{one['after_bytes'] / MEBIBYTE:.1f}")
            rows.append(row)
        texts.append(table(rows))
    return "\n\n".join(texts)


def scenario_text(scenario, results):
    """One scenario: its title and its table."""
    if "start" in results:
        body = reload_table(scenario, results)
    elif scenario.unit == "KiB":
        body = idle_table(scenario, results)
    else:
        body = rate_table(scenario, results)
    return f"{scenario.name}: {scenario.title}\n\n{body}\n"


def _summary_row(name, unit, results, key="cost"):
    best = best_peer(results, key)
    ours = results.get("swarmward")
    return [
        name,
        unit,
        _number(ours[key]) if ours else "-",
        _number(best) if best else "-",
        ratio(ours[key], best) if ours else "-",
    ]


def summary(all_results):
    """swarmward against the best of its peers, one line a scenario."""
    rows = [["", "unit", "swarmward", "best peer", "ratio"]]
    for scenario, results in all_results:
        if "start" in results:
            for step, title in STEPS.items():
                label = f"{scenario.name}: {title}"
                rows.append(_summary_row(label, "ms", results[step], "served_ms"))
        else:
            rows.append(_summary_row(scenario.name, scenario.unit, results))
    return table(rows)


def heading(facts):
    lines = [
        f"{facts['date']}, {facts['cpu']}, {facts['cores']} cores, Linux {facts['kernel']}",
        f"{facts['openssl']}; {facts['rounds']} rounds of {facts['seconds']} s, medians"
        + ("; QUICK: too short for judgements" if facts["quick"] else ""),
    ]
    return "\n".join(lines + facts["versions"]) + "\n"


def save(stem, facts, all_results):
    """Writes STEM.txt and STEM.json."""
    os.makedirs(os.path.dirname(os.path.abspath(stem)), exist_ok=True)
    texts = [heading(facts), "summary\n\n" + summary(all_results) + "\n"]
    texts += [scenario_text(scenario, results) for scenario, results in all_results]
    with open(f"{stem}.txt", "w", encoding="utf-8") as file:
        file.write("\n".join(texts))
    with open(f"{stem}.json", "w", encoding="utf-8") as file:
        document = {"facts": facts, "results": {one.name: found for one, found in all_results}}
        json.dump(document, file, indent=1)
        file.write("\n")

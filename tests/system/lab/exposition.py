"""A strict reader of the text format of Prometheus (version 0.0.4)."""

import re

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\\\|\\"|\\n)*)"'
SAMPLE = re.compile(rf"^({NAME})(?:\{{({LABEL}(?:,{LABEL})*)?\}})? (-?[0-9.e+-]+|NaN|[+-]Inf)$")
SUFFIXES = ("_bucket", "_sum", "_count")


class Metrics:
    """name -> type, and (name, labels) -> value. Every rule that is broken raises."""

    def __init__(self, text):
        self.types, self.helps, self.samples = {}, {}, {}
        self.order = []
        assert text.endswith("\n"), "the last line must end"
        for line in text[:-1].split("\n"):
            self._line(line)
        for name in self.types:
            assert name in self.helps, f"{name} has no HELP"

    def _line(self, line):
        if line.startswith("# HELP "):
            name, text = line[7:].split(" ", 1)
            assert name not in self.helps, f"HELP of {name} twice"
            assert text.strip()
            self.helps[name] = text
        elif line.startswith("# TYPE "):
            name, kind = line[7:].split(" ")
            assert name not in self.types, f"TYPE of {name} twice"
            assert kind in ("counter", "gauge", "histogram")
            assert kind != "counter" or name.endswith("_total"), name
            self.types[name] = kind
            self.order.append(name)
        else:
            self._sample(line)

    def _sample(self, line):
        found = SAMPLE.match(line)
        assert found, f"no sample: {line!r}"
        name, labels = found[1], dict(re.findall(LABEL, found[2] or ""))
        family = self.family(name)
        assert self.order and self.order[-1] == family, f"{name} is not behind its TYPE"
        key = (name, tuple(sorted(labels.items())))
        assert key not in self.samples, f"twice: {line}"
        self.samples[key] = float(line.rsplit(" ", 1)[1])

    def family(self, name):
        if name in self.types:
            return name
        for suffix in SUFFIXES:
            base = name.removesuffix(suffix)
            if base != name and self.types.get(base) == "histogram":
                return base
        raise AssertionError(f"{name} has no TYPE")

    def value(self, name, **labels):
        return self.samples[(name, tuple(sorted(labels.items())))]

    def total(self, name):
        """sum(name), as Prometheus makes it."""
        return sum(value for (known, _), value in self.samples.items() if known == name)

    def labels(self, name, label):
        return {dict(pairs)[label] for (known, pairs) in self.samples if known == name and label in dict(pairs)}

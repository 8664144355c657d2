"""The templates of bench/peers: @NAME@ is replaced; lines between

    #@if FLAG ... #@end          stay when the flag is set (`not FLAG`: when it is not)
    #@each domain ... #@end      are repeated for every domain, with @domain@, @cert@, @key@, @pem@
"""

import os
import re

HERE = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "peers")


def _replace(text, values):
    return re.sub(r"@(\w+)@", lambda match: str(values[match.group(1)]), text)


def _blocks(lines):
    """Yields (head or None, lines): the text cut at its #@ lines. Blocks do not nest."""
    head, block = None, []
    for line in lines:
        mark = line.strip()
        if mark.startswith("#@"):
            yield head, block
            head, block = (None if mark == "#@end" else mark[2:].split()), []
        else:
            block.append(line)
    yield head, block


def render(name, values, domains=()):
    """The text of a template. `domains` are dicts; flags are looked up in `values`."""
    with open(os.path.join(HERE, name), encoding="utf-8") as file:
        lines = file.read().splitlines(keepends=True)
    out = []
    for head, block in _blocks(lines):
        text = "".join(block)
        if head is None:
            out.append(_replace(text, values))
        elif head[0] == "each":
            out += [_replace(text, {**values, **domain}) for domain in domains]
        elif bool(values[head[-1]]) != (head[1] == "not"):
            out.append(_replace(text, values))
    return "".join(out)

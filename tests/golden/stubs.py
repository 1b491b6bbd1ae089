# SPDX-License-Identifier: Apache-2.0
"""Modules that an oracle imports and that are not used: whatever is asked of them is an empty class."""
import importlib.util
import sys
import types


class Module(types.ModuleType):
    __path__, __version__ = [], "0"

    def __getattr__(self, attribute):
        if attribute.startswith("__"):
            raise AttributeError(attribute)
        return type(attribute, (), {"__init__": lambda *ignored, **also: None})


class StubFinder:
    def __init__(self, names):
        self.names = names

    def find_spec(self, name, path, target=None):
        parts = name.split(".")
        if any(".".join(parts[:n]) in self.names for n in range(1, len(parts) + 1)):
            return importlib.util.spec_from_loader(name, self)

    def create_module(self, spec):
        return Module(spec.name)

    def exec_module(self, module):
        pass


def stub(names):
    """These modules, and what is in them, from now on."""
    sys.meta_path.insert(0, StubFinder(set(names)))

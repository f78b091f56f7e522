"""privsearch: train and attack every model of a sweep; keep the accuracy-privacy Pareto front.

The Python calls that docs/api.md describes. `__init__.pyi` lists them; each is imported when it is first used, so that
`import privsearch` and `privsearch --help` need not wait for what it needs.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

"""How measurements run unless a line says otherwise: ``%config JupyterPhys.device = 'cuda'``."""

from __future__ import annotations

from concurrent.futures import Executor
from typing import Any

from traitlets import Any as AnyTrait
from traitlets import Bool, Enum, Float, Int, TraitError, Unicode, validate
from traitlets.config import SingletonConfigurable

from jupyter_phys.core.errors import Refused

ENGINES = ("inline", "threads", "processes", "dask")
PRECISIONS = ("float64", "float32")
MEMORY = (0.001, 1_000_000.0)  # GiB


class JupyterPhys(SingletonConfigurable):
    """The session: device, precision, seed, engine, memory, progress."""

    device = Unicode("auto", help="where to compute: auto, cpu, cuda, cuda:1, ...").tag(
        config=True, allowed="auto, cpu, cuda, cuda:1, ..."
    )
    precision = Enum(PRECISIONS, "float64", help="floating-point type of the fields").tag(
        config=True, allowed=", ".join(PRECISIONS)
    )
    seed = Int(0, help="seed of every random draw, together with the draw's index").tag(
        config=True, allowed="whole number, 0 and more"
    )
    engine = AnyTrait("inline", help="inline, threads, processes, dask, or an Executor").tag(
        config=True, allowed=f"{', '.join(ENGINES)}, or a concurrent.futures.Executor"
    )
    workers = Int(0, help="workers of threads and processes; 0 takes one a core").tag(
        config=True, allowed="whole number, 0 and more"
    )
    memory = Float(1.0, help="GiB that a measurement, or each of its workers, may take for its work").tag(
        config=True, allowed=f"{MEMORY[0]} … {MEMORY[1]} GiB"
    )
    progress = Bool(True, help="show progress after one second").tag(config=True, allowed="True, False")

    @validate("engine")
    def _known_engine(self, proposal: Any) -> Any:
        engine = proposal["value"]
        return _checked(proposal, engine in ENGINES if isinstance(engine, str) else isinstance(engine, Executor))

    @validate("memory")
    def _some_memory(self, proposal: Any) -> float:
        return _checked(proposal, MEMORY[0] <= proposal["value"] <= MEMORY[1])

    @validate("seed", "workers")
    def _not_negative(self, proposal: Any) -> int:
        return _checked(proposal, proposal["value"] >= 0)

    def how(self, overrides: dict[str, Any]) -> dict[str, Any]:
        """The session's values with those of one call on top.

        Raises:
            Refused: a value the session does not take.
        """
        asked = JupyterPhys()
        for name, value in ({name: getattr(self, name) for name in HOW} | overrides).items():
            try:
                setattr(asked, name, value)
            except TraitError:
                trait = self.traits()[name]
                told = trait.metadata["allowed"]
                raise Refused(f"{name}: {trait.help}", given=f"{name}={value!r}", allowed=told) from None
        return {name: getattr(asked, name) for name in HOW}


def _checked(proposal: Any, right: bool) -> Any:
    if not right:
        trait, value = proposal["trait"], proposal["value"]
        raise TraitError(f"{trait.name} is {value!r}; allowed: {trait.metadata['allowed']}")
    return proposal["value"]


HOW = tuple(JupyterPhys.class_own_traits(config=True))


def session() -> JupyterPhys:
    """The one session of this process."""
    return JupyterPhys.instance()

"""What %entropy measures: masks, acquisition operators, and families of masks with settings of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from jupyter_phys.core.errors import Refused
from jupyter_phys.core.settings import Settings, option
from jupyter_phys.core.subject import Subjects

if TYPE_CHECKING:
    from torch import Generator, Tensor

Geometry = Literal["points", "lines"]
ACCEPTS = "a mask (numpy or torch; bool, 0/1 or weights ≥ 0; lines or 2-D), a callable field → field, or a family"


class Family(Settings):
    """A law that draws masks; the realised rate is the asked one, to the sample."""

    random: ClassVar[bool] = True

    def draw(self, shape: tuple[int, ...], axis: int, dc: str, generator: Generator) -> Tensor:
        """A bool mask of ``shape``; only the generator decides what is random in it.

        Raises:
            Refused: this family has no such mask on this shape.
        """
        raise NotImplementedError


class Periodic(Family):
    """Every period-th sample: M coherent copies, no randomness."""

    random: ClassVar[bool] = False
    period: int | tuple[int, int] = option(2, "sampling period, one or one per axis", low=1, unit="samples")
    offset: int | tuple[int, int] = option(0, "first sample kept, one or one per axis", low=0, unit="samples")
    geometry: Geometry = option("points", "single points, or whole lines across the axis")

    def draw(self, shape: tuple[int, ...], axis: int, dc: str, generator: Generator) -> Tensor:
        """See :meth:`Family.draw`."""
        from jupyter_phys.instruments.entropy import masks

        return masks.periodic(shape, self.period, self.offset, self.geometry, axis)


class Random(Family):
    """Samples at random, each as likely as the other: a flat incoherent floor."""

    rate: float = option(0.25, "fraction of samples kept, exactly", low=0, high=1)
    geometry: Geometry = option("points", "single points, or whole lines across the axis")

    def draw(self, shape: tuple[int, ...], axis: int, dc: str, generator: Generator) -> Tensor:
        """See :meth:`Family.draw`."""
        from jupyter_phys.instruments.entropy import masks

        return masks.random(shape, self.rate, self.geometry, axis, generator)


class Jittered(Family):
    """One random sample in every cell of a regular grid."""

    period: int | tuple[int, int] = option(2, "sampling period, one or one per axis", low=1, unit="samples")
    geometry: Geometry = option("points", "single points, or whole lines across the axis")

    def draw(self, shape: tuple[int, ...], axis: int, dc: str, generator: Generator) -> Tensor:
        """See :meth:`Family.draw`."""
        from jupyter_phys.instruments.entropy import masks

        return masks.jittered(shape, self.period, self.geometry, axis, generator)


class Polynomial(Family):
    """Variable density (1 − r)^p around zero frequency, with a fully sampled centre."""

    p: float = option(2.0, "exponent of the density; 0 is uniform", low=0, high=100)
    rate: float = option(0.25, "fraction of samples kept, exactly", low=0, high=1)
    centre: float = option(0.04, "radius, as a fraction of the half band, that is always kept", low=0, high=1)
    geometry: Geometry = option("points", "single points, or whole lines across the axis")

    def draw(self, shape: tuple[int, ...], axis: int, dc: str, generator: Generator) -> Tensor:
        """See :meth:`Family.draw`."""
        from jupyter_phys.instruments.entropy import masks

        return masks.polynomial(shape, self.p, self.rate, self.centre, self.geometry, axis, dc, generator)


FAMILIES: dict[str, type[Settings]] = {
    "periodic": Periodic, "random": Random, "jittered": Jittered, "polynomial": Polynomial,
}  # fmt: skip


def measurable(value: Any) -> bool:
    """Whether a notebook variable looks like a mask; imports nothing."""
    kind = type(value)
    array = (kind.__module__.split(".")[0], kind.__name__) in {("numpy", "ndarray"), ("torch", "Tensor")}
    return (array and 1 <= value.ndim <= 3) or isinstance(value, Family)


def read(value: Any) -> Mapping[str, Any]:
    """Labelled subjects from a mask, a stack of masks or a callable.

    Raises:
        Refused: neither a mask nor a callable, or a mask that cannot be one.
    """
    if callable(value) and not hasattr(value, "__array__"):
        return {getattr(value, "__name__", type(value).__name__): value}
    if isinstance(value, (bool, int, float, list, tuple)):
        what = "it is a single number" if isinstance(value, (bool, int, float)) else "it is a list in a list"
        raise refuse(value, f"{what}; a list means several subjects, so make an array of a mask: numpy.array(mask)")
    from jupyter_phys.instruments.entropy import masks

    mask = masks.weights(value)
    return {"mask": mask} if mask.ndim < 3 else {f"mask[{i}]": masks.weights(one) for i, one in enumerate(mask)}


def refuse(value: Any, why: str) -> Refused:
    """The refusal of a mask."""
    return Refused(f"This mask cannot be measured: {why}.", given=type(value).__name__, allowed=ACCEPTS)


SUBJECTS = Subjects(
    accepts=ACCEPTS, read=read, named=FAMILIES, measurable=measurable,
    default=(Periodic(), Random(), Jittered(), Polynomial()),
)  # fmt: skip

"""What is learnt from, what is judged on, and where nothing can be told: all checked before anything is trained."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from jupyter_phys.core.errors import Refused
from jupyter_phys.core.run import Run
from jupyter_phys.instruments.eos.meter import histograms
from jupyter_phys.instruments.eos.meter.bins import in_words, is_same
from jupyter_phys.instruments.eos.meter.examples import FEWEST, Spectra, balanced, parted, spectra, taken
from jupyter_phys.instruments.eos.meter.inputs import COPIES, Scaling, normalised
from jupyter_phys.instruments.eos.meter.settings import Settings
from jupyter_phys.instruments.eos.meter.training import Lesson
from jupyter_phys.instruments.eos.meter.turned import Turner

HELD, TURNED = "held out", "held out, turned"
SPLIT, GROUPS, TURN, COUNT, LABEL, FIT, OCCLUDE, TAKE = range(8)  # what is drawn: the first index of a generator
NULL = (0.4, 0.1)  # shares of events of one equation of state that are learnt from and set aside; the rest is judged


@dataclass(frozen=True)
class Parts:
    """Spectra to learn from, set aside to end the training, and held out."""

    train: Spectra
    aside: Spectra
    held: Spectra


@dataclass
class Course:
    """One subject: the parts of its events, and groups to be judged on beside those held out."""

    name: str
    whole: Spectra
    parts: Parts
    groups: dict[str, Spectra]
    settings: Settings
    run: Run
    turner: Turner = field(init=False)

    def __post_init__(self) -> None:
        self.turner = Turner.of(self.whole.momenta.phi, self.whole.momenta.phi_weight)

    def judged(self) -> Iterator[tuple[str, Spectra]]:
        """Every group with its spectra, first those held out, as they are and turned at random."""
        yield HELD, self.parts.held
        yield TURNED, self.turned(self.parts.held)
        yield from self.groups.items()

    def turned(self, of: Spectra, copy: int = 0) -> Spectra:
        """Every spectrum turned and mirrored by itself."""
        rho = torch.from_numpy(of.rho)
        return replace(of, rho=self.turner.to(rho)(rho, self.run.generator(TURN, copy)).numpy())

    def counted(self, level: int) -> Parts:
        """Finitely many particles of ``level`` collisions of each spectrum; to learn from, twice, and turned."""
        settings, parts, found = self.settings, self.parts, list[Spectra]()
        for k, part in enumerate((parts.train, parts.train, parts.aside, parts.held)):
            part = self.turned(part, k + 1) if settings.turned and k < 2 else part
            draws = [self.run.generator(COUNT, level, k, n) for n in range(len(part))]
            found.append(part.counted(level, draws))
            self.run.advance(0)
        return Parts(together(found[:2]), *found[2:])

    def nothing(self) -> list[Parts]:
        """For every class, its spectra alone under labels that are drawn, as many of each."""
        found: list[Parts] = []
        for k in np.unique(self.whole.label):
            own = self.whole.part(self.whole.label == k)
            draw = rng(self.run, LABEL, int(k))
            rows = parted(own.event, NULL, draw)
            found.append(Parts(*(_relabelled(own.part(part), draw) for part in rows)))
        return [one for one in found if min(map(len, (one.train, one.aside, one.held))) >= FEWEST]

    def inputs(self, of: Spectra, settings: Settings | None = None) -> Tensor:
        """What classifiers see, not yet standardised."""
        asked = settings or self.settings
        return normalised(of, asked.normalise, asked.highest)

    def copies(self, parts: Parts, *, turned: bool, settings: Settings | None = None) -> Iterator[Tensor]:
        """The training inputs, not yet standardised: as they are, and turned copies of them."""
        yield self.inputs(parts.train, settings)
        for k in range(COPIES if turned else 0):
            yield self.inputs(self.turned(parts.train, 10 + k), settings)

    def lesson(self, parts: Parts, *, turned: bool, settings: Settings | None = None) -> Lesson:
        """What a network learns."""
        x, aside = self.inputs(parts.train, settings), self.inputs(parts.aside, settings)
        scaling = Scaling.of(self.copies(parts, turned=turned, settings=settings), self.settings.power)
        y, y_aside = (torch.from_numpy(one.label) for one in (parts.train, parts.aside))
        if turned:  # what is set aside must not prefer one plane either
            aside = torch.cat([aside, self.inputs(self.turned(parts.aside, 20), settings)])
            y_aside = y_aside.repeat(2)
        turner = self.turner if turned else None
        classes = len(self.whole.classes)
        return Lesson(x, y, aside, y_aside, classes, scaling, turner)


def rng(run: Run, *index: int) -> np.random.Generator:
    """A numpy generator whose draws depend on the seed and the index alone."""
    return np.random.default_rng(run.generator(*index).initial_seed())


def together(parts: list[Spectra]) -> Spectra:
    """Spectra one after the other."""
    first, *_ = parts
    return replace(
        first, rho=np.concatenate([one.rho for one in parts]), label=np.concatenate([one.label for one in parts]),
        event=np.concatenate([one.event for one in parts]),
    )  # fmt: skip


def _relabelled(of: Spectra, draw: np.random.Generator) -> Spectra:
    labels = draw.permutation(np.arange(len(of)) % len(of.classes))
    return replace(of, label=labels.astype(np.int64))


def set_up(name: str, value: Any, tests: Mapping[str, Any], settings: Settings, run: Run) -> Course:
    """A subject with its parts and groups.

    Raises:
        Refused: one class alone, too few events, a group on another grid; the message names the cure.
    """
    whole = _taken(name, spectra(name, value, settings.species), settings, run)
    if len(np.unique(whole.label)) < 2:
        raise Refused(f"{name}: one equation of state alone is nothing to tell apart.", given=", ".join(whole.classes),
                      instead="%eos generate eos=[crossover, first_order]")  # fmt: skip
    draw = rng(run, SPLIT)
    shares = 1 - settings.validation - settings.held, settings.validation
    if shares[0] < 0.1:
        raise Refused("Hardly anything is left to learn from.", given=f"validation={settings.validation:g}, "
                      f"held={settings.held:g}", instead="validation=0.2 held=0.2")  # fmt: skip
    parts = Parts(*(balanced(whole.part(rows), settings.balance, draw) for rows in parted(whole.event, shares, draw)))
    for said, part in (("learn from", parts.train), ("be set aside", parts.aside), ("be held out", parts.held)):
        fewest = int(np.bincount(part.label, minlength=len(whole.classes)).min())
        if fewest < FEWEST:
            raise Refused(f"{name}: too few events of the same dN/dy are left to {said}.", given=f"{fewest} of a class",
                          allowed=f"{FEWEST} or more",
                          instead="more events" + ", or balance=0.3" * (0 < settings.balance < 0.3))  # fmt: skip
    if own := {HELD, TURNED} & set(map(str, tests)):
        raise Refused("A group has this name already.", given=", ".join(own), instead='tests={"other": events}')
    if histograms.is_published(value):
        histograms.mind(name, value, run)
        tests = {histograms.DU: value, **tests}
    groups = {str(label): _group(label, one, whole, settings, run) for label, one in tests.items()}
    return Course(name, whole, parts, groups, settings, run)


def _group(label: str, value: Any, whole: Spectra, settings: Settings, run: Run) -> Spectra:
    found = _taken(label, spectra(label, value, settings.species, whole.classes), settings, run)
    if not is_same(found.momenta, whole.momenta):
        raise Refused(f"{label}: spectra on another grid than those that are learnt from.",
                      given=in_words(found.momenta), allowed=in_words(whole.momenta),
                      instead="the same bins, or the same pt_nodes, phi_nodes and pt_scale in %eos")  # fmt: skip
    if not _rows(found).isdisjoint(_rows(whole)):
        run.warn(f"{label}: some of its spectra are among those that the meter learns from.")
    alike = balanced(found, settings.balance, rng(run, GROUPS))
    if not len(alike):
        raise Refused(f"{label}: its equations of state have no dN/dy in common.", given=f"{len(found)} spectra",
                      instead="more events, or balance=0")  # fmt: skip
    return alike


def _taken(name: str, of: Spectra, settings: Settings, run: Run) -> Spectra:
    found = taken(of, settings.events, rng(run, TAKE))
    if of.empty:
        run.note(f"{name}: {of.empty} spectra without particles, or with NaN, are left out.")
    if len(found) < len(of):
        run.note(f"{name}: {len(found)} of {len(of)} spectra are taken, those of events={settings.events} events.")
    return found


def _rows(of: Spectra) -> set[bytes]:
    """Every spectrum as it is, to float32."""
    return {one.tobytes() for one in of.rho.astype(np.float32)}

"""Basis of all flows here: calculations by label, and checked makers."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from jobflow import Flow, Job, Maker, OnMissing, OutputReference
from pymatgen.core.structure import Structure

from llo_dft.documents.calculation import CalculationDocument, OrderingSearch
from llo_dft.engines.base import CalculationMaker, EngineError
from llo_dft.errors import InputError
from llo_dft.jobs.calculate import CALCULATION, calculate
from llo_dft.jobs.orderings import RankingMaker, rank_orderings
from llo_dft.jobs.structures import lowest_of
from llo_dft.typing import CalculationKind

#: Kinds of calculation of the makers that flows have as fields.
_KINDS: Final[dict[str, CalculationKind]] = {
    "bulk_maker": "bulk_relax",
    "cathode_maker": "bulk_relax",
    "slab_maker": "slab_relax",
    "potential_maker": "slab_relax",
    "molecule_maker": "molecule_relax",
    "static_maker": "static",
    "ranker": "ranking",
}


@dataclass
class CalculationsMaker(Maker):
    """A maker of a flow of calculations.

    ``folder`` is that of the calculation cache, as seen where the jobs run.

    Raises ``EngineError`` on construction, if one of its makers is not an engine's, or of another
    kind.
    """

    folder: str

    def __post_init__(self) -> None:
        """Refuse makers that can't do calculations."""
        self.folder = str(Path(self.folder).resolve())
        for name, kind in _KINDS.items():
            maker = getattr(self, name, None)
            if maker is None:
                continue
            found = (
                f"kind {maker.kind!r}" if isinstance(maker, CalculationMaker) else "no such maker"
            )
            if found != f"kind {kind!r}":
                raise EngineError(
                    f"{type(self).__name__}.{name} is a {type(maker).__name__}, {found}; expected "
                    f"what engine_from(recipe.engine).maker({kind!r}) returns, or another "
                    f"CalculationMaker of kind {kind!r} (see llo_dft.engines.base)"
                )


@dataclass
class Calculations:
    """Jobs of a flow under construction, and the outputs of its calculations by label."""

    folder: str
    jobs: list[Job | Flow] = field(default_factory=list)
    outputs: dict[str, OutputReference] = field(default_factory=dict)

    def add(
        self,
        label: str,
        start: Structure | Job,
        maker: CalculationMaker,
        parent: CalculationDocument | OutputReference | None = None,
    ) -> OutputReference:
        """Add a calculation, and the job that makes its structure if there is one.

        Its moments and electrons may start from the final ones of its ``parent``.
        """
        if isinstance(start, Job):
            self.jobs.append(start)
            start = start.output
        return self.add_job(label, calculate(start, maker, label, self.folder, parent))

    def add_job(self, label: str, job: Job) -> OutputReference:
        """Add the job of a calculation."""
        job.name = f"{CALCULATION} {label}"
        self.jobs.append(job)
        self.outputs[label] = job.output
        return job.output

    def add_ranking(
        self,
        label: str,
        search: OrderingSearch,
        ranker: RankingMaker | None,
        pristine: CalculationDocument | OutputReference,
        beside: CalculationDocument | OutputReference | None = None,
    ) -> OutputReference:
        """Add the ranking of orderings of Li in a relaxed pristine host or crystal.

        Raises ``InputError`` if there is no maker to rank them; others as of ``rank_orderings``.
        """
        if ranker is None:
            raise InputError(
                "the plan ranks Li orderings by an engine; expected the field ranker, that "
                "engine's maker of kind 'ranking'"
            )
        job = rank_orderings(search, ranker, label, self.folder, pristine, beside)
        return self.add_job(label, job)

    def choose(
        self, label: str, candidates: list[OutputReference], what: str = "", margin_ev: float = 0.0
    ) -> OutputReference:
        """Add the choice of the candidate of lowest energy, under ``label``."""
        job = lowest_of(what or f"ordering of {label}", candidates, margin_ev)
        # a candidate whose job failed is None here
        job.config.on_missing_references = OnMissing.NONE
        self.jobs.append(job)
        self.outputs[label] = job.output
        return job.output

    def flow(self, name: str) -> Flow:
        """Return the flow; its output is the calculations by label."""
        return Flow(self.jobs, output=self.outputs, name=name)

"""CHGNet as an ASE calculator that computes only what is asked for.

The calculator that comes with chgnet keeps the graph for second derivatives and computes
the stress at every step. Here one backward pass gives forces, and the stress if wanted, by
differentiating the energy with respect to fractional coordinates and lattice. Numbers too small
for full precision count as zero: at the edge of the cutoff the gradients are full of them, and
a processor takes a hundred times as long for each.
"""

import contextlib
import io
import warnings
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
import torch
from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes
from chgnet.model import CHGNet
from pymatgen.io.ase import AseAtomsAdaptor

from llo_dft.engines.potentials.crystal_graph import crystal_graph
from llo_dft.engines.potentials.message_layers import with_fewer_operations


@lru_cache(maxsize=2)
def load_model(model: str, device: str) -> CHGNet:
    """Return the pretrained model, loaded once a process; its weights come with the wheel."""
    with contextlib.redirect_stdout(io.StringIO()):
        loaded = CHGNet.load(model_name=model, use_device=device, verbose=False)
    for parameter in loaded.parameters():
        parameter.requires_grad_(requires_grad=False)
    return with_fewer_operations(loaded)


@contextlib.contextmanager
def _no_denormals() -> Iterator[None]:
    """Treat numbers below 1e-38 as zero in this thread, for the duration of the context."""
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)


class ChgnetCalculator(Calculator):
    """Energy, forces and moments, and with ``stress=True`` the stress.

    ``model`` is the name of the pretrained one, "r2scan" or "0.3.0"; only a relaxation of the cell
    needs the stress; ``device`` is "cpu", "cuda" or "mps".
    """

    name = "CHGNet"
    always: ClassVar[list[str]] = ["energy", "free_energy", "forces", "magmoms"]

    def __init__(self, *, model: str = "0.3.0", stress: bool = False, device: str = "cpu") -> None:
        super().__init__()
        self.implemented_properties = [*self.always, "stress"] if stress else self.always
        self._stress = stress
        self._model = load_model(model, device)
        self._device = device
        self.n_evaluations = 0

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: list[str] | None = None,
        system_changes: list[str] = all_changes,
    ) -> None:
        """Evaluate the model; results in eV, eV/A, eV/A^3 and Bohr magnetons."""
        super().calculate(atoms, properties, system_changes)
        self.n_evaluations += 1
        structure = AseAtomsAdaptor.get_structure(self.atoms)
        cutoffs = self._model.graph_converter
        graph = crystal_graph(structure, cutoffs.atom_graph_cutoff, cutoffs.bond_graph_cutoff).to(
            self._device
        )
        with warnings.catch_warnings(), _no_denormals():
            # chgnet makes a volume out of a lattice that requires a gradient; it is not used
            warnings.filterwarnings("ignore", message="Converting a tensor with requires_grad")
            prediction = self._model.forward([graph], task="em")
            scale = len(structure) if self._model.is_intensive else 1
            energy = prediction["e"].sum() * scale
            wanted = [graph.atom_frac_coord] + ([graph.lattice] if self._stress else [])
            gradients = torch.autograd.grad(energy, wanted)
        lattice = graph.lattice.detach().cpu().double().numpy()
        by_coordinate = gradients[0].cpu().double().numpy()
        total = float(energy.detach().cpu())
        self.results: dict[str, Any] = {
            "energy": total,
            "free_energy": total,
            "forces": -by_coordinate @ np.linalg.inv(lattice).T,
            "magmoms": prediction["m"][0].detach().cpu().double().numpy(),
        }
        if self._stress:
            by_strain = lattice.T @ gradients[1].cpu().double().numpy()
            tensor = 0.5 * (by_strain + by_strain.T) / abs(np.linalg.det(lattice))
            self.results["stress"] = tensor[[0, 1, 2, 1, 0, 0], [0, 1, 2, 2, 2, 1]]

"""CHGNet's layers, computed with fewer operations; the numbers are the same to rounding.

chgnet joins the features of the atoms and bonds of each angle into one row of 256 numbers and
multiplies all the rows. A slab of 47 atoms has 8,200 angles but 1,800 bonds, so here the features
of each atom and bond are multiplied before they are gathered: W [a, b] = W_a a + W_b b. The weight
of a bond that all terms of a sum share is taken out of the sum, and the last angle layer is
left out, whose result nobody reads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from chgnet.model import CHGNet
    from chgnet.model.functions import GatedMLP

    #: Features of atoms or bonds, and whose they are in each row; None: one for each row.
    Source = tuple[Tensor, Tensor | None]


class _Gated(nn.Module):
    """chgnet's ``GatedMLP`` of several sources."""

    def __init__(self, gated: GatedMLP, n_sources: int) -> None:
        super().__init__()
        self._gated = gated
        layers = [
            [layer for layer in branch.layers if isinstance(layer, nn.Linear)]
            for branch in (gated.mlp_core, gated.mlp_gate)
        ]
        weight = torch.cat([branch[0].weight for branch in layers])
        self._weights = [part.contiguous() for part in weight.chunk(n_sources, dim=1)]
        self._bias = torch.cat([branch[0].bias for branch in layers])
        self._further = [branch[1:] for branch in layers]

    def forward(self, *sources: Source) -> Tensor:
        total = self._bias
        for (features, rows), weight in zip(sources, self._weights, strict=True):
            product = nn.functional.linear(features, weight)
            if rows is not None:
                product = product.index_select(0, rows)
            total = product.add_(total)
        core, gate = total.chunk(2, dim=1)
        for of_core, of_gate in zip(*self._further, strict=True):
            core, gate = of_core(nn.functional.silu(core)), of_gate(nn.functional.silu(gate))
        norm_core, norm_gate = self._gated.bn1, self._gated.bn2
        return nn.functional.silu(norm_core(core)) * torch.sigmoid(norm_gate(gate))


class _AtomLayer(nn.Module):
    """chgnet's ``AtomConv``: atoms learn from their bonds."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self._gated, self._out = _Gated(layer.twoBody_atom, 3), layer.mlp_out

    def forward(
        self,
        atom_feas: Tensor,
        bond_feas: Tensor,
        bond_weights: Tensor,
        atom_graph: Tensor,
        directed2undirected: Tensor,
    ) -> Tensor:
        centers, neighbors = atom_graph.unbind(dim=1)
        messages = self._gated(
            (atom_feas, centers), (bond_feas, directed2undirected), (atom_feas, neighbors)
        )
        messages = messages * bond_weights.index_select(0, directed2undirected)
        total = torch.zeros_like(atom_feas).index_add_(0, centers, messages)
        return self._out(total) + atom_feas


class _BondLayer(nn.Module):
    """chgnet's ``BondConv``: bonds learn from their angles."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self._gated, self._out = _Gated(layer.twoBody_bond, 4), layer.mlp_out

    def forward(
        self,
        atom_feas: Tensor,
        bond_feas: Tensor,
        bond_weights: Tensor,
        angle_feas: Tensor,
        bond_graph: Tensor,
    ) -> Tensor:
        centers, one, other = bond_graph.unbind(dim=1)
        messages = self._gated(
            (bond_feas, one), (bond_feas, other), (angle_feas, None), (atom_feas, centers)
        )
        messages = messages * bond_weights.index_select(0, other)
        total = torch.zeros_like(bond_feas).index_add_(0, one, messages) * bond_weights
        return self._out(total) + bond_feas


class _AngleLayer(nn.Module):
    """chgnet's ``AngleUpdate``: angles learn from their two bonds and the atom between."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self._gated = _Gated(layer.twoBody_bond, 4)

    def forward(
        self, atom_feas: Tensor, bond_feas: Tensor, angle_feas: Tensor, bond_graph: Tensor
    ) -> Tensor:
        centers, one, other = bond_graph.unbind(dim=1)
        update = self._gated(
            (bond_feas, one), (bond_feas, other), (angle_feas, None), (atom_feas, centers)
        )
        return update + angle_feas


def with_fewer_operations(model: CHGNet) -> CHGNet:
    """Return the model, whose layers were replaced by those of this module.

    Raises ``ValueError`` if the model was made with other options than chgnet's own pretrained
    ones.
    """
    expected = {
        "update_bond": True,
        "update_angle": True,
        "non_linearity": "silu",
        "gMLP_norm": "layer",
        "conv_dropout": 0,
    }
    found = {name: model.model_args.get(name) for name in expected}
    if found != expected or model.model_args.get("conv_norm") is not None:
        raise ValueError(f"expected a pretrained model of chgnet with {expected}, got {found}")
    model.atom_conv_layers = nn.ModuleList(_AtomLayer(layer) for layer in model.atom_conv_layers)
    model.bond_conv_layers = nn.ModuleList(_BondLayer(layer) for layer in model.bond_conv_layers)
    *angles, _ = model.angle_layers
    model.angle_layers = nn.ModuleList([*(_AngleLayer(layer) for layer in angles), None])
    return model

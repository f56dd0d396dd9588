"""The replaced layers against chgnet's own; the calculator's test compares the whole model."""

import pytest

pytest.importorskip("chgnet", reason="the chgnet extra is not installed")

import torch
from chgnet.model import CHGNet

from llo_dft.engines.potentials.crystal_graph import crystal_graph
from llo_dft.engines.potentials.message_layers import with_fewer_operations

ROUNDING_EV_PER_ATOM = 2e-6
ROUNDING = 1e-4


@pytest.mark.parametrize("name", ["0.3.0", "r2scan"])
def test_energy_gradient_and_moments_of_each_model_stay_the_same(small_oxide, name):
    model = CHGNet.load(model_name=name, use_device="cpu", verbose=False)

    def prediction():
        graph = crystal_graph(small_oxide, 6.0, 3.0)
        found = model.forward([graph], task="em")
        gradient = torch.autograd.grad(found["e"].sum(), graph.atom_frac_coord)[0]
        return found["e"].item(), gradient, found["m"][0].detach()

    before = prediction()
    assert with_fewer_operations(model) is model
    energy, gradient, moments = prediction()
    assert energy == pytest.approx(before[0], abs=ROUNDING_EV_PER_ATOM)
    torch.testing.assert_close(gradient, before[1], atol=ROUNDING, rtol=0)
    torch.testing.assert_close(moments, before[2], atol=ROUNDING, rtol=0)


def test_a_model_of_other_layers_is_refused():
    model = CHGNet(update_angle=False, composition_model=None)
    with pytest.raises(ValueError, match=r"expected a pretrained model .*'update_angle': False"):
        with_fewer_operations(model)

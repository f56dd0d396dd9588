import pickle

from llo_dft.errors import CalculationError, InputError


def test_a_calculation_s_error_comes_out_of_a_worker_process_with_its_corrections():
    error = pickle.loads(pickle.dumps(CalculationError("not converged", ("ALGO = All",))))  # noqa: S301 (our own)
    assert (str(error), error.corrections) == ("not converged", ["ALGO = All"])


def test_what_the_user_can_mend_is_no_failure_of_a_calculation():
    assert issubclass(InputError, ValueError)
    assert not issubclass(CalculationError, InputError)

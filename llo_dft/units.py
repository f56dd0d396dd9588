"""Constants and conversions. Every other module takes its numbers from here.

Energies are in eV, lengths in angstrom, temperatures in kelvin and pressures in bar
throughout the package; a name says so where it could be doubted.
"""

from typing import Final

#: Boltzmann constant, eV/K (exact in the SI since 2019).
BOLTZMANN_EV_PER_K: Final = 8.617333262e-5

#: 1 eV per particle in kJ/mol (exact in the SI since 2019).
KJ_PER_MOL_PER_EV: Final = 96.48533212

#: Charge of one mole of electrons, C/mol (exact in the SI since 2019).
FARADAY_C_PER_MOL: Final = 96485.33212

#: 1 mAh in C.
C_PER_MAH: Final = 3.6

#: 1 eV/A^2 in J/m^2.
J_PER_M2_PER_EV_PER_A2: Final = 16.02176634

#: Bohr radius, angstrom (CODATA 2018).
BOHR_ANGSTROM: Final = 0.529177210903

#: 1 GPa in eV/A^3.
EV_PER_A3_PER_GPA: Final = 1 / 160.2176634

#: Standard pressure of the thermochemical tables, bar.
STANDARD_PRESSURE_BAR: Final = 1.0

#: Temperature to which tabulated formation enthalpies refer, K.
STANDARD_TEMPERATURE_K: Final = 298.15

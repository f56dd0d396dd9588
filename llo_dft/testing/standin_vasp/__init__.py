"""A stand-in for VASP: reads its inputs, writes its outputs, does no quantum mechanics.

It takes every path that VASP takes around its inputs and outputs: it stops where VASP stops,
relaxes where VASP relaxes, and fails in VASP's ways where it is told to (``settings``). Energies
come from a cheap pair potential, or from CHGNet on request. The electronic structure is made of
levels of atoms: it hangs together (occupations, densities of states and charge all add up to the
number of electrons) and means nothing.

Every file it writes holds the mark of ``llo_dft.engines.vasp.files.file_errors``.
"""

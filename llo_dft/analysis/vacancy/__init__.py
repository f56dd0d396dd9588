"""Formation energies of oxygen vacancies, and where they cross zero."""

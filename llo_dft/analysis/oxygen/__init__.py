"""The oxygen reservoir: chemical potential, correction schemes, the gas."""

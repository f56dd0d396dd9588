"""llo-dft analyze: one module a subcommand."""

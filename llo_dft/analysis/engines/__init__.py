"""One study by several engines, compared."""
